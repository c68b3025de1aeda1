"""A run folder that fitmon 0.1.0 wrote is listed, viewed and resumed.

The process was killed in epoch 8 of branch 2, which a rewind to epoch 3 started; it kept a checkpoint every three
epochs.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from fitmon.cli.main import main
from fitmon.engine.attach.open import open_run
from fitmon.engine.attach.recorded import RecordedRun
from fitmon.engine.checkpoints.checkpoint import read_checkpoint, read_replay
from fitmon.engine.checkpoints.find import kept_epochs
from fitmon.engine.commands import SetKnob
from fitmon.engine.events import RunEnded, RunFailed, RunResumed
from fitmon.engine.runs.replay import replay_journal
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.run_status import RunState, run_status
from fitmon.engine.runs.runs import Runs

WRITTEN_BY_0_1_0 = Path(__file__).parents[2] / "data" / "run_written_by_0.1.0.tar.gz"
PATIENCE_SECONDS = 60


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Return the run's folder, the only one in its parent."""
    with tarfile.open(WRITTEN_BY_0_1_0) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = Runs(tmp_path).newest_first()
    return folder


def test_it_is_listed_as_crashed_in_its_last_epoch(folder: RunFolder) -> None:
    status = run_status(folder)
    assert (status.name, status.id, status.job) == ("iris-2026-11-27-1", "497cfb3e", "iris")
    assert (status.state, status.epoch, status.epochs) == (RunState.CRASHED, 8, 9)
    assert status.metrics["val_loss"] == pytest.approx(1.2268567)
    assert not folder.finished()


def test_it_is_viewed_as_its_journal_and_last_checkpoint_say(folder: RunFolder) -> None:
    run = open_run(folder)
    assert isinstance(run, RecordedRun)
    run.start()
    assert run.join(PATIENCE_SECONDS)
    snapshot = run.snapshot()
    assert isinstance(snapshot.ending, RunFailed)
    assert (snapshot.branch.number, snapshot.branch.parent, snapshot.branch.from_epoch) == (2, 1, 3)
    assert [(left.number, left.epochs_done) for left in snapshot.other_branches] == [(1, 5)]
    assert (snapshot.epochs_done, snapshot.epoch, snapshot.epochs) == (7, 8, 9)
    receipts = [(receipt.knob, receipt.epoch, receipt.previous, receipt.value) for receipt in snapshot.receipts]
    assert receipts == [("learning_rate", 3, 0.0005, 0.001), ("learning_rate", 4, 0.001, 0.002)]
    assert snapshot.metrics["val_loss"].epochs.tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert snapshot.observation is not None
    assert (snapshot.observation.epoch, len(snapshot.observation.scores)) == (6, 30)


def test_its_checkpoints_still_have_the_changes_that_were_pending(folder: RunFolder) -> None:
    paths = kept_epochs(folder)
    assert {branch: sorted(epochs) for branch, epochs in paths.items()} == {1: [0, 3], 2: [3, 6]}
    waiting = {branch: read_checkpoint(epochs[3]).facts.waiting for branch, epochs in paths.items()}
    assert waiting[1] == (SetKnob(knob="epochs", value=10, epoch=9),)
    assert waiting[2] == (SetKnob(knob="learning_rate", value=0.002, epoch=4),)
    assert read_replay(folder.checkpoints_path) is not None


@pytest.mark.slow
def test_it_is_resumed_to_its_end(folder: RunFolder) -> None:
    assert main(["resume", folder.name, "--run-dir", str(folder.path.parent), "--plain"]) == 0
    replayed = replay_journal(folder)
    snapshot = replayed.record.snapshot()
    assert not replayed.problems
    assert snapshot.ending == RunEnded(reason="all epochs done", epochs_done=9, completed=True)
    assert isinstance(snapshot.resumed, RunResumed)
    assert (snapshot.resumed.epochs_done, snapshot.resumed.step) == (6, 0)
    assert (snapshot.branch.number, snapshot.epochs_done, snapshot.epochs) == (2, 9, 9)
    assert len(snapshot.receipts) == 2
    assert folder.finished()
