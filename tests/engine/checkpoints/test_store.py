"""A store writes into the current branch, and loads the epoch to rewind to."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from fitmon.engine.checkpoints import checkpoint
from fitmon.engine.checkpoints.checkpoint import read_replay
from fitmon.engine.checkpoints.find import kept_epochs
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.checkpoints.store import CheckpointStore, ReplayStretch
from fitmon.engine.errors import UsageError
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.checkpoints.states import names_in, state_of


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


@pytest.fixture
def store(folder: RunFolder) -> Iterator[CheckpointStore]:
    store = CheckpointStore(folder, policy=CheckpointPolicy())
    yield store
    store.close()


def test_an_epoch_is_loaded_from_the_branch_that_trained_it(store: CheckpointStore) -> None:
    for epoch in range(4):
        store.put(state_of(epochs_done=epoch, weights=[1.0]))
    assert store.begin_branch(parent=1, epoch=2) == 2
    store.put(state_of(epochs_done=3, weights=[2.0]))
    assert store.begin_branch(parent=2, epoch=3) == 3
    found = {(epoch, branch): store.load(epoch, branch) for epoch, branch in ((1, 3), (3, 3), (3, 2), (3, 1), (2, 2))}
    assert {place: owner for place, (owner, _) in found.items()} == {
        (1, 3): 1, (3, 3): 2, (3, 2): 2, (3, 1): 1, (2, 2): 1,
    }  # fmt: skip
    weights = {place: float(state.variables["weights"][0]) for place, (_, state) in found.items()}
    assert (weights[3, 3], weights[3, 1]) == (2.0, 1.0)


def test_an_epoch_without_a_checkpoint_is_rejected_with_those_nearby(store: CheckpointStore) -> None:
    for epoch in (0, 4, 5, 9):
        store.put(state_of(epochs_done=epoch))
    with pytest.raises(UsageError, match=r"Epoch 6 of branch 1 has no checkpoint\. Epochs nearby with one: 4, 5, 9\."):
        store.load(6)


def test_on_a_nearly_full_disk_a_checkpoint_replaces_the_replay(
    folder: RunFolder, store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = {"bytes": 10**9}

    def statvfs(_path: Path) -> SimpleNamespace:
        taken = (folder.checkpoints_path / checkpoint.REPLAY_NAME).exists()
        return SimpleNamespace(f_blocks=1, f_frsize=1, f_bavail=0 if taken and not free["bytes"] else 10**9)

    monkeypatch.setattr("os.statvfs", statvfs)
    state = state_of(epochs_done=1, weights=np.zeros(8))
    store.put_stretch(ReplayStretch(state, state_of(epochs_done=1, step=2, weights=np.ones(8))))
    assert store.flush()
    free["bytes"] = 0
    store.put(state)
    assert store.flush()
    assert store.trouble == ""
    assert 1 in kept_epochs(folder)[1]
    assert names_in(folder.checkpoints_path) == ["branch-1"]


def test_a_file_system_that_cannot_flush_folders_is_no_trouble_and_old_checkpoints_are_deleted(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some network file systems answer EINVAL; every checkpoint was then reported as failed and none deleted."""
    real_fsync = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        real_fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    store = CheckpointStore(folder, policy=CheckpointPolicy(kept_bytes=0))
    for epoch in range(5):
        store.put(state_of(epochs_done=epoch))
    store.put_stretch(ReplayStretch(state_of(epochs_done=4), state_of(epochs_done=4, step=2)))
    assert store.close()
    assert store.trouble == ""
    assert sorted(kept_epochs(folder)[1]) == [1, 3, 4], "the best epoch and the last two"
    assert read_replay(folder.checkpoints_path) is not None


def test_what_else_cannot_be_written_is_trouble_too(folder: RunFolder) -> None:
    store = CheckpointStore(folder, policy=CheckpointPolicy(), other_trouble=lambda: "The journal is lost.")
    assert store.trouble == "The journal is lost."
    store.close()
