"""Writes to the terminal without blocking forever, whatever happens to it."""

from __future__ import annotations

import os
import select
import time

from fitmon.text.format import to_ascii
from fitmon.tui.cell_screen import CellScreen
from fitmon.tui.color_depth import ColorDepth
from fitmon.tui.link_pace import LinkPace
from fitmon.tui.terminal_answers import TerminalAnswers

MAX_EXIT_WAIT_SECONDS = 2.0
"""How long a terminal that accepts no bytes may delay the end of the process."""


class TerminalOutput:
    """The file that Textual writes to, instead of descriptor 2.

    What is written to a lost terminal, or to one that has stalled for too long, is discarded. In stock Textual 8.2, the
    first ends the writer thread and the second blocks the main thread forever.
    """

    def __init__(
        self, descriptor: int, utf_8: bool, stalled_seconds: float | None = None, depth: ColorDepth = ColorDepth.TRUE
    ) -> None:
        """Take over an open, non-blocking descriptor; the caller closes it.

        Args:
            descriptor: Of the terminal.
            utf_8: Whether to send UTF-8; else ASCII.
            stalled_seconds: How long it may accept no bytes before it counts as lost; None: no limit.
            depth: How many colors it has.
        """
        self.answers = TerminalAnswers()
        """What the terminal has answered; fed by whoever reads its input."""
        self._cells = CellScreen(depth)
        self._pace = LinkPace(self.answers)
        self._descriptor = descriptor
        self.utf_8 = utf_8
        """Whether UTF-8 is sent; else ASCII."""
        self._stalled_seconds = stalled_seconds
        self._buffer: list[str] = []
        self._last_accepted = time.monotonic()
        self.loss = ""
        """Why the terminal counts as lost, as part of a sentence; empty while it does not."""
        self.hung_up = False
        """Whether the terminal is lost for good."""
        self.give_up_at: float | None = None
        """The `time.monotonic` time after which a stalled terminal counts as lost; None: it is waited for."""

    @property
    def lost(self) -> bool:
        """Whether writing has stopped: the terminal hung up, or has stalled for too long."""
        return bool(self.loss)

    def fileno(self) -> int:
        """Return the descriptor of the terminal."""
        return self._descriptor

    def hang_up(self, reason: str) -> None:
        """Stop writing for good; may be called by a signal handler."""
        self.hung_up = True
        self.loss = self.loss or reason

    def write(self, text: str) -> int:
        """Buffer text until the next `flush`."""
        self._buffer.append(self._cells.take(text if self.utf_8 else to_ascii(text), is_answer=self._pace.answers_key))
        return len(text)

    def forget_cells(self, columns: int | None = None) -> None:
        """Send every cell anew when it is drawn the next time, since the terminal may no longer show what was sent.

        Args:
            columns: The new width of the terminal; None: as before.
        """
        self._cells.forget(columns)

    def hurry(self) -> None:
        """Let the answer to a key pass frames that wait for the terminal."""
        self._pace.hurry()

    @property
    def is_due(self) -> bool:
        """Whether something was held back that can be sent now. A key goes first: what it draws may cover it."""
        return self._cells.is_ahead and self._pace.is_free(owes_answer=self._cells.owes_answer)

    def flush(self) -> None:
        """Send everything buffered; a slow terminal gets a frame when it has shown the last one."""
        sent = [*self._buffer]
        room = self._pace.max_bytes(owes_answer=self._cells.owes_answer) if self._cells.is_ahead else 0
        if room and (frame := self._cells.differences(room)):
            sent += [frame, self._pace.sent(len(frame.encode()))]
        data = "".join(sent).encode("utf-8", errors="replace")
        self._buffer.clear()
        self._last_accepted = time.monotonic()
        while data and not self.lost:
            data = data[self._send(data) :]

    def revives(self, wait_seconds: float = 0.0) -> bool:
        """Return whether a stalled terminal accepts bytes again, and if so resume writing to it."""
        if self.hung_up or not _has_room(self._descriptor, wait_seconds):
            return False
        self.loss = ""
        return True

    def _send(self, data: bytes) -> int:
        try:
            accepted = os.write(self._descriptor, data)
        except BlockingIOError:
            self._wait_or_give_up()
            return 0
        except OSError:
            self.hang_up("the terminal is closed")
            return 0
        self._last_accepted = time.monotonic()
        return accepted

    def _wait_or_give_up(self) -> None:
        now = time.monotonic()
        stalled_seconds = now - self._last_accepted
        past_deadline = self.give_up_at is not None and now >= self.give_up_at
        if past_deadline or (self._stalled_seconds is not None and stalled_seconds >= self._stalled_seconds):
            self.loss = self.loss or f"the terminal did not respond for {stalled_seconds:.0f} seconds"
            return
        _has_room(self._descriptor, 0.1)
        # The kernel reports room for one byte, yet accepts no line break, which a terminal expands to two.
        time.sleep(0.001)


def _has_room(descriptor: int, wait_seconds: float) -> bool:
    """Wait for room to write and return whether there is some; never on a terminal that hung up."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return poll.poll(wait_seconds * 1000) == [(descriptor, select.POLLOUT)]


def accepts_output(descriptor: int) -> bool:
    """Return whether there is room for some lines, waiting up to `MAX_EXIT_WAIT_SECONDS`.

    A print to a stalled terminal would block the process forever, one to a lost terminal would fail.
    """
    return _has_room(descriptor, MAX_EXIT_WAIT_SECONDS)
