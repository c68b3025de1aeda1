"""The status of a run, from its lock and the end of its journal, without its process and without reading all of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.errors import DataError
from fitmon.engine.runs.journal_line import JournalOpened
from fitmon.engine.runs.journal_reader import read_backwards
from fitmon.engine.runs.lock import holder_of

if TYPE_CHECKING:
    from pathlib import Path

    from fitmon.engine.runs.description import RunDescription
    from fitmon.engine.runs.journal_line import JournalEntry
    from fitmon.engine.runs.run_folder import RunFolder


class RunState(StrEnum):
    """What a run is doing, or how it ended."""

    TRAINING = "training"
    """A process trains it, with a screen or printing lines."""
    PAUSED = "paused"
    """A process owns it and waits."""
    DETACHED = "detached"
    """It trains without a screen: that was closed, or there never was one."""
    FINISHED = "finished"
    """All epochs are trained."""
    STOPPED = "stopped"
    """The user stopped it."""
    FAILED = "failed"
    """It ended with an error."""
    CRASHED = "crashed"
    """No process owns it, and it did not end: it was killed, or the machine crashed."""
    NOT_STARTED = "not started"
    """Nothing is written yet: a process is about to start, or never got that far."""
    DAMAGED = "damaged"
    """No process owns it, and its description, or all of its journal, cannot be read."""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """The state and progress of one run."""

    name: str
    id: str | None
    """As in `RunDescription`, like `job` and `started`; None when that cannot be read."""
    path: Path
    job: str | None
    state: RunState
    epoch: int
    """The current epoch; once the run is over, the last one completed; 0: none has started."""
    epochs: int | None
    """The number of epochs to train; None if unknown."""
    metrics: dict[str, float]
    """Keras's metrics of the last finished epoch; empty if there is none, or none since the last rewind."""
    started: datetime | None
    """In UTC."""
    changed: datetime
    """When it last wrote its journal, in UTC."""
    pid: int | None
    """The process that owns it, or owned it last; None if unknown, like `host`."""
    host: str | None


def run_status(folder: RunFolder) -> RunStatus:
    """Return the status of a run; never raises: if it cannot be read, the state is `damaged`."""
    description = _description(folder)
    holder = holder_of(folder)
    progress = _progress(folder.journal_path)
    # A run with neither an owner nor an end may have been locked after the first check.
    holder = holder_of(folder) if holder is None and not progress.over else holder
    owner = holder or description
    return RunStatus(
        name=folder.name,
        id=None if description is None else description.id,
        path=folder.path,
        job=None if description is None else description.job,
        state=_state(folder, progress, held=holder is not None, described=description is not None),
        epoch=progress.epoch or 0,
        epochs=progress.epochs or (None if description is None else description.settings.epochs),
        metrics=progress.metrics,
        started=None if description is None else description.started,
        changed=datetime.fromtimestamp(folder.changed(), UTC),
        pid=owner.pid or None if owner else None,
        host=owner.host or None if owner else None,
    )


@dataclass(slots=True)
class _Progress:
    """What a journal says, read from its end."""

    last: JournalEntry | None = None
    """The last entry that says whether the run trains; None: there is none."""
    epoch: int | None = None
    epochs: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    _last_valid_epoch: float = math.inf

    @property
    def over(self) -> bool:
        return isinstance(self.last, events.RunEnded | events.RunFailed)

    def add(self, entry: JournalEntry) -> bool:
        """Add the entry before those added so far; return whether no more are needed."""
        self.last = self.last or entry
        match entry:
            case events.EpochStarted():
                self._reached(entry.epoch, entry.epochs)
            case events.EpochEnded():
                self._reached(entry.epoch, entry.epochs)
                if entry.epoch <= self._last_valid_epoch:
                    self.metrics = entry.metrics
                    return True
            case events.RunResumed():
                self._reached(entry.epochs_done + (entry.step > 0))
                self._last_valid_epoch = min(self._last_valid_epoch, entry.epochs_done)
            case events.BranchStarted():
                epochs = entry.knobs.get("epochs")
                self._reached(entry.epoch, epochs if isinstance(epochs, int) else None)
                # The epoch that the branch started from may be anywhere before.
                return True
            case events.RunStarted():
                self.epochs = self.epochs or entry.epochs
            case events.RunEnded() | events.RunFailed() if entry is self.last:
                # A run that was stopped has begun an epoch that it did not complete.
                self._reached(entry.epochs_done)
        return False

    def _reached(self, epoch: int, epochs: int | None = None) -> None:
        self.epoch = epoch if self.epoch is None else self.epoch
        self.epochs = self.epochs or epochs


def _progress(journal: Path) -> _Progress:
    progress = _Progress()
    for entry in read_backwards(journal, *_STATUS_ENTRIES):
        if progress.add(entry):
            break
    return progress


def _state(folder: RunFolder, progress: _Progress, *, held: bool, described: bool) -> RunState:
    empty = progress.last is None
    if not held and (not described or (empty and _bytes_of(folder.journal_path))):
        return RunState.DAMAGED
    match progress.last:
        case events.RunEnded(completed=completed):
            return RunState.FINISHED if completed else RunState.STOPPED
        case events.RunFailed():
            return RunState.FAILED
    if not held:
        return RunState.NOT_STARTED if empty else RunState.CRASHED
    if isinstance(progress.last, events.RunPaused):
        return RunState.PAUSED
    detached = next(read_backwards(folder.journal_path, events.RunDetached, JournalOpened), None)
    return RunState.DETACHED if isinstance(detached, events.RunDetached) else RunState.TRAINING


def _description(folder: RunFolder) -> RunDescription | None:
    try:
        return folder.description()
    except DataError:
        return None


def _bytes_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


_STATUS_ENTRIES = (
    JournalOpened,
    events.RunStarted,
    events.RunResumed,
    events.BranchStarted,
    events.EpochStarted,
    events.EpochEnded,
    events.RunPaused,
    events.PauseEnded,
    events.RunEnded,
    events.RunFailed,
)
"""The entries that say whether a run trains, and how far it is. Others may also follow the end of a run."""
