"""The interface of a run, as the screen uses it; `fitmon.engine.training.session.Session` satisfies it."""

from collections.abc import Sequence
from typing import Protocol

from fitmon.engine.commands import Command
from fitmon.engine.errors import EXIT_CODES, EXIT_QUIT_WHILE_TRAINING, FitmonError
from fitmon.engine.events import RunEnded, RunFailed
from fitmon.engine.record.snapshot import Snapshot


class Run(Protocol):
    """A run that trains in its own thread or process. Only `join` may wait for it."""

    def start(self) -> None:
        """Start training; called once, after the first frame is on screen."""

    def send(self, command: Command) -> None:
        """Send a command; its result appears in a later snapshot."""

    def snapshot(self) -> Snapshot:
        """Return what is known now, as an immutable value."""

    def join(self, timeout_seconds: float) -> bool:
        """Wait for the end of training and return whether it came in time."""


def exit_code_of(ending: RunEnded | RunFailed | None, signals_received: Sequence[int] = ()) -> int:
    """Return the exit code of a process whose run ended that way without a screen; None: it has not ended yet.

    A run that was stopped early gives 128 + the number of the first signal received, or 130 without any.
    """
    if isinstance(ending, RunFailed):
        return EXIT_CODES.get(ending.kind, FitmonError.exit_code)
    if ending is not None and ending.completed:
        return 0
    return 128 + signals_received[0] if signals_received else EXIT_QUIT_WHILE_TRAINING
