"""What the screen needs of a run; `fitmon.engine.training.session.Session` satisfies it, and so does a fake in the tests."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from fitmon.engine.commands import Command
from fitmon.engine.errors import EXIT_CODES, EXIT_QUIT_WHILE_TRAINING, FitmonError
from fitmon.engine.events import RunEnded, RunFailed
from fitmon.engine.record.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class RewindOptions:
    """What a run can go back to."""

    kept_epochs: Callable[[], Mapping[int, Collection[int]] | None] = lambda: None
    """Returns, by branch, the epochs with a checkpoint; None: nobody knows, so any may have one."""
    why_not: Callable[[], str] = str
    """Returns why the run cannot go back to an epoch, such as that it is not kept; empty when it can."""


NO_REWIND = RewindOptions(why_not=lambda: "this run is not kept on the disk")


class Run(Protocol):
    """A training that goes on in a thread of its own. No method may wait for the training, except `join`."""

    def start(self) -> None:
        """Begin; called once, after the first picture stands."""

    def send(self, command: Command) -> None:
        """Ask for something; the answer comes back in a later snapshot."""

    def snapshot(self) -> Snapshot:
        """Return what is known now, as one frozen picture."""

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the end of the training and return whether it came in time."""


def exit_code_of(ending: RunEnded | RunFailed | None, signals_received: Sequence[int] = ()) -> int:
    """Return the exit code of a process whose run ended that way without a screen; None: it has not ended yet.

    A run that stopped early gives 128 + the first of the signals that asked for it, or 130 where somebody else did.
    """
    if isinstance(ending, RunFailed):
        return EXIT_CODES.get(ending.kind, FitmonError.exit_code)
    if ending is not None and ending.completed:
        return 0
    return 128 + signals_received[0] if signals_received else EXIT_QUIT_WHILE_TRAINING
