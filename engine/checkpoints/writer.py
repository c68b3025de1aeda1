"""A thread that writes checkpoints while the training goes on: what it waits for is the disk, not the interpreter."""

import threading
from collections import deque
from collections.abc import Callable

from fitmon.engine.errors import FitmonError

MAX_WAITING_BYTES = 256 * 1024**2
"""What may wait for a slow disk. Small states queue up, so that none is lost; of large ones only the newest waits."""


class CheckpointWriter:
    """Does one piece of writing after another, in the order they came."""

    def __init__(self, most_waiting_bytes: int = MAX_WAITING_BYTES) -> None:
        """Start the thread."""
        self._most_bytes = most_waiting_bytes
        self._changed = threading.Condition()
        self._waiting: deque[tuple[int, Callable[[], None]]] = deque()
        self._writing = False
        self._closed = False
        self.last_error = ""
        """Why the last write failed, as a sentence; empty when it went well, or while there was none."""
        self._thread = threading.Thread(target=self._run, name="fitmon checkpoints", daemon=True)
        self._thread.start()

    def put(self, write: Callable[[], None], size_bytes: int) -> None:
        """Hand over something to write, never after `close`; returns at once.

        When too much waits, the oldest is given up for it. `write` is called in the thread and may raise.
        """
        with self._changed:
            self._waiting.append((size_bytes, write))
            while len(self._waiting) > 1 and sum(size for size, _ in self._waiting) > self._most_bytes:
                self._waiting.popleft()
            self._changed.notify_all()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Wait until everything handed over is written or has failed; return whether it is. None waits for ever."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._writing, timeout_seconds)

    def close(self, timeout_seconds: float | None = None) -> bool:
        """Write what waits and end the thread; return whether it has ended. None waits for ever."""
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
            except Exception as error:  # noqa: BLE001 - whatever hinders a checkpoint, the training goes on
                self.last_error = f"The checkpoint could not be written ({type(error).__name__}: {error})."
            # It holds a state, which may be large, and the next one may come in an hour.
            del write
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _next(self) -> Callable[[], None] | None:
        """Wait for something to write; None when there will be nothing."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._waiting) or self._closed)
            write = self._waiting.popleft()[1] if self._waiting else None
            self._writing = write is not None
            return write
