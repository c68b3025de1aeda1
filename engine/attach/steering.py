"""A run steered by a script: a question, and the run's own answer to it."""

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
"""What the journal calls a script."""
WAIT_SECONDS = 60.0
"""How long the run may take to answer a change: between two chunks as a rule, but a validation may be long."""
_SECONDS_BETWEEN_LOOKS = 0.05


@dataclass(frozen=True, slots=True)
class Status:
    """How a run stands."""

    alive: bool
    """Whether there is a process that has it."""
    snapshot: Snapshot
    """Without samples and what is known of them."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A change that the run will make, or has made."""

    epoch: int
    """From which the value holds."""


def status(folder: RunFolder) -> Status:
    """Return how a run stands; raises as `client.connect`."""
    conversation = connect(folder, name=NAME, read_only=True, per_sample=False)
    if conversation is None:
        return Status(alive=False, snapshot=recorded_snapshot(folder))
    with _answering(folder, conversation):
        return Status(alive=True, snapshot=conversation.poll())


def ask(folder: RunFolder, command: Command) -> None:
    """Ask a run for something; what comes of it is in its record.

    Raises:
        SetupError: nobody trains the run, or it does not talk to this program.
        RunInUseError: somebody does, and cannot be reached.
        UsageError: the run does not take such a command.
    """
    with _training(folder) as (conversation, _):
        _ask(conversation, command)


def set_knob(folder: RunFolder, knob: str, value: float, *, wait_seconds: float = WAIT_SECONDS) -> Accepted:
    """Ask for another value from the next epoch on, and wait until the run has taken it or has not.

    Raises as `ask`; UsageError also when the run refuses, with its reason.
    """
    with _training(folder) as (conversation, before):
        _ask(conversation, SetKnob(knob=knob, value=value))
        give_up_at = time.monotonic() + wait_seconds
        while (answer := _answer(before, now := conversation.poll(), knob, value)) is None:
            if time.monotonic() >= give_up_at:
                raise SetupError(
                    f"Expected an answer within {wait_seconds:g} seconds, received none: the run is {now.phase}. "
                    f"It stands asked; see `fitmon ctl {folder.name} status`."
                )
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    if isinstance(answer, KnobRefused):
        raise UsageError(f"The run refused {knob} {value:g}: {answer.reason}")
    return answer


@contextmanager
def _training(folder: RunFolder) -> Iterator[tuple[Connection, Snapshot]]:
    """Yield a conversation with a run that trains, and how it stands."""
    conversation = connect(folder, name=NAME, per_sample=False)
    if conversation is None:
        raise SetupError(_not_training(folder, recorded_snapshot(folder)))
    with _answering(folder, conversation):
        before = conversation.poll()
        if before.over:
            raise SetupError(_not_training(folder, before))
        yield conversation, before


@contextmanager
def _answering(folder: RunFolder, conversation: Connection) -> Iterator[None]:
    try:
        yield
    except (OSError, GarbageError) as error:
        raise SetupError(
            f"Expected an answer of the run {folder.name}, but its process does not answer any more. "
            f"See `fitmon ctl {folder.name} status`."
        ) from error
    finally:
        conversation.close()


def _not_training(folder: RunFolder, snapshot: Snapshot) -> str:
    wanted = f"Expected a run that trains; {folder.name}"
    match snapshot.ending:
        case RunEnded(completed=True):
            return f"{wanted} is finished. See it with `fitmon attach {folder.name}`."
        case RunEnded(reason=reason):
            return f"{wanted} ended: {reason}. Go on with it by `fitmon resume {folder.name}`."
        case RunFailed(message=message):
            return f"{wanted} is over: {message}"
    return f"{wanted} does not."


def _ask(conversation: Connection, command: Command) -> None:
    refusal = conversation.ask(command)
    if refusal:
        raise UsageError(refusal)


def _answer(before: Snapshot, now: Snapshot, knob: str, value: float) -> Accepted | KnobRefused | None:
    """Return what the run says to a change; None: nothing yet."""
    refusal = now.refusal
    if refusal is not None and refusal is not before.refusal and (refusal.knob, refusal.value) == (knob, value):
        return refusal
    state = now.knob(knob)
    if state is not None and state.pending == value and state.pending_epoch is not None:
        return Accepted(epoch=state.pending_epoch)
    later = now.receipts[len(before.receipts) :]
    taken = [receipt for receipt in later if (receipt.knob, receipt.asked) == (knob, value)]
    return Accepted(epoch=taken[-1].epoch) if taken else None
