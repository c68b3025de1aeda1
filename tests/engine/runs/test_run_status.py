"""The status of a run, from real journals and with real processes."""

from __future__ import annotations

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fitmon.engine import events
from fitmon.engine.commands import Pause
from fitmon.engine.job import Settings
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.journal_line import JournalEvent, encode_line
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.run_status import RunState, RunStatus, run_status
from fitmon.engine.runs.runs import Runs
from tests.engine.runs.made_up_journal import KNOBS, ended, started
from tests.engine.training.run_owners import owner_of, write_journal

SETTINGS = Settings(epochs=7, batch_size=64, learning_rate=1e-3, units=(512,))
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)

FINISHED = events.RunEnded(reason="all epochs done", epochs_done=2, completed=True)
STOPPED = events.RunEnded(reason="stopped by the user", epochs_done=2, completed=False)
FAILED = events.RunFailed(kind="training", message="It broke.", traceback="", epochs_done=2)
PAUSED = events.RunPaused(epoch=2, step=10, reason="requested")
RESUMED = events.PauseEnded()
DETACHED = events.RunDetached(reason="the terminal has gone")
NOT_WRITTEN = events.CheckpointFailed(message="The disk is full.")
NO_REWIND = events.RewindRefused(epoch=1, branch=1, reason="It is not kept.")
KNOB_REQUESTED = events.KnobRequested(knob="learning_rate", value=0.1, epoch=4)


def begun(epoch: int, epochs: int = 10) -> events.EpochStarted:
    return events.EpochStarted(epoch=epoch, epochs=epochs, steps=100)


def resumed(epochs_done: int, step: int = 0) -> events.RunResumed:
    return events.RunResumed(epochs_done=epochs_done, step=step, exact=True)


def branched(epoch: int, epochs: int) -> events.BranchStarted:
    return events.BranchStarted(branch=2, parent=1, epoch=epoch, knobs=KNOBS | {"epochs": epochs})


TRAINED: list[JournalEvent] = [started(), begun(1), ended(1), begun(2), ended(2)]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return Runs(tmp_path).create(job="mnist", settings=SETTINGS, name="digits")


def _position(status: RunStatus) -> tuple[int, int | None, float | None]:
    return status.epoch, status.epochs, status.metrics.get("val_loss")


@pytest.mark.parametrize(
    ("last", "state"),
    [
        pytest.param([FINISHED], "finished", id="all epochs are trained"),
        pytest.param([STOPPED], "stopped", id="it was stopped"),
        pytest.param([FAILED], "failed", id="an error ended it"),
        pytest.param([], "crashed", id="it never came to an end"),
        pytest.param([PAUSED], "crashed", id="it was killed while it paused"),
        pytest.param([DETACHED], "crashed", id="it was killed without a screen"),
        pytest.param([FINISHED, NO_REWIND], "finished", id="a rewind was refused when it was over"),
        pytest.param([STOPPED, NOT_WRITTEN], "stopped", id="the disk was full when it was over"),
        pytest.param([FINISHED, branched(1, 10)], "crashed", id="it rewound when it was over, and was killed"),
    ],
)
def test_the_state_of_a_run_without_a_process_is_how_its_journal_ends(
    folder: RunFolder, last: list[JournalEvent], state: str
) -> None:
    write_journal(folder, *TRAINED, *last)
    assert run_status(folder).state == state


@pytest.mark.parametrize(
    ("last", "state"),
    [
        pytest.param([], "training", id="it trains"),
        pytest.param([PAUSED], "paused", id="it pauses"),
        pytest.param([PAUSED, KNOB_REQUESTED], "paused", id="paused while a change of a knob is pending"),
        pytest.param([PAUSED, DETACHED], "paused", id="it pauses and has lost its screen"),
        pytest.param([PAUSED, RESUMED], "training", id="it was resumed"),
        pytest.param([PAUSED, branched(1, 10)], "training", id="it rewound"),
        pytest.param([DETACHED], "detached", id="it has lost its screen"),
        pytest.param([DETACHED, begun(3), ended(3), begun(4)], "detached", id="it lost its screen some epochs ago"),
        pytest.param([FINISHED], "finished", id="its screen is still open though it is over"),
        pytest.param([FINISHED, branched(1, 10)], "training", id="it rewound when it was over"),
    ],
)
def test_the_state_of_a_run_with_a_process_is_what_it_does(
    folder: RunFolder, last: list[JournalEvent], state: str
) -> None:
    with owner_of(folder, [*TRAINED, *last]):
        assert run_status(folder).state == state


@pytest.mark.parametrize("last", [FINISHED, STOPPED, PAUSED, DETACHED])
def test_what_a_previous_process_reported_is_not_valid_for_the_next(folder: RunFolder, last: JournalEvent) -> None:
    write_journal(folder, *TRAINED, last)
    with owner_of(folder) as owner:
        assert run_status(folder).state == "training"
        owner.kill()
        owner.wait()
        assert run_status(folder).state == "crashed"


def test_a_killed_run_has_crashed(folder: RunFolder) -> None:
    with owner_of(folder, TRAINED) as owner:
        assert run_status(folder).state == "training"
        owner.kill()
        owner.wait()
    assert run_status(folder).state == "crashed"


def test_a_run_that_has_written_nothing_has_not_started(folder: RunFolder) -> None:
    assert run_status(folder).state == "not started"
    with owner_of(folder, None):
        assert run_status(folder).state == "training"
    folder.journal_path.touch()
    assert run_status(folder).state == "not started"


def test_a_damaged_description_is_reported_and_the_journal_is_still_read(folder: RunFolder) -> None:
    write_journal(folder, *TRAINED, FINISHED)
    folder.description_path.write_bytes(b'{"format": 1, "id": ')
    status = run_status(folder)
    assert status.state is RunState.DAMAGED
    assert (status.id, status.job, status.started, status.pid, status.host) == (None,) * 5
    assert (status.epoch, status.epochs) == (2, 10000)
    with owner_of(folder, [begun(3)]) as owner:
        status = run_status(folder)
        assert (status.state, status.pid) == ("training", owner.pid)


@pytest.mark.parametrize("text", [b"\x00" * 100, b"no journal\n" * 30_000, b'{"torn', "é\n".encode()])
def test_a_journal_that_is_all_damaged_is_reported(folder: RunFolder, text: bytes) -> None:
    folder.journal_path.write_bytes(text)
    assert run_status(folder).state == "damaged"


def test_a_cut_off_last_line_and_damaged_ones_cost_only_themselves(folder: RunFolder) -> None:
    write_journal(folder, *TRAINED)
    lines = folder.journal_path.read_bytes().splitlines(keepends=True)
    damaged = lines[-1].replace(b"0.1158", b"0.2158")
    folder.journal_path.write_bytes(b"".join([*lines[:-1], damaged, lines[-1][:50]]))
    status = run_status(folder)
    assert (status.state, *_position(status)) == ("crashed", 2, 10, 0.11589626)
    assert status.metrics == ended(1).metrics


@pytest.mark.parametrize(
    ("journal", "position"),
    [
        pytest.param([], (0, 7, None), id="it has not even the data"),
        pytest.param([started(epochs=9)], (0, 9, None), id="it compiles"),
        pytest.param([started(), begun(1)], (1, 10, None), id="in its first epoch"),
        pytest.param([*TRAINED, begun(3)], (3, 10, 0.11589626), id="within an epoch"),
        pytest.param([*TRAINED, begun(3), STOPPED], (2, 10, 0.11589626), id="it was stopped within an epoch"),
        pytest.param([*TRAINED, begun(3, 20)], (3, 20, 0.11589626), id="it shall have more epochs"),
        pytest.param(
            [started(), ended(1, val_loss=0.5), ended(2, val_loss=0.25), begun(3), PAUSED, KNOB_REQUESTED, RESUMED],
            (3, 10, 0.25),
            id="the last epoch that ended",
        ),
        pytest.param(
            [started(), ended(1, val_loss=0.5), ended(2, val_loss=0.25), started(), resumed(1)],
            (1, 10, 0.5),
            id="it resumed after an epoch whose successor was lost",
        ),
        pytest.param(
            [started(), ended(1, val_loss=0.5), begun(2), resumed(1, step=30)],
            (2, 10, 0.5),
            id="within an epoch again",
        ),
        pytest.param([*TRAINED, branched(1, 30)], (1, 30, None), id="it rewound, and no epoch has ended since then"),
        pytest.param(
            [*TRAINED, branched(1, 30), begun(2, 30), ended(2, val_loss=0.75)], (2, 10000, 0.75), id="a branch"
        ),
        pytest.param([*TRAINED, branched(1, 30), resumed(1)], (1, 30, None), id="a resumed branch"),
    ],
)
def test_epoch_and_metrics_are_the_last_ones(
    folder: RunFolder, journal: list[JournalEvent], position: tuple[int, int | None, float | None]
) -> None:
    write_journal(folder, *journal)
    assert _position(run_status(folder)) == position


def test_metrics_are_those_of_one_epoch_even_if_not_finite(folder: RunFolder) -> None:
    write_journal(folder, started(), ended(1, val_loss=float("inf"), loss=0.5))
    assert run_status(folder).metrics == {"val_loss": float("inf"), "loss": 0.5}


def test_a_status_has_the_name_of_the_run_and_its_owner(folder: RunFolder) -> None:
    description = folder.description()
    write_journal(folder, *TRAINED)
    os.utime(folder.journal_path, (NOON.timestamp(),) * 2)
    os.utime(folder.description_path, (0, 0))
    status = run_status(folder)
    assert (status.name, status.path) == ("digits", folder.path)
    assert (status.id, status.job, status.started) == (description.id, "mnist", description.started)
    assert (status.pid, status.host, status.changed) == (os.getpid(), socket.gethostname(), NOON)
    with owner_of(folder, [begun(3)]) as owner:
        assert run_status(folder).pid == owner.pid


def test_a_command_in_the_journal_is_not_a_state(folder: RunFolder) -> None:
    journal = JournalWriter(folder.journal_path)
    for event in (*TRAINED, FINISHED):
        journal.event(event)
    journal.command(Pause(), by='somebody who calls himself "opened":{"pid":1}')
    journal.close()
    assert run_status(folder).state == "finished"


def test_a_lost_screen_is_found_anywhere_in_a_long_journal(folder: RunFolder) -> None:
    detached = encode_line(DETACHED, sequence=2, wall=NOON, monotonic=1.0)
    with owner_of(folder):
        opened = folder.journal_path.read_bytes()
        # Around the boundary of a block that is read at once, in steps shorter than the mark of the line.
        for length in range(65536 - 300, 65536 + 30, 7):
            behind = events.KnobRefused(knob="l1", value=1.0, reason="x" * length)
            last = encode_line(behind, sequence=3, wall=NOON, monotonic=1.0)
            folder.journal_path.write_bytes(opened + detached + last)
            assert run_status(folder).state == "detached"
