"""Writes a run's journal: what happened and what was asked, a line each, appended as it comes.

Whoever wants to know what a journal says uses `journal_reader`; what a line looks like is `journal_line`'s business.
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
from fitmon.engine.runs.journal_filter import JournalChoice
from fitmon.engine.runs.journal_line import Asked, Gap, JournalEvent, Opened, encode_line
from fitmon.engine.runs.journal_reader import journal_end
from fitmon.engine.runs.private_files import open_private, sync_folder


def _utc_now() -> datetime:
    return datetime.now(UTC)


class JournalWriter:
    """Appends to a journal from any thread, but not from a signal handler.

    Once it is open, nothing that happens to the disk raises: it is kept as `error`, each later line tries again, and
    the lines lost meanwhile stay visible as a gap in the numbers.
    """

    def __init__(
        self,
        path: Path,
        *,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
        flush_seconds: float = 1.0,
    ) -> None:
        """Begin a journal, or go on with one: an unfinished last line is taken away, and that is noted.

        Args:
            path: the file; nobody else may write to it, which `lock.RunLock` sees to.
            clock: seconds, from a start that holds as long as the machine runs.
            now: the time of day, with a time zone.
            flush_seconds: how long a line may wait for its way to the disk. An epoch's end does not wait.

        Raises:
            DiskError: it cannot be written.
        """
        self._clock, self._now = clock, now
        self._lock = threading.Lock()
        self._choice = JournalChoice()
        self._first_lost: int | None = None
        self._unfinished = False
        """Whether the file ends with a part of a line that could not be taken back."""
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
                f"The journal {path} cannot be written ({error.strerror or error}). Give another folder with "
                "--run-dir, or go on without one with --ephemeral."
            ) from error
        self._flusher = FsyncThread(self._descriptor, flush_seconds)

    @property
    def error(self) -> OSError | None:
        """Why the last line, or the last way to the disk, failed; None while all is well."""
        return self._error or self._flusher.error

    def event(self, event: events.Event) -> None:
        """Write an event, if it is one that a journal keeps; never waits for the disk."""
        with self._lock:
            kept = self._choice.kept(event)
            if kept is not None and self._append(kept):
                self._flusher.written(at_once=isinstance(kept, events.EpochEnded | events.RunEnded | events.RunFailed))

    def command(self, command: Command, *, by: str = "") -> None:
        """Write what was asked for, before it is done; `by` says by whom, in words."""
        with self._lock:
            if self._append(Asked(command=command, by=by)):
                self._flusher.written()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Wait until all lines are on the disk; return whether they are. None waits for ever."""
        return self._flusher.flush(timeout_seconds) and self._error is None

    def close(self) -> None:
        """Bring all lines to the disk and close the file; what comes later is not written."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        self._flusher.close()
        os.close(self._descriptor)

    def _begin(self, path: Path) -> None:
        end = journal_end(path)
        os.ftruncate(self._descriptor, end.whole_bytes)
        sync_folder(path.parent)
        self._sequence = end.sequence
        self._append(Opened(pid=os.getpid(), host=socket.gethostname(), torn_bytes=end.torn_bytes))
        if self._error is not None:
            raise self._error
        os.fsync(self._descriptor)

    def _append(self, content: JournalEvent | Asked | Opened) -> bool:
        """Write a line, and before it one for those that were lost; return whether that went well."""
        if self._closed:
            return False
        lost: list[Gap] = []
        if self._first_lost is not None:
            reason = "unknown" if self._error is None else self._error.strerror or str(self._error)
            lost = [Gap(first=self._first_lost, last=self._sequence, reason=reason)]
        wall, monotonic = self._now(), self._clock()
        lines = b"".join(
            encode_line(each, sequence=self._sequence + number, wall=wall, monotonic=monotonic)
            for number, each in enumerate([*lost, content], 1)
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
        """Write in one call, or not at all; return what went wrong."""
        try:
            length = os.fstat(self._descriptor).st_size
            unwritten = b"\n" * self._unfinished + lines
            unfinished, self._unfinished = self._unfinished, True
            try:
                # A disk that is nearly full takes a part; only the call for the rest tells why.
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
