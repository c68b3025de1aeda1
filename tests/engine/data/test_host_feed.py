"""Arrays that do not fit on the device give the same bits as those that do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.commands import SetKnob
from fitmon.engine.data import choose_feed as feeds
from tests.engine.data.batches import BATCH_SIZE, TABLE, WEIGHTS, build, watched_on
from tests.engine.watching import Watched

pytestmark = pytest.mark.slow


def _run(x: Any) -> Watched:
    """Train with a batch size that changes at the second epoch."""
    change = SetKnob("batch_size", 24, epoch=2)
    return watched_on(build, change, epochs=2, x=x, y=TABLE.y, sample_weight=WEIGHTS).run()


@cache
def _on_the_device() -> Watched:
    return _run(TABLE.x)


@pytest.fixture
def through_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    _on_the_device()
    monkeypatch.setattr(feeds, "fits_on_device", lambda _nbytes: False)


def _assert_as_on_the_device(hosted: Watched) -> None:
    resident = _on_the_device()
    metrics = [[event.metrics for event in watched.all(events.EpochEnded)] for watched in (hosted, resident)]
    assert metrics[0] == metrics[1]
    assert all(np.array_equal(a, b) for a, b in zip(hosted.state(), resident.state(), strict=True))


def _as_memmap(tmp_path: Path) -> Any:
    path = tmp_path / "x.npy"
    np.save(path, TABLE.x)
    return np.load(path, mmap_mode="r")


@pytest.mark.usefixtures("through_the_host")
@pytest.mark.parametrize("make_x", [lambda _: TABLE.x.astype(np.float64), _as_memmap], ids=["array", "memmap"])
def test_arrays_too_large_for_the_device_give_the_same_bits_through_the_host(
    make_x: Callable[[Path], Any], tmp_path: Path
) -> None:
    hosted = _run(make_x(tmp_path))

    _assert_as_on_the_device(hosted)
    assert "too large" in hosted.one(events.RunStarted).notes[-1]
    assert hosted.one(events.KnobApplied).value == 24
    started = [watched.one(events.RunStarted) for watched in (hosted, _on_the_device())]
    assert started[0].training_samples == started[1].training_samples == 100
    assert started[0].steps == started[1].steps == 7


class _File:
    """An array in a file, like one of h5py: it gives rows only in ascending order, and records the requests."""

    shape, dtype, nbytes = TABLE.x.shape, TABLE.x.dtype, TABLE.x.nbytes

    def __init__(self) -> None:
        self.requested: list[Any] = []

    def __len__(self) -> int:
        return len(TABLE.x)

    def __getitem__(self, rows: Any) -> Any:
        assert list(rows) == sorted(rows)
        self.requested.append(rows)
        return TABLE.x[rows]

    def read_direct(self) -> None:
        """Only h5py has this."""


@pytest.mark.usefixtures("through_the_host")
def test_of_an_array_in_a_file_only_the_rows_of_a_batch_are_read_at_a_time() -> None:
    file = _File()
    _assert_as_on_the_device(_run(file))
    requested = Counter(len(rows) for rows in file.requested)
    assert requested.pop(100) == 1, "the training subset, which is all of them here, is read once"
    assert requested.keys() == {1, BATCH_SIZE, 100 % BATCH_SIZE, 24, 100 % 24}
