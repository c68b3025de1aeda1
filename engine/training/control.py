"""Where commands arrive, and where the training waits while it is paused.

Any thread may send a command; everything else here happens in the training thread, between chunks.
"""

import queue
from collections.abc import Callable

from fitmon.engine.commands import Command, Detach, Export, Pause, PauseAt, Resume, Rewind, SetKnob, Stop
from fitmon.engine.errors import StopRequested


class Control:
    """Collects commands and sorts them by what they request."""

    def __init__(self, answer_export: Callable[[Export], None] = lambda _: None) -> None:
        """Begin without commands; `answer_export` is called with every `Export`, in the training thread."""
        self._answer_export = answer_export
        self._incoming: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._knob_requests: list[SetKnob] = []
        self.pause_at: PauseAt | None = None
        """Where the next pause takes effect; None when none was requested."""
        self.stop_reason: str | None = None
        """Why the run is to stop; None while it may continue."""
        self.rewind: Rewind | None = None
        """The rewind that was requested; None: none."""
        self.detach_reason = ""
        """Why the run has no screen any more, until that is reported; else empty."""

    def send(self, command: Command) -> None:
        """Send a command, from any thread; never waits."""
        self._incoming.put(command)

    def take_in(self) -> None:
        """Sort all commands that have arrived; never waits."""
        while not self._incoming.empty():
            self._sort(self._incoming.get())

    def raise_if_stopped(self) -> None:
        """Raise StopRequested if a stop has arrived."""
        self.take_in()
        if self.stop_reason is not None:
            raise StopRequested(self.stop_reason)

    def wait(self) -> None:
        """Wait for the next command and sort it."""
        self._sort(self._incoming.get())

    def wait_for_rewind(self) -> Rewind | None:
        """Wait, after the end of a run, for a rewind and return it; None: a stop came, and the run is over for good."""
        self.stop_reason, self.pause_at = None, None
        while self.rewind is None and self.stop_reason is None:
            self.wait()
        return self.take_rewind() if self.stop_reason is None else None

    def take_rewind(self) -> Rewind | None:
        """Return the rewind requested since the last call, if any."""
        taken, self.rewind = self.rewind, None
        return taken

    def take_detach_reason(self) -> str:
        """Return why the screen has gone if it has since the last call; else an empty string."""
        taken, self.detach_reason = self.detach_reason, ""
        return taken

    def take_knob_requests(self) -> list[SetKnob]:
        """Return the changes of knobs requested since the last call."""
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
