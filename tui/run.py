"""What the screen needs of a run; `fitmon.engine.session.Session` satisfies it, and so does a fake in the tests."""

from typing import Protocol

from fitmon.engine.commands import Command
from fitmon.engine.record import Snapshot


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
