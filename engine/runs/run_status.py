"""How a run stands, told from the end of its journal and its lock, without asking its process or reading all of it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.errors import DataError
from fitmon.engine.runs.journal_line import Opened
from fitmon.engine.runs.journal_reader import told_backwards
from fitmon.engine.runs.lock import holder_of

if TYPE_CHECKING:
    from pathlib import Path

    from fitmon.engine.runs.description import RunDescription
    from fitmon.engine.runs.journal_line import Asked, JournalEvent
    from fitmon.engine.runs.run_folder import RunFolder


class RunState(StrEnum):
    """What has become of a run."""

    TRAINING = "training"
    """A process has it, and a screen or a printer belongs to it."""
    PAUSED = "paused"
    """A process has it and waits."""
    DETACHED = "detached"
    """It trains without a screen: that has gone, or there never was one."""
    FINISHED = "finished"
    """All epochs are trained."""
    STOPPED = "stopped"
    """Somebody stopped it."""
    FAILED = "failed"
    """It ended with an error."""
    CRASHED = "crashed"
    """No process has it, and it never came to an end: it was killed, or the machine went down."""
    NOT_STARTED = "not started"
    """Nothing is written yet: a process is about to begin, or never came so far."""
    DAMAGED = "damaged"
    """No process has it, and its description, or all of its journal, cannot be read."""


@dataclass(frozen=True, slots=True)
class RunStatus:
    """One run at a glance."""

    name: str
    id: str | None
    """As in `RunDescription`, as `job` and `started`; None when that cannot be read."""
    path: Path
    job: str | None
    state: RunState
    epoch: int
    """The epoch it is in, or came to; 0: none has begun."""
    epochs: int | None
    """Epochs it is to have; None when nobody can tell."""
    metrics: dict[str, float]
    """Keras's metrics of the last epoch that ended; empty while none has, since the start or since it went back."""
    started: datetime | None
    """In UTC."""
    changed: datetime
    """When it last wrote, in UTC."""
    pid: int | None
    """The process that has it, or that had it last; None when nobody can tell, as for `host`."""
    host: str | None


def run_status(folder: RunFolder) -> RunStatus:
    """Return how a run stands. It never raises: what cannot be read is told as the state `damaged`."""
    description = _description(folder)
    holder = holder_of(folder)
    progress = _progress(folder.journal_path)
    # One that has neither a process nor an end may have been taken between the two looks.
    holder = holder_of(folder) if holder is None and not progress.over else holder
    last = holder or description
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
        pid=last.pid or None if last else None,
        host=last.host or None if last else None,
    )


@dataclass(slots=True)
class _Progress:
    """What a journal tells, read from its end."""

    turn: JournalEvent | Asked | Opened | None = None
    """The last thing that says whether the run trains; None: the journal says nothing at all."""
    epoch: int | None = None
    epochs: int | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    _last_epoch_that_holds: float = math.inf

    @property
    def over(self) -> bool:
        return isinstance(self.turn, events.RunEnded | events.RunFailed)

    def hear(self, content: JournalEvent | Asked | Opened) -> bool:
        """Take in what came before all that was heard; return whether that was enough."""
        self.turn = self.turn or content
        match content:
            case events.EpochStarted():
                self._came_to(content.epoch, content.epochs)
            case events.EpochEnded():
                self._came_to(content.epoch, content.epochs)
                if content.epoch <= self._last_epoch_that_holds:
                    self.metrics = content.metrics
                    return True
            case events.RunContinued():
                self._came_to(content.epochs_done + (content.step > 0))
                self._last_epoch_that_holds = min(self._last_epoch_that_holds, content.epochs_done)
            case events.BranchStarted():
                epochs = content.knobs.get("epochs")
                self._came_to(content.epoch, epochs if isinstance(epochs, int) else None)
                # The epoch that it set out from may lie anywhere before.
                return True
            case events.RunStarted():
                self.epochs = self.epochs or content.epochs
        return False

    def _came_to(self, epoch: int, epochs: int | None = None) -> None:
        self.epoch = epoch if self.epoch is None else self.epoch
        self.epochs = self.epochs or epochs


def _progress(journal: Path) -> _Progress:
    progress = _Progress()
    for content in told_backwards(journal, *_TURNS):
        if progress.hear(content):
            break
    return progress


def _state(folder: RunFolder, progress: _Progress, *, held: bool, described: bool) -> RunState:
    silent = progress.turn is None
    if not held and (not described or (silent and _bytes_of(folder.journal_path))):
        return RunState.DAMAGED
    match progress.turn:
        case events.RunEnded(completed=completed):
            return RunState.FINISHED if completed else RunState.STOPPED
        case events.RunFailed():
            return RunState.FAILED
    if not held:
        return RunState.NOT_STARTED if silent else RunState.CRASHED
    if isinstance(progress.turn, events.RunPaused):
        return RunState.PAUSED
    last = next(told_backwards(folder.journal_path, events.RunDetached, Opened), None)
    return RunState.DETACHED if isinstance(last, events.RunDetached) else RunState.TRAINING


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


_TURNS = (
    Opened,
    events.RunStarted,
    events.RunContinued,
    events.BranchStarted,
    events.EpochStarted,
    events.EpochEnded,
    events.RunPaused,
    events.RunResumed,
    events.RunEnded,
    events.RunFailed,
)
"""What says whether a run trains, and how far it came. What else is told may come behind the end of a run too."""
