"""A run that nobody trains any more, as its folder tells it."""

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
    """Return what the journal of a run that nobody trains tells; it is over, one way or another.

    The samples themselves are not in it. A journal that cannot be read at all is told as the way it ended.
    """
    try:
        record = replay_journal(folder).record
    except DataError as error:
        record = RunRecord()
        _end(record, error.kind, str(error))
    if record.ending is None:
        _end(record, SetupError.kind, _gone(folder))
    return record.snapshot()


class RecordedRun:
    """A run that is over; nothing can be asked of it. Satisfies `fitmon.tui.run.Run`."""

    read_only = True

    def __init__(self, folder: RunFolder) -> None:
        """Read nothing yet."""
        self._folder = folder
        self._snapshot = RunRecord(phase=Phase.LOADING, phase_detail="the journal").snapshot()
        self._reading = threading.Thread(target=self._read, name="fitmon journal", daemon=True)

    def start(self) -> None:
        """Begin to read, which takes a moment with a long journal or a large model; a second time does nothing."""
        if self._reading.ident is None:
            self._reading.start()

    def send(self, command: Command) -> None:
        """Do nothing: nobody is there to ask."""

    def snapshot(self) -> Snapshot:
        """Return the record; before it has been read, an empty one."""
        return self._snapshot

    def join(self, timeout_seconds: float) -> bool:
        """Wait until the record has been read and return whether it has."""
        self._reading.join(timeout_seconds)
        return not self._reading.is_alive()

    def _read(self) -> None:
        self._snapshot = snapshot = recorded_snapshot(self._folder)
        observation = _last_observation(self._folder, snapshot.branch.number)
        self._snapshot = replace(snapshot, version=snapshot.version + 1, observation=observation)


def _last_observation(folder: RunFolder, branch: int) -> Observation | None:
    """Return what the newest checkpoint of a branch knows of the validation samples; None when that is nothing."""
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


def _gone(folder: RunFolder) -> str:
    return (
        "The process that trained this run has gone without a word. "
        f"Go on from its last checkpoint with `fitmon resume {folder.name}`."
    )
