"""The record of a run as its journal grows, whoever writes it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from typing import TYPE_CHECKING

from fitmon.engine.record.record import RunRecord
from fitmon.engine.runs.journal_line import (
    CommandReceived,
    DamagedLineError,
    EntriesLost,
    JournalOpened,
    UnknownLineError,
    decode_line,
)

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class _Position:
    """How far a journal was read."""

    file: int
    """Its inode: another file may have taken its place."""
    read_bytes: int
    """Up to a line break."""


class FollowedRun:
    """Reads a journal once, and later only what was appended; damaged lines are skipped."""

    def __init__(self, journal: Path) -> None:
        """Read nothing yet."""
        self.record = RunRecord()
        """What the journal says so far; empty while there is none."""
        self._journal = journal
        self._position = _Position(0, 0)

    def read(self) -> bool:
        """Read what is new; return whether anything was. A journal that cannot be read has nothing new."""
        with suppress(OSError), self._journal.open("rb") as file:
            status = self._journal.stat()
            if status.st_ino != self._position.file or status.st_size < self._position.read_bytes:
                self.record, self._position = RunRecord(), _Position(status.st_ino, 0)
            return self._read_lines(file, status.st_ino)
        return False

    def _read_lines(self, file: BufferedReader, inode: int) -> bool:
        before = read_bytes = self._position.read_bytes
        file.seek(before)
        for line in file:
            if not line.endswith(b"\n"):
                # Unfinished: it is read when it is whole.
                break
            self._apply(line)
            read_bytes += len(line)
        self._position = _Position(inode, read_bytes)
        return read_bytes > before

    def _apply(self, raw: bytes) -> None:
        with suppress(DamagedLineError, UnknownLineError):
            entry = decode_line(raw).content()
            if not isinstance(entry, CommandReceived | JournalOpened | EntriesLost):
                self.record.apply(entry)
