"""The checkpoints of all branches of a run fit its budget; the ones that must be kept are kept."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest

from fitmon.engine.checkpoints.find import kept_epochs
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.checkpoints.state import TrainingState
from fitmon.engine.checkpoints.store import CheckpointStore
from fitmon.engine.record.branch import BestEpoch
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.checkpoints.states import names_in, state_of

KILOBYTES = 40


def _state(epochs_done: int, step: int = 0, *, best: int | None = None) -> TrainingState:
    state = state_of(epochs_done=epochs_done, step=step, weights=np.zeros(KILOBYTES * 128, np.float64))
    best_epoch = None if best is None else BestEpoch(epoch=best, metric="val_loss", value=0.3)
    return TrainingState(
        msgspec.structs.replace(state.facts, best=best_epoch), state.knobs, state.random, state.variables
    )


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


@contextmanager
def _store(folder: RunFolder, kept_bytes: int) -> Iterator[CheckpointStore]:
    store = CheckpointStore(folder, policy=CheckpointPolicy(kept_bytes=kept_bytes))
    yield store
    assert store.close()
    assert store.trouble == ""


def _bytes_in(folder: RunFolder) -> int:
    return sum(path.stat().st_size for path in folder.checkpoints_path.rglob("*.checkpoint"))


def test_within_the_budget_every_epoch_is_kept_and_those_inside_one_are_deleted(folder: RunFolder) -> None:
    with _store(folder, 10**9) as store:
        for epoch in range(6):
            store.put(_state(epoch))
            store.put(_state(epoch, step=5))
    assert sorted(kept_epochs(folder)[1]) == [0, 1, 2, 3, 4, 5]
    assert names_in(folder.branch_path(1))[-1] == "epoch-000005-step-00000005.checkpoint"
    assert len(names_in(folder.branch_path(1))) == 7


def test_the_budget_is_never_exceeded_and_start_best_and_last_are_kept(folder: RunFolder) -> None:
    budget = 10 * 1024 * 60
    with _store(folder, budget) as store:
        for epoch in range(40):
            store.put(_state(epoch, best=13), wait_seconds=30)
            assert _bytes_in(folder) <= budget
    assert {0, 13, 38, 39} <= set(kept_epochs(folder)[1])


def test_branches_share_the_budget_and_another_process_counts_what_it_finds(folder: RunFolder) -> None:
    budget = 10 * 1024 * 60
    with _store(folder, budget) as first:
        for epoch in range(10):
            first.put(_state(epoch, best=3))
    with _store(folder, budget) as second:
        second.put(_state(9, best=3))
        second.begin_branch(parent=1, epoch=3)
        for epoch in range(4, 12):
            second.put(_state(epoch), wait_seconds=30)
            assert _bytes_in(folder) <= budget
    kept = kept_epochs(folder)
    assert {0, 3, 8, 9} <= set(kept[1])
    assert {10, 11} <= set(kept[2])


def test_an_epoch_that_is_written_again_counts_once(folder: RunFolder) -> None:
    with _store(folder, 4 * 1024 * 60) as store:
        for _ in range(20):
            store.put(_state(1))
        store.put(_state(2))
        store.put(_state(3))
    assert sorted(kept_epochs(folder)[1]) == [1, 2, 3]
