"""A run that another process trains, with the interface of one that is trained here."""

from __future__ import annotations

import queue
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from fitmon.engine.attach.client import Connection
from fitmon.engine.attach.recorded import recorded_snapshot
from fitmon.engine.attach.wire import GarbageError
from fitmon.engine.errors import FitmonError
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.runs.lock import holder_of

if TYPE_CHECKING:
    from fitmon.engine.commands import Command
    from fitmon.engine.runs.run_folder import RunFolder

NAME = "attach"
"""The name of a viewer in the journal."""
POLL_SECONDS = 0.25
FAST_POLL_SECONDS = 0.05
FAST_POLLS = 10
"""The number of fast polls after a command, since the run answers between two chunks."""
NO_ANSWER = "the run does not answer"


class RemoteRun:
    """A run in another process; satisfies `fitmon.tui.run.Run`.

    When that process ends, the snapshot becomes the recorded one.
    """

    def __init__(self, folder: RunFolder, connection: Connection, *, read_only: bool = False) -> None:
        """Send nothing yet.

        Args:
            folder: of the run.
            connection: to its process; closed by this object.
            read_only: whether `send` does nothing.
        """
        self.read_only = read_only
        """Whether the run cannot be steered."""
        self._folder = folder
        self._connection: Connection | None = connection
        self._snapshot = RunRecord(phase_detail="connecting to the run").snapshot()
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._fast_polls = 0
        self._wake, self._over = threading.Event(), threading.Event()
        self._closing = False
        self._poller = threading.Thread(target=self._follow, name="fitmon polling", daemon=True)

    def start(self) -> None:
        """Start polling in a separate thread; a second call does nothing."""
        if self._poller.ident is None:
            self._poller.start()

    def send(self, command: Command) -> None:
        """Send a command to the run; never waits."""
        if not self.read_only:
            self._commands.put(command)
            self._wake.set()

    def snapshot(self) -> Snapshot:
        """Return the last snapshot; never waits."""
        return self._snapshot

    def join(self, timeout_seconds: float) -> bool:
        """Wait until the run is over or its process has ended; return False on a timeout."""
        return self._over.wait(timeout_seconds)

    def close(self) -> None:
        """Stop polling; the run continues."""
        self._closing = True
        self._wake.set()
        if self._poller.ident is None and self._connection is not None:
            self._connection.close()

    def _follow(self) -> None:
        while not self._closing and self._connection is not None:
            try:
                self._exchange(self._connection)
            except (OSError, GarbageError):
                self._connection.close()
                self._wait()
                self._connection = self._reconnect()
            else:
                self._wait()
        if self._connection is not None:
            self._connection.close()
        elif not self._closing:
            self._show(self._last_snapshot())

    def _exchange(self, connection: Connection) -> None:
        while not self._commands.empty():
            connection.send(self._commands.get())
            self._fast_polls = FAST_POLLS
        self._show(connection.poll())
        if connection.more:
            self._show(connection.poll())

    def _reconnect(self) -> Connection | None:
        """Return a new connection as soon as the run's process can be reached; None when it has ended."""
        while not self._closing and holder_of(self._folder) is not None:
            if not self._snapshot.over:
                self._show(replace(self._snapshot, version=self._snapshot.version + 1, phase_detail=NO_ANSWER))
            try:
                return Connection(self._folder, name=NAME, read_only=self.read_only)
            except (OSError, GarbageError, FitmonError):
                self._wait()
        return None

    def _last_snapshot(self) -> Snapshot:
        """Return the recorded snapshot, with the samples that only the process could send."""
        last = self._snapshot
        if last.over:
            return last
        recorded = recorded_snapshot(self._folder)
        return replace(recorded, version=last.version + 1, samples=last.samples, observation=last.observation)

    def _show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        if snapshot.over:
            self._over.set()
        else:
            # A run that was over may have been rewound.
            self._over.clear()

    def _wait(self) -> None:
        seconds = FAST_POLL_SECONDS if self._fast_polls else POLL_SECONDS
        self._fast_polls = max(0, self._fast_polls - 1)
        self._wake.wait(seconds)
        self._wake.clear()
