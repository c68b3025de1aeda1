"""What was asked of the loop, and the place where it waits while it is paused.

Commands are handed over by any thread; everything else here happens in the training thread, between chunks.
"""

import queue
from collections.abc import Callable

from fitmon.engine.commands import Command, Detach, Export, Pause, PauseAt, Resume, Rewind, SetKnob, Stop
from fitmon.engine.errors import StopRequested


class Control:
    """Collects commands for the loop and sorts them by what they ask for."""

    def __init__(self, answer_export: Callable[[Export], None] = lambda _: None) -> None:
        """Begin with nothing asked; `answer_export` is called with every `Export`, in the training thread."""
        self._answer_export = answer_export
        self._incoming: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._knob_requests: list[SetKnob] = []
        self.pause_at: PauseAt | None = None
        """Where the next pause is to take hold; None when none was asked for."""
        self.stop_reason: str | None = None
        """Why the run is to stop; None while it may go on."""
        self.rewind: Rewind | None = None
        """Where to go back to; None: nowhere."""
        self.detach_reason = ""
        """Why the screen has gone, until somebody has taken note of it; else empty."""

    def send(self, command: Command) -> None:
        """Hand over a command, from any thread; never waits."""
        self._incoming.put(command)

    def take_in(self) -> None:
        """Sort all commands that have arrived; never waits."""
        while not self._incoming.empty():
            self._sort(self._incoming.get())

    def wait(self) -> None:
        """Wait for the next command and sort it."""
        self._sort(self._incoming.get())

    def wait_for_rewind(self) -> Rewind | None:
        """Wait, when the run is over, until somebody asks to go back to an epoch; None: asked to stop for good."""
        self.stop_reason, self.pause_at = None, None
        while self.rewind is None and self.stop_reason is None:
            self.wait()
        return self.take_rewind() if self.stop_reason is None else None

    def take_rewind(self) -> Rewind | None:
        """Return where to go back to if that was asked for since the last call."""
        taken, self.rewind = self.rewind, None
        return taken

    def take_detach_reason(self) -> str:
        """Return why the screen has gone if it has since the last call; else an empty text."""
        taken, self.detach_reason = self.detach_reason, ""
        return taken

    def take_knob_requests(self) -> list[SetKnob]:
        """Return the changes of knobs asked for since the last call."""
        taken, self._knob_requests = self._knob_requests, []
        return taken

    def _sort(self, command: Command) -> None:
        match command:
            case Pause():
                self.pause_at = command.at
            case Resume():
                self.pause_at = None
            case Stop():
                self.stop_reason = command.reason
            case SetKnob():
                self._knob_requests.append(command)
            case Rewind():
                self.rewind = command
            case Detach():
                self.detach_reason = command.reason
            case Export():
                self._answer_export(command)


def stop_if_asked(control: Control) -> None:
    """Raise StopRequested when a stop has arrived."""
    control.take_in()
    if control.stop_reason is not None:
        raise StopRequested(control.stop_reason)
