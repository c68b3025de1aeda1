"""The last two and the best are kept, and of other epochs as many as fit the budget, evenly spaced."""

from __future__ import annotations

from pathlib import Path

import pytest

from fitmon.engine.checkpoints.retention import StoredCheckpoint, to_delete


def _at(epochs_done: int, step: int = 0, size: int = 10) -> StoredCheckpoint:
    return StoredCheckpoint(epochs_done=epochs_done, step=step, bytes=size, folder=Path("checkpoints"))


ROWS = [
    pytest.param([], 0, None, [], id="nothing"),
    pytest.param([_at(1), _at(2)], 0, None, [], id="the last two stay whatever the budget is"),
    pytest.param([_at(1), _at(2), _at(3)], 0, None, [_at(1)], id="no budget"),
    pytest.param([_at(1), _at(2), _at(3)], 0, 1, [], id="the best stays whatever the budget is"),
    pytest.param([_at(1), _at(2), _at(3), _at(4)], 40, None, [], id="all fit exactly"),
    pytest.param([_at(1), _at(2), _at(3), _at(4)], 39, None, [_at(1)], id="a byte too many"),
    pytest.param([_at(n) for n in range(1, 7)], 40, None, [_at(1), _at(3)], id="odd epochs first, oldest first"),
    pytest.param([_at(n) for n in range(1, 9)], 40, None, [_at(1), _at(3), _at(5), _at(2)], id="then every second"),
    pytest.param([_at(1, 5), _at(2), _at(2, 5), _at(3), _at(3, 5)], 100, None, [_at(1, 5), _at(2, 5)], id="mid-epoch"),
    pytest.param([_at(2, 5), _at(2), _at(3), _at(4)], 100, 2, [_at(2, 5)], id="only the end of the best epoch is best"),
    pytest.param([_at(0), _at(1), _at(2), _at(3)], 25, None, [_at(1), _at(0)], id="the start goes last"),
    pytest.param([_at(3), _at(1, size=500), _at(2), _at(4)], 40, None, [_at(1, size=500)], id="sizes differ, unsorted"),
]


@pytest.mark.parametrize(("stored", "budget", "best", "expected"), ROWS)
def test_which_checkpoints_are_deleted(
    stored: list[StoredCheckpoint], budget: int, best: int | None, expected: list[StoredCheckpoint]
) -> None:
    assert to_delete(stored, budget_bytes=budget, best_epoch=best) == expected


def test_over_a_long_run_what_is_kept_is_evenly_spaced_and_fits() -> None:
    """Decided at every epoch, as in a run, among those that earlier decisions kept."""
    kept: list[StoredCheckpoint] = []
    for epoch in range(1, 1001):
        kept.append(_at(epoch))
        gone = to_delete(kept, budget_bytes=200, best_epoch=137)
        kept = [checkpoint for checkpoint in kept if checkpoint not in gone]
    epochs = [checkpoint.epochs_done for checkpoint in kept]
    assert sum(checkpoint.bytes for checkpoint in kept) <= 200
    assert len(epochs) == 20
    assert {137, 999, 1000} <= set(epochs)
    even = [epoch for epoch in epochs if epoch not in (137, 999, 1000)]
    assert {later - earlier for earlier, later in zip([0, *even], even, strict=False)} <= {32, 64}
