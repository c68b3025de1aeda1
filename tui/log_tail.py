"""Reads the end of a log file that another process or thread writes."""

import os
from collections import deque
from pathlib import Path

from fitmon.text import format as form
from fitmon.tui.log_filter import needed

MAX_LINES = 500
MAX_BYTES = 64 * 1024
"""At most this much of the end of the file is read at once, which bounds the cost of a flood of output."""


class LogTail:
    """Follows a file in bounded memory."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0
        self._unfinished = ""
        self.lines: deque[str] = deque(maxlen=MAX_LINES)
        """The last complete lines, free of control characters."""
        self._needed: deque[str] = deque(maxlen=MAX_LINES)
        self.harmless_lines = 0
        """How many lines so far tell a person nothing."""

    def read(self) -> bool:
        """Read what was added and return whether anything was. A missing file counts as empty."""
        try:
            with self._path.open("rb") as log:
                size = os.fstat(log.fileno()).st_size
                if size == self._position:
                    return False
                # A file that shrank was rewritten; of one that grew a lot, only the end is worth showing.
                start = self._position if size > self._position else 0
                start = max(start, size - MAX_BYTES)
                if start != self._position:
                    self._unfinished = ""
                log.seek(start)
                added = log.read(size - start)
        except OSError:
            return False
        self._position = size
        self._append(added.decode("utf-8", errors="replace"))
        return True

    def _append(self, text: str) -> None:
        *whole, self._unfinished = (self._unfinished + text).replace("\r\n", "\n").split("\n")
        self._unfinished = self._unfinished[-MAX_BYTES:]
        shown = [self._shown(line) for line in whole]
        needed_lines = needed(shown)
        self.lines.extend(shown)
        self._needed.extend(needed_lines)
        self.harmless_lines += len(shown) - len(needed_lines)

    @staticmethod
    def _shown(line: str) -> str:
        # A progress bar overwrites its line by a carriage return: its last state is the one to show.
        return form.clean(line.rstrip("\r").rpartition("\r")[2][:2000])

    def last(self, width: int, height: int, containing: str = "") -> list[str]:
        """Return the last rows that fit, with long lines wrapped; only lines that contain a text, in any case."""
        return self._wrapped(self.matching(containing), width, height)

    def last_needed(self, width: int, height: int) -> list[str]:
        """Return the last rows that fit of those lines that a person may need."""
        return self._wrapped([*self._needed, *needed(self._end())], width, height)

    def _end(self) -> list[str]:
        return [self._shown(self._unfinished)] if self._unfinished else []

    @staticmethod
    def _wrapped(lines: list[str], width: int, height: int) -> list[str]:
        rows: deque[str] = deque(maxlen=max(height, 0))
        for line in lines[-height:] if height > 0 else []:
            rows.extend(form.wrap(line, width))
        return list(rows)

    def matching(self, text: str) -> list[str]:
        """Return the lines that contain a text, in any case; the last one may be unfinished."""
        return [line for line in (*self.lines, *self._end()) if text.casefold() in line.casefold()]
