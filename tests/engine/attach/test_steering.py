"""Commands of a script, and the answers of the run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from fitmon.engine import events
from fitmon.engine.attach import client
from fitmon.engine.attach.server import RunServer
from fitmon.engine.attach.steering import Accepted, send_command, set_knob, status
from fitmon.engine.commands import Command, Detach, Pause, SetKnob
from fitmon.engine.errors import RunInUseError, SetupError, UsageError
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.attach.answering_run import Answers, answering, heard
from tests.engine.attach.same import assert_same
from tests.engine.attach.served_run import Scorer, ServedRun, epoch_events, samples_loaded, started

REQUEST = SetKnob(knob="learning_rate", value=1e-4)
ACCEPTED = events.KnobRequested(knob="learning_rate", value=1e-4, epoch=3)
APPLIED = events.KnobApplied(knob="learning_rate", requested=1e-4, value=1e-4, previous=1e-3, epoch=3, step=1)


def refused(epoch: int | None = None) -> events.KnobRefused:
    """Return a new one each time, as a run does."""
    return events.KnobRefused(knob="learning_rate", value=1e-4, reason="the run now ends with epoch 2", epoch=epoch)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


@pytest.fixture
def run() -> ServedRun:
    return ServedRun().tell(started(), samples_loaded(), Scorer(2).scored(0)).epochs(1, 2)


def told(*answers: events.Event) -> Answers:
    def answer(command: Command) -> list[events.Event]:
        assert command == REQUEST
        return [*epoch_events(3)[:2], *answers]

    return answer


def test_a_change_is_accepted_for_an_epoch(folder: RunFolder, run: ServedRun) -> None:
    with answering(folder, run, told(ACCEPTED)):
        assert set_knob(folder, "learning_rate", 1e-4) == Accepted(epoch=3)


def test_a_change_that_took_effect_before_the_first_poll_is_accepted(folder: RunFolder, run: ServedRun) -> None:
    with answering(folder, run, told(ACCEPTED, APPLIED)):
        assert set_knob(folder, "learning_rate", 1e-4) == Accepted(epoch=3)


@pytest.mark.parametrize("before", [(), (refused(),), (ACCEPTED, refused(epoch=3))])
def test_a_change_is_refused_with_the_reason_of_the_run(
    folder: RunFolder, run: ServedRun, before: tuple[events.Event, ...]
) -> None:
    run.tell(*before)
    with answering(folder, run, told(refused())), pytest.raises(UsageError, match="now ends with epoch 2"):
        set_knob(folder, "learning_rate", 1e-4)


def test_the_refusal_of_another_change_is_not_an_answer(folder: RunFolder, run: ServedRun) -> None:
    run.tell(refused())
    other = events.KnobRefused(knob="dropout", value=0.5, reason="no")
    with (
        answering(folder, run, told(other)),
        pytest.raises(SetupError, match=r"did not answer within 0\.2 seconds: it is waiting to start"),
    ):
        set_knob(folder, "learning_rate", 1e-4, wait_seconds=0.2)


def test_a_command_is_passed_on_with_its_sender(folder: RunFolder, run: ServedRun) -> None:
    with RunLock(folder), RunServer(folder.socket_path, run):
        send_command(folder, Pause())
    assert run.requests.get(timeout=10) == (Pause(), f"ctl, process {os.getpid()}")


def test_a_command_reserved_for_the_run_itself_is_refused(folder: RunFolder, run: ServedRun) -> None:
    with RunLock(folder), RunServer(folder.socket_path, run), pytest.raises(UsageError, match="screen"):
        send_command(folder, Detach(reason="gone"))


def test_the_status_of_a_training_run_is_its_snapshot_without_samples(folder: RunFolder, run: ServedRun) -> None:
    with RunLock(folder), RunServer(folder.socket_path, run):
        found = status(folder)
    assert found.alive
    assert found.snapshot.samples is None
    assert found.snapshot.observation is None
    assert_same(found.snapshot.metrics, run.snapshot().metrics)


def test_the_status_of_a_run_that_is_over_is_its_record(folder: RunFolder) -> None:
    journal = JournalWriter(folder.journal_path)
    for event in (started(), *epoch_events(1), events.RunEnded(reason="enough", epochs_done=1, completed=False)):
        journal.event(event)
    journal.close()
    found = status(folder)
    assert not found.alive
    assert found.snapshot.epochs_done == 1


ENDINGS: list[Any] = [
    pytest.param([events.RunEnded(reason="all epochs done", epochs_done=1, completed=True)], "finished", id="finished"),
    pytest.param([events.RunEnded(reason="enough", epochs_done=1, completed=False)], "enough", id="stopped"),
    pytest.param([], "ended unexpectedly", id="killed"),
]


@pytest.mark.parametrize(("ending", "how"), ENDINGS)
def test_a_run_without_a_process_takes_no_commands(folder: RunFolder, ending: list[events.Event], how: str) -> None:
    journal = JournalWriter(folder.journal_path)
    for event in [started(), *epoch_events(1), *ending]:
        journal.event(event)
    journal.close()
    with pytest.raises(UsageError, match=how):
        send_command(folder, Pause())
    with pytest.raises(UsageError, match=f"fitmon (attach|resume) {folder.name}"):
        set_knob(folder, "learning_rate", 1e-4)


def test_a_run_that_is_over_and_still_shown_takes_no_commands(folder: RunFolder, run: ServedRun) -> None:
    run.tell(events.RunEnded(reason="all epochs done", epochs_done=2, completed=True))
    with RunLock(folder), RunServer(folder.socket_path, run), pytest.raises(UsageError, match="finished"):
        send_command(folder, Pause())
    assert run.requests.empty()


def test_a_run_that_cannot_be_reached_is_reported_with_its_owner(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "START_SECONDS", 0.1)
    with RunLock(folder), pytest.raises(RunInUseError, match=f"process {os.getpid()}"):
        send_command(folder, Pause())


def test_a_run_that_ends_during_a_request_is_reported_as_not_answering(folder: RunFolder, run: ServedRun) -> None:
    server = RunServer(folder.socket_path, run)

    def leave(_: Command) -> list[events.Event]:
        server.close(linger_seconds=0)
        return []

    with heard(run, leave), pytest.raises(SetupError, match=r"The process of the run .* stopped answering"):
        set_knob(folder, "learning_rate", 1e-4)
