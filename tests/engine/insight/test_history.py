"""Each sample's curve over the epochs, in bounded memory."""

import numpy as np
import pytest

from fitmon.engine.insight import history as module
from fitmon.engine.insight.history import SampleHistory
from fitmon.engine.insight.scores import SampleScores, score_probabilities


def scores_at(epoch: int, samples: int = 3) -> SampleScores:
    return score_probabilities(np.full(samples, epoch / 1000, np.float32), np.ones(samples, np.int64))


def test_a_sample_has_the_probability_and_the_loss_of_each_epoch() -> None:
    history = SampleHistory(2)
    for epoch, (first, second) in enumerate([(0.25, 0.5), (0.75, 0.125)]):
        scores = score_probabilities(np.array([first, second], np.float32), np.array([1, 0]))
        history.append(scores, epoch)
    curve = history.snapshot().of(1)
    assert curve.epochs == (0, 1)
    assert curve.probability_true == (0.5, 0.875)
    assert all(np.isnan(curve.losses))


def test_the_number_of_kept_epochs_is_bounded_and_the_newest_is_always_there() -> None:
    history = SampleHistory(3)
    for epoch in range(3001):
        history.append(scores_at(epoch), epoch)
        snapshot = history.snapshot()
        assert len(snapshot.epochs) <= module.MAX_EPOCHS
        assert snapshot.epochs[-1] == epoch
    kept = snapshot.epochs
    assert len(kept) > module.MAX_EPOCHS / 3
    assert kept[0] == 1
    distances = set(np.diff(kept[:-1]).tolist())
    assert len(distances) == 1, "the epochs stand at even distances"


def test_a_million_samples_keep_few_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BYTES", 100 * module.BYTES_PER_POINT * module.MIN_EPOCHS)
    history = SampleHistory(100)
    for epoch in range(1, 50):
        history.append(scores_at(epoch, 100), epoch)
    assert len(history.snapshot().epochs) <= module.MIN_EPOCHS


def test_a_repeated_epoch_replaces_the_later_ones() -> None:
    history = SampleHistory(1)
    for epoch in (1, 2, 3, 2):
        history.append(scores_at(epoch, 1), epoch)
    assert history.snapshot().epochs == (1, 2)


def test_an_earlier_snapshot_does_not_change() -> None:
    history = SampleHistory(1)
    history.append(scores_at(1, 1), 1)
    early = history.snapshot()
    history.append(scores_at(2, 1), 2)
    assert early.epochs == (1,)
    assert not early.probability_true[0].flags.writeable
