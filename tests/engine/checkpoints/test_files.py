"""What is kept of a run's checkpoints fits its room, over all branches; what must stay stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fitmon.engine.checkpoints.files import CheckpointFiles
from fitmon.engine.checkpoints.state import State
from fitmon.engine.checkpoints.store import kept_epochs
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.checkpoints.states import names_in, state_of

KILOBYTES = 40


def _state(epochs_done: int, step: int = 0) -> State:
    return state_of(epochs_done=epochs_done, step=step, weights=np.zeros(KILOBYTES * 128, np.float64))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


def _bytes_in(folder: RunFolder) -> int:
    return sum(path.stat().st_size for path in folder.checkpoints_path.rglob("*.checkpoint"))


def test_as_long_as_there_is_room_every_epoch_stays_and_those_inside_one_go(folder: RunFolder) -> None:
    shelf = CheckpointFiles(folder, 10**9)
    for epoch in range(6):
        shelf.put(_state(epoch), 1, {})
        shelf.put(_state(epoch, step=5), 1, {})
    assert sorted(kept_epochs(folder)[1]) == [0, 1, 2, 3, 4, 5]
    assert names_in(folder.branch_path(1))[-1] == "epoch-000005-step-00000005.checkpoint"
    assert len(names_in(folder.branch_path(1))) == 7


def test_the_room_is_never_used_up_and_start_best_and_last_stay(folder: RunFolder) -> None:
    room = 10 * 1024 * 60
    shelf = CheckpointFiles(folder, room)
    for epoch in range(40):
        shelf.put(_state(epoch), 1, {1: 13})
        assert _bytes_in(folder) <= room
    assert {0, 13, 38, 39} <= set(kept_epochs(folder)[1])


def test_branches_share_the_room_and_a_shelf_of_another_process_knows_them(folder: RunFolder) -> None:
    room = 10 * 1024 * 60
    first = CheckpointFiles(folder, room)
    for epoch in range(10):
        first.put(_state(epoch), 1, {})
    second = CheckpointFiles(folder, room)
    for epoch in range(4, 12):
        second.put(_state(epoch), 2, {1: 3})
        assert _bytes_in(folder) <= room
    kept = kept_epochs(folder)
    assert {0, 3, 8, 9} <= set(kept[1])
    assert {10, 11} <= set(kept[2])


def test_an_epoch_that_is_written_again_counts_once(folder: RunFolder) -> None:
    room = 4 * 1024 * 60
    shelf = CheckpointFiles(folder, room)
    for _ in range(20):
        shelf.put(_state(1), 1, {})
    shelf.put(_state(2), 1, {})
    shelf.put(_state(3), 1, {})
    assert sorted(kept_epochs(folder)[1]) == [1, 2, 3]
