"""A run that is kept on disk: a session together with its folder, lock, journal and checkpoints."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Self

import msgspec

from fitmon.engine import events
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.checkpoints.store import CheckpointStore
from fitmon.engine.errors import DiskError
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.training.options import RunOptions
from fitmon.engine.training.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from fitmon.engine.checkpoints.resume_point import ResumePoint
    from fitmon.engine.commands import Command
    from fitmon.engine.job import Job
    from fitmon.engine.record.snapshot import Snapshot
    from fitmon.engine.runs.run_folder import RunFolder


OWN_TERMINAL = "its own terminal"


class KeptRun:
    """A session whose run outlives it. Every command is in the journal before it is carried out."""

    def __init__(
        self,
        job: Job,
        folder: RunFolder,
        options: RunOptions | None = None,
        *,
        policy: CheckpointPolicy | None = None,
    ) -> None:
        """Take the run's lock and open its journal; nothing is loaded yet.

        Args:
            job: what to train.
            folder: the run's own, described already.
            options: how to train it; None: the defaults.
            policy: how much of it is kept; None: the default amount.

        Raises:
            RunInUseError: another process has the run.
            DiskError: its folder cannot be written.
        """
        self.folder = folder
        """Where the run is kept."""
        options = options or RunOptions()
        self._on_event = options.on_event
        self._lock = RunLock(folder)
        try:
            self._journal = JournalWriter(folder.journal_path)
        except BaseException:
            self._lock.release()
            raise
        self._store = _store(folder, policy or CheckpointPolicy(), options.resume_point, self._journal_trouble)
        self._session = Session(job, replace(options, on_event=self._keep), store=self._store)

    @property
    def warning(self) -> str:
        """Why other processes are not kept out of the run, as a sentence; empty when they are."""
        return self._lock.warning

    @property
    def model(self) -> keras.Model | None:
        """The model, as plain Keras knows it, once the run is over; None before it is built."""
        return self._session.model

    def start(self) -> None:
        """Train in a thread of its own, and return at once."""
        self._session.start()

    def run(self) -> None:
        """Train in the calling thread, and return when the training has ended; see `Session.run`."""
        self._session.run()

    def send(self, command: Command, by: str = OWN_TERMINAL) -> None:
        """Send a command, from any thread but not in a signal handler; `by` says in words who sends it."""
        self._journal.command(command, by=by)
        self._session.send(command)

    def snapshot(self) -> Snapshot:
        """Return what is known of the run now, from any thread."""
        return self._session.snapshot()

    def join(self, timeout_seconds: float | None = None) -> bool:
        """Wait until the training has ended, and return whether it has. None waits without a limit."""
        return self._session.join(timeout_seconds)

    def close(self) -> None:
        """Write everything to the disk and release the run; a second time does nothing."""
        self._store.close()
        self._journal.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _keep(self, event: events.Event) -> None:
        self._journal.event(event)
        if isinstance(event, events.RunStarted):
            self._describe(event)
        if self._on_event is not None:
            self._on_event(event)

    def _describe(self, started: events.RunStarted) -> None:
        # The journal says the same; a disk that has no room for this must not end the training.
        with suppress(DiskError):
            description = self.folder.description()
            self.folder.describe(
                msgspec.structs.replace(description, device=started.device, pid=os.getpid(), host=socket.gethostname())
            )

    def _journal_trouble(self) -> str:
        error = self._journal.error
        return "" if error is None else f"The journal could not be written ({error.strerror or error})."


def _store(
    folder: RunFolder, policy: CheckpointPolicy, resume_point: ResumePoint | None, other_trouble: Callable[[], str]
) -> CheckpointStore:
    known = None if resume_point is None else resume_point.replayed.record.snapshot()
    return CheckpointStore(
        folder,
        policy=policy,
        branch=1 if known is None else known.branch.number,
        branches=() if known is None else (*known.other_branches, known.branch),
        other_trouble=other_trouble,
    )
