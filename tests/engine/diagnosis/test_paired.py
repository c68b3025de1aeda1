"""Epochs are compared sample by sample."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from fitmon.engine.arrays import Saved, under
from fitmon.engine.diagnosis.paired import PairedLosses
from fitmon.engine.errors import DataError

Epochs = npt.NDArray[np.float32]


def _fed(paired: PairedLosses, validation: Epochs, training: Epochs, first: int = 1) -> list[dict[str, float]]:
    sides = zip(validation, training, strict=True)
    return [paired.update(epoch, *both) for epoch, both in enumerate(sides, start=first)]


def _losses(epochs: int, samples: int = 50, seed: int = 0) -> Epochs:
    return np.random.default_rng(seed).random((epochs, samples), dtype=np.float32)


def test_the_last_window_is_compared_with_the_best_and_with_the_one_before() -> None:
    losses = _losses(9)
    losses[3:6] -= 1
    found = _fed(PairedLosses(), losses, 2 * losses)[-1]
    apart = losses[6:].mean(axis=0) - losses[3:6].mean(axis=0)
    assert found["best_epoch"] == 5
    assert found["validation_since_best"] == pytest.approx(apart.mean(), rel=1e-4)
    assert found["validation_since_best_error"] == pytest.approx(apart.std(ddof=1) / np.sqrt(50), rel=1e-4)
    assert found["training_since_best"] == pytest.approx(2 * apart.mean(), rel=1e-4)
    assert found["validation_lately"] == found["validation_since_best"]
    assert float(f"{found['training_lately']:.6g}") == found["training_lately"]


def test_what_samples_have_in_common_between_epochs_is_no_noise() -> None:
    """A rise of the same size in every sample is known exactly, however far apart the samples are."""
    levels = np.arange(40, dtype=np.float32)
    losses = levels + np.linspace(0, 1, 8, dtype=np.float32)[:, None]
    assert _fed(PairedLosses(), losses, losses)[-1]["validation_since_best_error"] < 1e-6


def test_windows_that_overlap_are_not_compared() -> None:
    falling = np.linspace(1, 0, 8, dtype=np.float32)[:, None] + np.zeros(5, np.float32)
    for found in _fed(PairedLosses(), falling, falling):
        assert "validation_since_best" not in found


def test_a_resumed_run_finds_the_same() -> None:
    losses, training = _losses(20), _losses(20, samples=30, seed=1)
    whole = _fed(PairedLosses(), losses, training)
    for stop in (0, 1, 4, 12):
        paired, again = PairedLosses(), PairedLosses()
        _fed(paired, losses[:stop], training[:stop])
        again.restore(Saved(under("paired", paired.arrays()), "paired"))
        assert _fed(again, losses[stop:], training[stop:], first=stop + 1) == whole[stop:]


def test_a_checkpoint_of_something_else_is_refused_and_nothing_changes() -> None:
    paired, losses = PairedLosses(), _losses(8)
    _fed(paired, losses, losses)
    arrays = under("paired", paired.arrays()) | {"paired/validation/best": np.zeros(3)}
    with pytest.raises(DataError, match="best"):
        paired.restore(Saved(arrays, "paired"))
    assert paired.update(9, losses[0], losses[0])["best_epoch"] >= 1


def test_an_error_names_the_diagnosis_as_what_is_damaged() -> None:
    saved = Saved({"diagnosis/paired/best_end": np.zeros(2)}, "diagnosis").part("paired")
    with pytest.raises(
        DataError, match=r"about the diagnosis is damaged: expected 'diagnosis/paired/best_end' as int64"
    ):
        PairedLosses().restore(saved)


@pytest.mark.filterwarnings("error")
def test_nan_samples_disable_the_comparison() -> None:
    losses = _losses(12)
    losses[4, 3], losses[5, 2] = np.nan, np.inf
    found = _fed(PairedLosses(), losses, losses)
    assert "validation_lately" not in found[5]
    assert "validation_lately" in found[-1]
    assert all(np.isfinite(value) for each in found for value in each.values())


def test_where_nothing_is_scored_nothing_is_said() -> None:
    paired = PairedLosses()
    assert not any(paired.update(epoch, None, None) for epoch in range(1, 9))
