"""A run in another process, as a screen sees it: while the process runs, when it ends, and when the run is over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from fitmon.engine import events
from fitmon.engine.attach import client
from fitmon.engine.attach.open import open_run
from fitmon.engine.attach.recorded import RecordedRun
from fitmon.engine.attach.remote_run import NO_ANSWER, RemoteRun
from fitmon.engine.attach.server import RunServer
from fitmon.engine.checkpoints.checkpoint import write_checkpoint
from fitmon.engine.commands import Pause, SetKnob
from fitmon.engine.errors import RunInUseError
from fitmon.engine.events import Phase, RunEnded, RunFailed
from fitmon.engine.job import Settings
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.journal_line import CommandReceived
from fitmon.engine.runs.journal_reader import read_journal
from fitmon.engine.runs.lock import RunLock, holder_of
from fitmon.engine.runs.private_files import make_private_folders
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from tests.engine.attach.same import assert_same, same
from tests.engine.attach.served_run import Scorer, ServedRun, epoch_events, samples_loaded, started, story
from tests.engine.attach.test_server import PATIENCE_SECONDS, until
from tests.engine.checkpoints.states import state_of

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


@dataclass
class Elsewhere:
    """A process that owns a run."""

    folder: RunFolder
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def elsewhere(folder: RunFolder) -> Iterator[Elsewhere]:
    command = [sys.executable, "-m", "tests.engine.attach.run_to_be_killed", str(folder.path)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == b"here\n"
    yield Elsewhere(folder, process)
    process.kill()
    process.stdin.close()
    process.stdout.close()
    process.wait()


def attached_to(folder: RunFolder, *, read_only: bool = False) -> RemoteRun:
    """A run in another process, once its first snapshot has arrived."""
    run = open_run(folder, read_only=read_only)
    assert isinstance(run, RemoteRun)
    run.start()
    until(lambda: run.snapshot().started is not None)
    return run


def test_a_run_in_another_process_is_shown_and_steered(elsewhere: Elsewhere) -> None:
    run = attached_to(elsewhere.folder)
    assert run.snapshot().epochs_done == 2
    run.send(SetKnob(knob="learning_rate", value=1e-4))
    until(lambda: (knob := run.snapshot().knob("learning_rate")) is not None and knob.pending == 1e-4)
    *_, received = read_journal(elsewhere.folder.journal_path)
    command = SetKnob(knob="learning_rate", value=1e-4)
    assert received == CommandReceived(command=command, by=f"attach, process {os.getpid()}")
    assert not run.join(0)
    run.close()


def test_a_run_whose_process_is_killed_shows_its_record_and_that_it_crashed(elsewhere: Elsewhere) -> None:
    run = attached_to(elsewhere.folder)
    until(lambda: run.snapshot().observation is not None)
    before = run.snapshot()
    elsewhere.kill()
    assert run.join(PATIENCE_SECONDS)
    after = run.snapshot()
    assert isinstance(after.ending, RunFailed)
    assert f"fitmon resume {elsewhere.folder.name}" in after.ending.message
    assert after.phase is Phase.FAILED
    assert after.version > before.version
    # The journal has no samples; the viewer does.
    assert after.samples is before.samples is not None
    assert after.observation is before.observation is not None
    assert_same(after.metrics["val_loss"], before.metrics["val_loss"])


def test_a_run_whose_process_was_killed_before_shows_its_record(elsewhere: Elsewhere) -> None:
    elsewhere.kill()
    run = open_run(elsewhere.folder)
    assert isinstance(run, RecordedRun)
    assert run.read_only
    run.start()
    run.send(Pause())
    assert run.join(PATIENCE_SECONDS)
    assert run.snapshot().epochs_done == 2
    assert isinstance(run.snapshot().ending, RunFailed)


def test_a_stopped_process_is_shown_as_not_answering_until_it_answers(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "ANSWER_SECONDS", 0.2)
    run = attached_to(elsewhere.folder)
    elsewhere.process.send_signal(signal.SIGSTOP)
    until(lambda: run.snapshot().phase_detail == NO_ANSWER)
    assert not run.snapshot().over
    elsewhere.process.send_signal(signal.SIGCONT)
    until(lambda: run.snapshot().phase_detail == "")
    run.close()


def test_a_disconnected_viewer_reconnects(folder: RunFolder) -> None:
    served = ServedRun().tell(started())
    with RunLock(folder), RunServer(folder.socket_path, served, idle_seconds=0.1):
        run = attached_to(folder)
        for epoch in range(1, 4):
            served.epochs(epoch, epoch)
            until(lambda epoch=epoch: run.snapshot().epochs_done == epoch)  # type: ignore[misc]
        assert_same(run.snapshot(), served.snapshot())
        run.close()


def test_a_read_only_viewer_sends_no_commands(folder: RunFolder) -> None:
    served = ServedRun().tell(started())
    with RunLock(folder), RunServer(folder.socket_path, served):
        run = attached_to(folder, read_only=True)
        assert run.read_only
        run.send(Pause())
        served.epochs(1, 1)
        until(lambda: run.snapshot().epochs_done == 1)
        run.close()
    assert served.requests.empty()


def test_a_run_that_is_over_may_be_rewound_while_it_is_viewed(folder: RunFolder) -> None:
    served = ServedRun().tell(started()).epochs(1, 3)
    served.tell(events.RunEnded(reason="all epochs done", epochs_done=3, completed=True))
    with RunLock(folder), RunServer(folder.socket_path, served):
        run = attached_to(folder)
        assert run.join(PATIENCE_SECONDS)
        served.tell(events.BranchStarted(branch=2, parent=1, epoch=1, knobs={}), *epoch_events(2))
        until(lambda: not run.snapshot().over)
        until(lambda: same(run.snapshot(), served.snapshot()))
        run.close()


def test_before_the_first_answer_there_is_an_empty_snapshot(folder: RunFolder) -> None:
    with RunLock(folder), RunServer(folder.socket_path, ServedRun().tell(started())):
        run = open_run(folder)
        assert run.snapshot().started is None
        assert not run.snapshot().over
        assert isinstance(run, RemoteRun)
        run.close()


def test_attaching_waits_for_a_run_that_has_just_started(folder: RunFolder) -> None:
    served = ServedRun().tell(started())
    with RunLock(folder):
        opened: list[RemoteRun | RecordedRun] = []
        opening = threading.Thread(target=lambda: opened.append(open_run(folder)))
        opening.start()
        with RunServer(folder.socket_path, served):
            opening.join(PATIENCE_SECONDS)
    run = opened[0]
    assert isinstance(run, RemoteRun)
    run.close()


def test_a_run_in_use_that_cannot_be_reached_is_not_shown(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "START_SECONDS", 0.1)
    with RunLock(folder), pytest.raises(RunInUseError, match=f"process {os.getpid()}"):
        open_run(folder)


def test_a_finished_run_is_shown_as_it_ended(folder: RunFolder) -> None:
    told = [started(), samples_loaded(), *epoch_events(1), *epoch_events(2)]
    told.append(events.RunEnded(reason="all epochs done", epochs_done=2, completed=True))
    journal = JournalWriter(folder.journal_path)
    for event in told:
        journal.event(event)
    journal.close()
    run = open_run(folder)
    assert not run.snapshot().over
    run.start()
    assert run.join(PATIENCE_SECONDS)
    live = ServedRun().tell(*told).snapshot()
    assert run.snapshot().ending == live.ending == RunEnded(reason="all epochs done", epochs_done=2, completed=True)
    assert_same(run.snapshot().metrics, live.metrics)
    assert run.snapshot().knobs == live.knobs


@pytest.mark.parametrize("classes", [2, 3])
def test_the_record_has_all_branches_and_receipts(folder: RunFolder, classes: int) -> None:
    journal = JournalWriter(folder.journal_path)
    for event in story(classes):
        journal.event(event)
    journal.close()
    run = open_run(folder)
    run.start()
    assert run.join(PATIENCE_SECONDS)
    live = ServedRun().tell(*story(classes)).snapshot()
    names = ("version", "samples", "observation", "chunks", "past_chunks")
    fixed = {name: getattr(live, name) for name in names}
    assert_same(replace(run.snapshot(), **fixed), live)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_record_shows_what_the_last_checkpoint_has_of_each_sample(tmp_path: Path, classes: int) -> None:
    settings = Settings(epochs=10, batch_size=64, learning_rate=1e-3, units=())
    folder = Runs(tmp_path).create(job="mnist", settings=settings, name="digits")
    scorer = Scorer(classes)
    told = [started(), *(event for epoch in range(1, 6) for event in epoch_events(epoch, scorer.scored(epoch)))]
    journal = JournalWriter(folder.journal_path)
    for event in told:
        journal.event(event)
    journal.close()
    make_private_folders(folder.branch_path(1))
    write_checkpoint(folder.branch_path(1), replace(state_of(epochs_done=5), others=scorer.observer.arrays()))
    run = open_run(folder)
    run.start()
    assert run.join(PATIENCE_SECONDS)
    observation = run.snapshot().observation
    assert observation is not None
    assert_same(observation, ServedRun().tell(*told).snapshot().observation)
    assert isinstance(run.snapshot().ending, RunFailed)


def test_a_run_without_a_journal_is_over_and_says_why(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "START_SECONDS", 0.1)
    run = open_run(folder)
    run.start()
    assert run.join(PATIENCE_SECONDS)
    ending = run.snapshot().ending
    assert isinstance(ending, RunFailed)
    assert "cannot be read" in ending.message
    assert holder_of(folder) is None


@pytest.mark.parametrize("module", ["server", "open", "steering"])
def test_no_first_screen_waits_for_numpy(module: str) -> None:
    code = f"import sys, fitmon.engine.attach.{module}; print('numpy' in sys.modules or 'textual' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout == "False\n"
