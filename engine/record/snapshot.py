"""One frozen picture of what is known of a run, for screens, printers and viewers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.events import Phase
from fitmon.engine.finding import Finding
from fitmon.engine.record.branch import BestEpoch, Branch
from fitmon.engine.record.series import Curve
from fitmon.engine.values import KnobValue

if TYPE_CHECKING:
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.insight.scores import SampleScores
    from fitmon.engine.samples import ValidationSamples


@dataclass(frozen=True, slots=True)
class KnobState:
    """A knob's present state."""

    name: str
    value: KnobValue
    pending: float | None
    """The requested value that takes effect next; None when nothing is pending."""
    pending_epoch: int | None
    """The epoch in which the pending value takes effect."""
    unavailable: str
    """Why it cannot be changed; empty when it can."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of a run at one moment; everything in it is immutable or read-only."""

    version: int
    """Increases with every event: equal versions mean equal snapshots."""
    phase: Phase
    phase_detail: str
    started: events.RunStarted | None
    """None until data and model are ready."""
    epoch: int
    """The current epoch, or the last one between epochs; 0 before the first."""
    epochs: int
    """The number of epochs to train; 0 until known."""
    epochs_done: int
    step: int
    steps: int
    seconds_per_epoch: float | None
    """The median of the last epochs; in the first epoch, an estimate from its chunks; None before that."""
    seconds_left: float | None
    """At this pace, without pauses; None while unknown."""
    metrics: dict[str, Curve]
    """Keras's epoch metrics by name, one point per epoch at x = epoch."""
    chunks: dict[str, Curve]
    """Means per chunk of the current epoch, x as a fraction of epochs, at the middle of the chunk; emptied when the
    next epoch starts."""
    past_chunks: dict[str, Curve]
    """The same of the epochs before: of a long run the lowest and the highest of every stretch. Those that another
    process trained are missing."""
    per_epoch: dict[str, Curve]
    """What else is known of every epoch, by the names in `branch.PER_EPOCH`, one point per epoch."""
    measures: dict[str, Curve]
    """What the diagnosis measured, by the fields of `measures.Measures`, one point per epoch that has it."""
    findings: tuple[Finding, ...]
    """The findings of the diagnosis after the last epoch, the strongest first."""
    best: BestEpoch | None
    knobs: tuple[KnobState, ...]
    receipts: tuple[events.KnobApplied, ...]
    """Every change of a knob that took effect, oldest first."""
    refusal: events.KnobRefused | None
    """The last change, if it was refused."""
    samples: ValidationSamples | None
    """The validation samples themselves; None until the run has started."""
    observation: Observation | None
    """What is known of every validation sample as of the last validated epoch (0: before training); None when nothing
    is validated, or the model has no probabilities."""
    pause_requested: str
    """`epoch` or `chunk` while a pause is pending; else empty."""
    paused: events.RunPaused | None
    """Set while the run is paused."""
    non_finite: events.LossBecameNonFinite | None
    ending: events.RunEnded | events.RunFailed | None
    """How the run ended; None while it has not."""
    branch: Branch
    """The current branch."""
    other_branches: tuple[Branch, ...]
    """The branches left by a rewind, in the order of their numbers."""
    rewind_refusal: events.RewindRefused | None
    """The last request, if it was a rewind that was refused."""
    resumed: events.RunResumed | None
    """How the present process resumed the run; None: it started the run."""
    disk_trouble: str
    """Why checkpoints cannot be written, as a sentence; empty when they can."""
    disk_trouble_epoch: int
    """The number of finished epochs when that was first reported; 0 when checkpoints can be written."""
    detached: str
    """Why the run lost its own screen; empty while it has one, or never had one."""
    export: events.ModelExported | events.ExportFailed | None
    """The result of the last export; None: there was none since the run or branch started."""

    @property
    def over(self) -> bool:
        """Whether the run has ended, in any way."""
        return self.ending is not None

    @property
    def scores(self) -> SampleScores | None:
        """The predictions of the last validated epoch; None when there are none."""
        return None if self.observation is None else self.observation.scores

    def knob(self, name: str) -> KnobState | None:
        """Return a knob by name; None before the run has started."""
        return next((knob for knob in self.knobs if knob.name == name), None)
