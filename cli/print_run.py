"""Prints a run's lines: from the training thread's events to a file descriptor."""

import os
import select
from collections.abc import Callable
from queue import SimpleQueue

from fitmon.engine import events
from fitmon.engine.commands import Detach, Stop
from fitmon.tui.run import Run

Render = Callable[[events.Event], str]
"""Turns an event into lines, each with a line break at its end; an empty string for events that are not printed."""


Inbox = SimpleQueue[events.Event | Stop | Detach]
"""Events of the training thread and commands of signal handlers, in one queue that neither can block on."""


OUTPUT_CLOSED = "the output was closed"
"""The reason for the stop when the reader of the lines is gone."""


def listener_into(inbox: Inbox) -> Callable[[events.Event], None]:
    """Return a listener that queues only events that are printed, so that a slow reader does not fill the memory."""

    def listen(event: events.Event) -> None:
        match event:
            case (
                events.SamplesLoaded()
                | events.SamplesScored()
                | events.EpochStarted()
                | events.KnobRequested()
                | events.PauseRequested()
                | events.PhaseChanged(detail="")
            ):
                return
            # Not printed, but wakes the printing loop, which then notices a closed output within a long epoch.
            case events.ChunkEnded() if not inbox.empty():
                return
        inbox.put(event)

    return listen


class LineOutput:
    """Writes lines to a file descriptor until its reader is gone."""

    def __init__(self, file_descriptor: int, encoding: str = "utf-8") -> None:
        """Write to an open file descriptor, which the caller closes."""
        self._file_descriptor = file_descriptor
        self._encoding = encoding
        self._poll = select.poll()
        self._poll.register(file_descriptor, select.POLLERR)
        self.error: OSError | None = None
        """Why nothing more can be written, BrokenPipeError if the reader is gone; None if there is no error."""

    def write(self, text: str) -> None:
        """Write text at once; drop it if the output is closed."""
        unwritten = text.encode(self._encoding, "backslashreplace")
        try:
            while unwritten and self.error is None:
                unwritten = unwritten[os.write(self._file_descriptor, unwritten) :]
        except OSError as error:
            self.error = error

    def gone(self) -> bool:
        """Return whether the output is closed; detects a closed pipe without writing to it."""
        if self.error is None and self._poll.poll(0):
            self.error = BrokenPipeError()
        return self.error is not None


def print_run(
    run: Run, inbox: Inbox, render: Render, output: LineOutput, print_message: Callable[[str], None]
) -> events.RunEnded | events.RunFailed:
    """Print a run until it ends, and return how it ended.

    Args:
        run: already started. Is sent each Stop and Detach of the inbox, and a Stop if the output is closed.
        inbox: the events that `listener_into` queues, in order, and any Stop or Detach.
        render: see `PlainLines` and `json_line`.
        output: where the lines go.
        print_message: called with what belongs on stderr: notes on the data, the progress of a download.
    """
    stopped, last_detail = False, ""
    while True:
        item = inbox.get()
        if isinstance(item, Stop | Detach):
            run.send(item)
            continue
        output.write(render(item))
        if output.gone() and not stopped:
            run.send(Stop(reason=OUTPUT_CLOSED))
            stopped = True
        match item:
            case events.PhaseChanged() if item.detail not in {"", last_detail}:
                last_detail = item.detail
                print_message(item.detail)
            case events.RunStarted():
                for note in item.notes:
                    print_message(note)
            case events.RunEnded() | events.RunFailed():
                return item
