"""Writes a run's journal: events and commands, one line each, appended as they come.

`journal_reader` reads it; `journal_line` defines the format of a line.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from fitmon.engine import events
from fitmon.engine.commands import Command
from fitmon.engine.errors import DiskError
from fitmon.engine.runs.fsync_thread import FsyncThread
from fitmon.engine.runs.journal_filter import JournalFilter
from fitmon.engine.runs.journal_line import CommandReceived, EntriesLost, JournalEntry, JournalOpened, encode_line
from fitmon.engine.runs.journal_reader import journal_end
from fitmon.engine.runs.private_files import open_private, sync_folder


def _utc_now() -> datetime:
    return datetime.now(UTC)


class JournalWriter:
    """Appends to a journal from any thread, but not from a signal handler.

    Once it is open, disk errors do not raise: `error` has the last one, each later line tries again, and lines lost in
    the meantime leave a gap in the numbers.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
        flush_seconds: float = 1.0,
    ) -> None:
        """Create a journal, or append to one: an unfinished last line is removed, and its length recorded.

        Args:
            path: the file; no other process may write to it, which `lock.RunLock` ensures.
            clock: seconds since a moment that is fixed until the machine restarts.
            now: the time of day, with a time zone.
            flush_seconds: how long a line may wait before it is flushed to the disk. An epoch's end does not wait.

        Raises:
            DiskError: it cannot be written.
        """
        self._clock, self._now = clock, now
        self._lock = threading.Lock()
        self._filter = JournalFilter()
        self._first_lost: int | None = None
        self._unfinished = False
        """Whether the file ends with part of a line that could not be removed."""
        self._closed = False
        self._error: OSError | None = None
        try:
            self._descriptor = open_private(path, os.O_RDWR | os.O_APPEND)
            try:
                self._begin(path)
            except OSError:
                os.close(self._descriptor)
                raise
        except OSError as error:
            raise DiskError(
                f"The journal {path} cannot be written ({error.strerror or error}). Choose another folder "
                "with --run-dir, or run without one with --ephemeral."
            ) from error
        self._fsync_thread = FsyncThread(self._descriptor, flush_seconds)

    @property
    def error(self) -> OSError | None:
        """Why the last line could not be written or flushed; None when all is well."""
        return self._error or self._fsync_thread.error

    def event(self, event: events.Event) -> None:
        """Write an event, if the journal keeps it; never waits for the disk."""
        with self._lock:
            kept = self._filter.kept(event)
            if kept is not None and self._append(kept):
                self._fsync_thread.written(
                    at_once=isinstance(kept, events.EpochEnded | events.RunEnded | events.RunFailed)
                )

    def command(self, command: Command, *, by: str = "") -> None:
        """Write a command before it is carried out; `by` names the sender, in words."""
        with self._lock:
            if self._append(CommandReceived(command=command, by=by)):
                self._fsync_thread.written()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Wait until all lines are on the disk; return whether they are. None: no timeout."""
        return self._fsync_thread.flush(timeout_seconds) and self._error is None

    def close(self) -> None:
        """Flush all lines and close the file; later calls write nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._fsync_thread.close()
        os.close(self._descriptor)

    def _begin(self, path: Path) -> None:
        end = journal_end(path)
        os.ftruncate(self._descriptor, end.whole_bytes)
        sync_folder(path.parent)
        self._sequence = end.sequence
        self._append(JournalOpened(pid=os.getpid(), host=socket.gethostname(), torn_bytes=end.torn_bytes))
        if self._error is not None:
            raise self._error
        os.fsync(self._descriptor)

    def _append(self, entry: JournalEntry) -> bool:
        """Write a line, after one for the lines that were lost before; return whether that succeeded."""
        if self._closed:
            return False
        lost: list[EntriesLost] = []
        if self._first_lost is not None:
            reason = "unknown" if self._error is None else self._error.strerror or str(self._error)
            lost = [EntriesLost(first=self._first_lost, last=self._sequence, reason=reason)]
        wall, monotonic = self._now(), self._clock()
        lines = b"".join(
            encode_line(each, sequence=self._sequence + number, wall=wall, monotonic=monotonic)
            for number, each in enumerate([*lost, entry], 1)
        )
        self._error = self._write(lines)
        if self._error is None:
            self._sequence += 1 + len(lost)
            self._first_lost = None
            return True
        self._sequence += 1
        self._first_lost = self._first_lost or self._sequence
        return False

    def _write(self, lines: bytes) -> OSError | None:
        """Write all lines or none; return the error, if any."""
        try:
            length = os.fstat(self._descriptor).st_size
            unwritten = b"\n" * self._unfinished + lines
            unfinished, self._unfinished = self._unfinished, True
            try:
                # A nearly full disk accepts a part; only the call for the rest raises the error.
                while unwritten:
                    unwritten = unwritten[os.write(self._descriptor, unwritten) :]
            except OSError:
                os.ftruncate(self._descriptor, length)
                self._unfinished = unfinished
                raise
        except OSError as error:
            return error
        self._unfinished = False
        return None
