"""Writes checkpoints in a thread of its own, so that the training pays for the copy alone."""

import threading
from collections.abc import Callable
from pathlib import Path

from fitmon.engine.durable.state import State
from fitmon.engine.errors import FitmonError


class CheckpointWriter:
    """Takes states and writes the newest; at most one waits, so that a slow disk never holds more than two."""

    def __init__(self, write: Callable[[State], Path]) -> None:
        """Start the thread; `write` is called there, with one state at a time, and may raise."""
        self._write = write
        self._changed = threading.Condition()
        self._waiting: State | None = None
        self._writing = False
        self._closed = False
        self.last_error = ""
        """Why the last write failed, as a sentence; empty when it went well, or while there was none."""
        self.last_path: Path | None = None
        """The last checkpoint that was written; None before the first."""
        self._thread = threading.Thread(target=self._run, name="fitmon checkpoints", daemon=True)
        self._thread.start()

    def put(self, state: State) -> None:
        """Hand over a state, never after `close`; it takes the place of one that waits. Returns at once."""
        with self._changed:
            self._waiting = state
            self._changed.notify_all()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Wait until everything handed over is written or has failed; return whether it is. None waits for ever."""
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting is None and not self._writing, timeout_seconds)

    def close(self, timeout_seconds: float | None = None) -> bool:
        """Write what waits and end the thread; return whether it has ended. None waits for ever."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (state := self._next()) is not None:
            try:
                self.last_path, self.last_error = self._write(state), ""
            except FitmonError as error:
                self.last_error = str(error)
            except Exception as error:  # noqa: BLE001 - whatever hinders a checkpoint, the training goes on
                self.last_error = f"The checkpoint could not be written ({type(error).__name__}: {error})."
            # A state may be large, and the next one may come in an hour.
            del state
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _next(self) -> State | None:
        """Wait for a state; None when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting is not None or self._closed)
            state, self._waiting = self._waiting, None
            self._writing = state is not None
            return state
