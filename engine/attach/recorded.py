"""A run that no process trains, as recorded in its folder."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.errors import DataError, SetupError
from fitmon.engine.events import Phase
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.snapshot import Snapshot
from fitmon.engine.runs.replay import replay_journal

if TYPE_CHECKING:
    from fitmon.engine.commands import Command
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.runs.run_folder import RunFolder


def recorded_snapshot(folder: RunFolder) -> Snapshot:
    """Return the snapshot of a run that no process trains, from its journal; the run is over in it.

    It has no samples. If the journal cannot be read at all, that is how the run ended.
    """
    try:
        record = replay_journal(folder).record
    except DataError as error:
        record = RunRecord()
        _end(record, error.kind, str(error))
    if record.ending is None:
        _end(record, SetupError.kind, _crashed(folder))
    return record.snapshot()


class RecordedRun:
    """A run that is over and cannot be steered. Satisfies `fitmon.tui.run.Run`."""

    read_only = True

    def __init__(self, folder: RunFolder) -> None:
        """Read nothing yet."""
        self._folder = folder
        self._snapshot = RunRecord(phase=Phase.LOADING, phase_detail="the journal").snapshot()
        self._reader = threading.Thread(target=self._read, name="fitmon journal", daemon=True)

    def start(self) -> None:
        """Start reading, which takes a moment for a long journal or a large model; a second call does nothing."""
        if self._reader.ident is None:
            self._reader.start()

    def send(self, command: Command) -> None:
        """Do nothing: no process trains the run."""

    def snapshot(self) -> Snapshot:
        """Return the snapshot; an empty one until the journal is read."""
        return self._snapshot

    def join(self, timeout_seconds: float) -> bool:
        """Wait until everything is read; return whether it is."""
        self._reader.join(timeout_seconds)
        return not self._reader.is_alive()

    def _read(self) -> None:
        self._snapshot = snapshot = recorded_snapshot(self._folder)
        observation = _last_observation(self._folder, snapshot.branch.number)
        self._snapshot = replace(snapshot, version=snapshot.version + 1, observation=observation)


def _last_observation(folder: RunFolder, branch: int) -> Observation | None:
    """Return what the newest checkpoint of a branch has of the validation samples; None when it has nothing."""
    from fitmon.engine.arrays import Saved
    from fitmon.engine.checkpoints.find import latest_state
    from fitmon.engine.insight.observer import Observer

    state, _damaged = latest_state(folder, branch)
    if state is None:
        return None
    try:
        samples = Saved(state.others, "observer").whole("samples")
        return Observer(samples, folder.description().settings.threshold).restore(state.others)
    except DataError:
        return None


def _end(record: RunRecord, kind: str, message: str) -> None:
    record.apply(events.PhaseChanged(phase=Phase.FAILED))
    record.apply(events.RunFailed(kind=kind, message=message, traceback="", epochs_done=record.epochs_done))


def _crashed(folder: RunFolder) -> str:
    return f"The process that trained this run ended unexpectedly. Resume it with `fitmon resume {folder.name}`."
