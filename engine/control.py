"""What was asked of the loop, and the place where it waits while it is paused.

Commands are handed over by any thread; everything else here happens in the training thread, between chunks.
"""

import queue

from fitmon.engine.commands import Command, Pause, PauseAt, Resume, SetKnob, Stop


class Control:
    """Collects commands for the loop and sorts them by what they ask for."""

    def __init__(self) -> None:
        """Begin with nothing asked."""
        self._incoming: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._knob_requests: list[SetKnob] = []
        self.pause_at: PauseAt | None = None
        """Where the next pause is to take hold; None when none was asked for."""
        self.stop_reason: str | None = None
        """Why the run is to stop; None while it may go on."""

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


class StopRequested(Exception):  # noqa: N818 - stopping is not an error
    """The user asked the run to stop."""

    def __init__(self, reason: str) -> None:
        """Carry the reason to the ending event."""
        super().__init__(reason)
        self.reason = reason


def stop_if_asked(control: Control) -> None:
    """Raise StopRequested when a stop has arrived."""
    control.take_in()
    if control.stop_reason is not None:
        raise StopRequested(control.stop_reason)
