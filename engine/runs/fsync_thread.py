"""Flushes a file to the disk in a separate thread.

The disk may take longer than an epoch, and the training must not wait for it; and the last lines before a pause must
reach the disk even if no other line follows. The thread sleeps until something is written.
"""

import os
import threading

_sync = getattr(os, "fdatasync", os.fsync)
"""macOS has no fdatasync."""


class FsyncThread:
    """Flushes a file at most a second after a write, or at once on request."""

    def __init__(self, descriptor: int, seconds: float = 1.0) -> None:
        """Start the thread.

        Args:
            descriptor: an open file, which stays open until `close`.
            seconds: how long a write may wait for others to be flushed with it.
        """
        self._descriptor, self._seconds = descriptor, seconds
        self._changed = threading.Condition()
        self._written = self._flushed = 0
        self._at_once = self._closed = False
        self.error: OSError | None = None
        """Why the last flush failed; None if it succeeded or there was none yet."""
        self._thread = threading.Thread(target=self._run, name="fitmon journal", daemon=True)
        self._thread.start()

    def written(self, *, at_once: bool = False) -> None:
        """Report that something was written; returns at once."""
        with self._changed:
            self._written += 1
            self._at_once |= at_once
            self._changed.notify_all()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Wait until everything written is on the disk; return whether it is. None: no timeout."""
        with self._changed:
            target = self._written
            self._at_once = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._flushed >= target, timeout_seconds) and self.error is None

    def close(self) -> None:
        """Flush everything written and end the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while (written := self._next()) is not None:
            error = None
            try:
                _sync(self._descriptor)
            except OSError as failure:
                error = failure
            with self._changed:
                self._flushed, self.error = written, error
                self._changed.notify_all()

    def _next(self) -> int | None:
        """Wait until it is time to flush; return how many writes that covers, or None when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._written > self._flushed or self._closed)
            self._changed.wait_for(lambda: self._at_once or self._closed, self._seconds)
            self._at_once = False
            return self._written if self._written > self._flushed else None
