"""Steering a run from a script: a command, and the run's answer to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitmon.engine.attach.client import Connection, connect
from fitmon.engine.attach.recorded import recorded_snapshot
from fitmon.engine.attach.wire import GarbageError
from fitmon.engine.commands import SetKnob
from fitmon.engine.errors import SetupError, UsageError
from fitmon.engine.events import KnobRefused, RunEnded, RunFailed

if TYPE_CHECKING:
    from fitmon.engine.commands import Command
    from fitmon.engine.record.snapshot import Snapshot
    from fitmon.engine.runs.run_folder import RunFolder

NAME = "ctl"
"""The name of a script in the journal."""
WAIT_SECONDS = 60.0
"""How long the run may take to answer a change: usually until the next chunk, but validation may take long."""
_SECONDS_BETWEEN_POLLS = 0.05


@dataclass(frozen=True, slots=True)
class Status:
    """The status of a run."""

    alive: bool
    """Whether a process owns it."""
    snapshot: Snapshot
    """Without the validation samples and what is known of them."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A change that the run accepted, or has made."""

    epoch: int
    """The epoch in which it takes effect."""


def status(folder: RunFolder) -> Status:
    """Return the status of a run; raises as `client.connect`."""
    connection = connect(folder, name=NAME, read_only=True, per_sample=False)
    if connection is None:
        return Status(alive=False, snapshot=recorded_snapshot(folder))
    with _answering(folder, connection):
        return Status(alive=True, snapshot=connection.poll())


def send_command(folder: RunFolder, command: Command) -> None:
    """Send a command to a run; its effect is in the run's later snapshots.

    Raises:
        UsageError: no process trains the run, or the run refuses the command.
        SetupError: the process refuses this program, or stopped answering.
        RunInUseError: the process cannot be reached.
    """
    with _training(folder) as (connection, _):
        _send(connection, command)


def set_knob(folder: RunFolder, knob: str, value: float, *, wait_seconds: float = WAIT_SECONDS) -> Accepted:
    """Request another value from the next epoch on, and wait until the run accepts or refuses it.

    Raises as `send_command`; UsageError also when the run refuses the value, with its reason.
    """
    with _training(folder) as (connection, before):
        _send(connection, SetKnob(knob=knob, value=value))
        give_up_at = time.monotonic() + wait_seconds
        while (answer := _answer(before, now := connection.poll(), knob, value)) is None:
            if time.monotonic() >= give_up_at:
                raise SetupError(
                    f"The run did not answer within {wait_seconds:g} seconds: it is {now.phase}. "
                    f"The request is queued; see `fitmon ctl {folder.name} status`."
                )
            time.sleep(_SECONDS_BETWEEN_POLLS)
    if isinstance(answer, KnobRefused):
        raise UsageError(f"The run refused {knob} {value:g}: {answer.reason}")
    return answer


@contextmanager
def _training(folder: RunFolder) -> Iterator[tuple[Connection, Snapshot]]:
    """Yield a connection to a run that trains, and its snapshot."""
    connection = connect(folder, name=NAME, per_sample=False)
    if connection is None:
        raise UsageError(_not_training(folder, recorded_snapshot(folder)))
    with _answering(folder, connection):
        before = connection.poll()
        if before.over:
            raise UsageError(_not_training(folder, before))
        yield connection, before


@contextmanager
def _answering(folder: RunFolder, connection: Connection) -> Iterator[None]:
    try:
        yield
    except (OSError, GarbageError) as error:
        raise SetupError(
            f"The process of the run {folder.name} stopped answering. See `fitmon ctl {folder.name} status`."
        ) from error
    finally:
        connection.close()


def _not_training(folder: RunFolder, snapshot: Snapshot) -> str:
    refusal = f"The run {folder.name} is not training:"
    match snapshot.ending:
        case RunEnded(completed=True):
            return f"{refusal} it is finished. View it with `fitmon attach {folder.name}`."
        case RunEnded(reason=reason):
            return f"{refusal} it ended ({reason}). Resume it with `fitmon resume {folder.name}`."
        case RunFailed(message=message):
            return f"{refusal} it failed. {message}"
    return f"{refusal} no process owns it."


def _send(connection: Connection, command: Command) -> None:
    refusal = connection.send(command)
    if refusal:
        raise UsageError(refusal)


def _answer(before: Snapshot, now: Snapshot, knob: str, value: float) -> Accepted | KnobRefused | None:
    """Return the run's answer to a change; None: there is none yet."""
    refusal = now.refusal
    if refusal is not None and refusal is not before.refusal and (refusal.knob, refusal.value) == (knob, value):
        return refusal
    state = now.knob(knob)
    if state is not None and state.pending == value and state.pending_epoch is not None:
        return Accepted(epoch=state.pending_epoch)
    later = now.receipts[len(before.receipts) :]
    taken = [receipt for receipt in later if (receipt.knob, receipt.requested) == (knob, value)]
    return Accepted(epoch=taken[-1].epoch) if taken else None
