"""A thread that writes checkpoints while the training continues: it mostly waits for the disk."""

import threading
from collections import deque
from collections.abc import Callable

from fitmon.engine.errors import FitmonError

MAX_WAITING_BYTES = 256 * 1024**2
"""Limit of what is queued for a slow disk: small states queue up, so that none is lost; of large ones the newest."""


class CheckpointWriter:
    """Runs one write after another, in the order in which they were queued."""

    def __init__(self, max_queued_bytes: int = MAX_WAITING_BYTES) -> None:
        """Start the thread."""
        self._max_bytes = max_queued_bytes
        self._changed = threading.Condition()
        self._queue: deque[tuple[int, Callable[[], None]]] = deque()
        self._writing = False
        self._closed = False
        self.last_error = ""
        """Why the last write failed, as a sentence; empty if it succeeded or there was none yet."""
        self._thread = threading.Thread(target=self._run, name="fitmon checkpoints", daemon=True)
        self._thread.start()

    def put(self, write: Callable[[], None], size_bytes: int) -> None:
        """Queue a write, never after `close`; returns at once.

        When too much is queued, the oldest writes are dropped. `write` is called in the thread and may raise.
        """
        with self._changed:
            self._queue.append((size_bytes, write))
            while len(self._queue) > 1 and sum(size for size, _ in self._queue) > self._max_bytes:
                self._queue.popleft()
            self._changed.notify_all()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Wait until every queued write is done or has failed; return False on a timeout. None: no timeout."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._queue and not self._writing, timeout_seconds)

    def close(self, timeout_seconds: float | None = None) -> bool:
        """Finish the queued writes and end the thread; return whether it has ended. None: no timeout."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (write := self._next()) is not None:
            try:
                write()
                self.last_error = ""
            except FitmonError as error:
                self.last_error = str(error)
            except Exception as error:  # noqa: BLE001 - no error of a checkpoint ends the training
                self.last_error = f"The checkpoint could not be written ({type(error).__name__}: {error})."
            # It references a state, which may be large, and the next one may come in an hour.
            del write
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        """Wait for a write; None when there will be no more."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._queue) or self._closed)
            write = self._queue.popleft()[1] if self._queue else None
            self._writing = write is not None
            return write
