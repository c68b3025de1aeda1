"""What TensorFlow and the model print: the end of the run's log file."""

import os
from collections import deque
from pathlib import Path

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.widgets.row_widget import RowWidget

MAX_LINES = 500
MAX_BYTES = 64 * 1024
"""So much of the file's end is read at most at a time; a flood of output costs no more than this."""


class LogTail:
    """Reads what was added to a file, in bounded memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._unfinished = ""
        self.lines: deque[str] = deque(maxlen=MAX_LINES)
        """The last whole lines, free of control characters."""

    def read(self) -> bool:
        """Take in what is new and return whether there was anything. A missing file is an empty one."""
        try:
            with self._path.open("rb") as log:
                size = os.fstat(log.fileno()).st_size
                if size == self._position:
                    return False
                # A file that shrank was begun anew; of one that grew a lot, only the end is worth showing.
                start = self._position if size > self._position else 0
                start = max(start, size - MAX_BYTES)
                if start != self._position:
                    self._unfinished = ""
                log.seek(start)
                added = log.read(size - start)
        except OSError:
            return False
        self._position = size
        self._take(added.decode("utf-8", errors="replace"))
        return True

    def _take(self, text: str) -> None:
        *whole, self._unfinished = (self._unfinished + text).replace("\r\n", "\n").split("\n")
        self._unfinished = self._unfinished[-MAX_BYTES:]
        self.lines.extend(self._shown(line) for line in whole)

    @staticmethod
    def _shown(line: str) -> str:
        # A progress bar overwrites its line by a carriage return: its last state is the one to show.
        return form.clean(line.rstrip("\r").rpartition("\r")[2][:2000])

    def last(self, width: int, height: int) -> list[str]:
        """Return the last rows that fit, long lines broken."""
        rows: deque[str] = deque(maxlen=max(height, 0))
        unfinished = [self._shown(self._unfinished)] if self._unfinished else []
        for line in [*list(self.lines)[-height:], *unfinished]:
            rows.extend(form.wrap(line, width))
        return list(rows)


class LogPane(RowWidget):
    """Shows the end of the log while it is in sight; reads nothing while it is not."""

    def __init__(self, widget_id: str, log_path: Path | None) -> None:
        super().__init__(widget_id)
        self._log_path = log_path
        self._tail = LogTail(log_path) if log_path is not None else None

    def refresh_log(self) -> None:
        """Read what was added and draw it."""
        if self.display and (self._tail is None or self._tail.read() or not self.drawn_rows):
            self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        place = form.clip(form.clean(str(self._log_path or "")), max(0, width - 14))
        title = row(("output", Role.STRONG), (f"  {place}" if place else "", Role.FAINT))
        lines = self._tail.last(width - 4, height - 2) if self._tail is not None else []
        said = [row(f" {line}") for line in lines] or [row((" nothing printed so far", Role.FAINT))]
        return framed(title, said, width, height)
