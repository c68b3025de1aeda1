"""A run that another process trains, as if it were trained here."""

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
"""What the journal calls a viewer."""
POLL_SECONDS = 0.25
HURRIED_POLL_SECONDS = 0.05
HURRIED_POLLS = 10
"""After a command so many polls come soon, since the run answers between two chunks."""
NO_ANSWER = "the run does not answer"


class RemoteRun:
    """A run in another process; satisfies `fitmon.tui.run.Run`.

    When that process has gone, this becomes the record on disk.
    """

    def __init__(self, folder: RunFolder, conversation: Connection, *, read_only: bool = False) -> None:
        """Ask nothing yet.

        Args:
            folder: of the run.
            conversation: with its process, opened for this and closed here.
            read_only: look only; `send` does nothing then.
        """
        self.read_only = read_only
        """Whether nothing can be asked of the run."""
        self._folder = folder
        self._conversation: Connection | None = conversation
        self._snapshot = RunRecord(phase_detail="asking the run").snapshot()
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._hurried_polls = 0
        self._wake, self._over = threading.Event(), threading.Event()
        self._closing = False
        self._following = threading.Thread(target=self._follow, name="fitmon following", daemon=True)

    def start(self) -> None:
        """Begin to look, in a thread of its own; a second time does nothing."""
        if self._following.ident is None:
            self._following.start()

    def send(self, command: Command) -> None:
        """Ask the run for something; never waits."""
        if not self.read_only:
            self._commands.put(command)
            self._wake.set()

    def snapshot(self) -> Snapshot:
        """Return what was known a moment ago; never waits."""
        return self._snapshot

    def join(self, timeout_seconds: float) -> bool:
        """Wait until the training is over or its process has gone, and return whether that came in time."""
        return self._over.wait(timeout_seconds)

    def close(self) -> None:
        """Look no more; the run goes on."""
        self._closing = True
        self._wake.set()
        if self._following.ident is None and self._conversation is not None:
            self._conversation.close()

    def _follow(self) -> None:
        while not self._closing and self._conversation is not None:
            try:
                self._exchange(self._conversation)
            except (OSError, GarbageError):
                self._conversation.close()
                self._wait()
                self._conversation = self._again()
            else:
                self._wait()
        if self._conversation is not None:
            self._conversation.close()
        elif not self._closing:
            self._show(self._last_picture())

    def _exchange(self, conversation: Connection) -> None:
        while not self._commands.empty():
            conversation.ask(self._commands.get())
            self._hurried_polls = HURRIED_POLLS
        self._show(conversation.poll())
        if conversation.more:
            self._show(conversation.poll())

    def _again(self) -> Connection | None:
        """Return a new conversation as soon as the run's process can be reached; None when it has gone."""
        while not self._closing and holder_of(self._folder) is not None:
            if not self._snapshot.over:
                self._show(replace(self._snapshot, version=self._snapshot.version + 1, phase_detail=NO_ANSWER))
            try:
                return Connection(self._folder, name=NAME, read_only=self.read_only)
            except (OSError, GarbageError, FitmonError):
                self._wait()
        return None

    def _last_picture(self) -> Snapshot:
        """Return the record on disk, with the samples that only the process could show."""
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
            # A run that was over may have gone back to an epoch.
            self._over.clear()

    def _wait(self) -> None:
        seconds = HURRIED_POLL_SECONDS if self._hurried_polls else POLL_SECONDS
        self._hurried_polls = max(0, self._hurried_polls - 1)
        self._wake.wait(seconds)
        self._wake.clear()
