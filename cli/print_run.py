"""The loop that prints a run's lines: from the training thread's events to a file descriptor."""

import os
import select
from collections.abc import Callable
from queue import SimpleQueue

from fitmon.engine import events
from fitmon.engine.commands import Detach, Stop
from fitmon.tui.run import Run

Render = Callable[[events.Event], str]
"""Turns an event into lines, each ended by a line break; an empty string when it says nothing."""


Inbox = SimpleQueue[events.Event | Stop | Detach]
"""What the training thread tells and what a signal handler asks for, in one queue that neither can block on."""


OUTPUT_CLOSED = "its output was closed"
"""The reason of the stop when nobody reads the lines any more."""


def listener_into(inbox: Inbox) -> Callable[[events.Event], None]:
    """Return a listener that queues what is printed, so that a slow reader lets nothing else pile up."""

    def listen(event: events.Event) -> None:
        match event:
            case (
                events.SamplesLoaded()
                | events.SamplesScored()
                | events.EpochStarted()
                | events.KnobAsked()
                | events.PauseAsked()
                | events.PhaseChanged(detail="")
            ):
                return
            # Not printed either, but within a long epoch it is the beat at which a closed output is noticed.
            case events.ChunkEnded() if not inbox.empty():
                return
        inbox.put(event)

    return listen


class LineOutput:
    """Writes lines to a file descriptor until its reader has gone."""

    def __init__(self, file_descriptor: int, encoding: str = "utf-8") -> None:
        """Take over an open file descriptor; the caller closes it."""
        self._file_descriptor = file_descriptor
        self._encoding = encoding
        self._poll = select.poll()
        self._poll.register(file_descriptor, select.POLLERR)
        self.error: OSError | None = None
        """Why nothing can be written any more, BrokenPipeError when the reader has gone; None while all is well."""

    def write(self, text: str) -> None:
        """Write text at once, or drop it when the output is gone."""
        unwritten = text.encode(self._encoding, "backslashreplace")
        try:
            while unwritten and self.error is None:
                unwritten = unwritten[os.write(self._file_descriptor, unwritten) :]
        except OSError as error:
            self.error = error

    def gone(self) -> bool:
        """Return whether nothing can be written any more; sees a closed pipe before the next line is due."""
        if self.error is None and self._poll.poll(0):
            self.error = BrokenPipeError()
        return self.error is not None


def print_run(
    run: Run, inbox: Inbox, render: Render, output: LineOutput, talk: Callable[[str], None]
) -> events.RunEnded | events.RunFailed:
    """Print a run until it is over and return how it ended.

    Args:
        run: already started; receives a Stop when one comes in or the output is gone, and a Detach that comes in.
        inbox: the events of the run that `listener_into` lets through, in order, and any Stop or Detach.
        render: see `PlainLines` and `json_line`.
        output: where the lines go.
        talk: told what the user must know besides: notes on the data, the progress of a download.
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
                talk(item.detail)
            case events.RunStarted():
                for note in item.notes:
                    talk(note)
            case events.RunEnded() | events.RunFailed():
                return item
