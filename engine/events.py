"""What happens in a run, as immutable facts in the past tense.

The training thread emits them, `record.RunRecord` applies them, the line printer writes some of them as JSON. Epochs
and steps are one-based; times are seconds; a metric that does not exist is absent, never None.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from fitmon.engine.commands import Keep
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding
from fitmon.engine.measures import Insight, Measures
from fitmon.engine.values import KnobOffer, KnobValue

if TYPE_CHECKING:
    # It imports numpy, which the first screen does not wait for.
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.samples import ValidationSamples


class Phase(StrEnum):
    """What the run is doing."""

    WAITING = "waiting to start"
    STARTING = "starting TensorFlow"
    LOADING = "loading data"
    BUILDING = "building the model"
    COMPILING = "compiling"
    TRAINING = "training"
    VALIDATING = "validating"
    PAUSED = "paused"
    SAVING = "saving"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"


def _event_name(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=_event_name):
    pass


class PhaseChanged(_Event, frozen=True):
    """The run started to do something else."""

    phase: Phase
    detail: str = ""
    """Details, such as the progress of a download; may be empty."""


class RunStarted(_Event, frozen=True):
    """Data and model are ready; training is about to start."""

    run: str
    """The run's name: the preset's, or the one the user chose."""
    epochs: int
    steps: int
    """Batches per epoch at the initial batch size; 0: unknown."""
    training_samples: int
    """0: unknown, because a dataset yields the batches."""
    validation_samples: int
    class_names: tuple[str, ...]
    """Names of the classes in label order; empty when the data has none."""
    knobs: tuple[KnobOffer, ...]
    seed: int
    device: str
    """Where the training runs, such as `CPU (2 threads)` or `GPU:0 NVIDIA H200`."""
    versions: dict[str, str]
    parameters: int
    """Number of weights in the model."""
    jit: bool
    """Whether the steps are compiled with XLA."""
    majority_share: float | None
    """Share of the most frequent class in the validation samples; None when there are no classes."""
    no_probabilities: str = ""
    """Why the samples have no probabilities to show; empty when they have."""
    notes: tuple[str, ...] = ()
    """What the user must know about the data, a sentence each."""
    flags: dict[str, str] = {}
    """Environment variables that affect what is computed, such as `XLA_FLAGS`."""
    facts: Facts | msgspec.UnsetType = msgspec.UNSET
    """What the diagnosis knows of data and model; Unset where nothing was examined."""
    findings: tuple[Finding, ...] | msgspec.UnsetType = msgspec.UNSET
    """What was found in the data before the first epoch, the strongest first."""


class EpochStarted(_Event, frozen=True):
    """An epoch's first chunk is about to run."""

    epoch: int
    epochs: int
    steps: int
    """Batches in this epoch; 0: unknown before its end."""


class ChunkEnded(_Event, frozen=True):
    """One compiled call of several steps has ended."""

    epoch: int
    step: int
    """Steps of this epoch done so far."""
    steps: int
    chunk_metrics: dict[str, float]
    """Means over the samples of this chunk (of the epoch so far for metrics that are not means)."""
    epoch_metrics: dict[str, float]
    """Keras's running values since the epoch started."""
    seconds: float
    """Wall time of this chunk."""
    traced: bool = False
    """Whether the call had to be compiled first, so that its time does not count towards the seconds per epoch."""


class EpochEnded(_Event, frozen=True):
    """An epoch was trained and validated."""

    epoch: int
    epochs: int
    seconds: float
    """Time spent training and validating, without pauses."""
    metrics: dict[str, float]
    """Keras's names: `loss`, `accuracy`, `val_loss`, `val_accuracy`, …"""
    knobs: dict[str, KnobValue]
    """The values this epoch was trained with."""
    insight: Insight | msgspec.UnsetType = msgspec.UNSET
    """Unset when nothing is validated, the model has no probabilities, or the session does not summarize epochs."""
    measures: Measures | msgspec.UnsetType = msgspec.UNSET
    """What the diagnosis measured; Unset where nothing was."""
    findings: tuple[Finding, ...] | msgspec.UnsetType = msgspec.UNSET
    """The findings of the diagnosis, the strongest first. Unset: the same as before, which keeps a journal short."""


class SamplesLoaded(_Event, frozen=True):
    """The validation samples themselves, for showing one. Emitted right after `RunStarted`."""

    samples: ValidationSamples


class SamplesScored(_Event, frozen=True):
    """Every validation sample has its probability for this epoch.

    Emitted just before `EpochEnded`, and once before the first epoch, with the number 0, for the untrained model.
    """

    observation: Observation

    @property
    def epoch(self) -> int:
        """The epoch scored; 0 before training."""
        return self.observation.epoch


class KnobRequested(_Event, frozen=True, tag="knob_asked"):
    """A change of a knob was accepted and is pending."""

    knob: str
    value: float
    epoch: int
    """The epoch in which it takes effect."""
    because: str = ""
    """The finding whose remedy this is; empty when the user requested it."""


class KnobApplied(_Event, frozen=True):
    """The receipt: a knob took effect, with the value read back from the compiled step itself."""

    knob: str
    requested: float = msgspec.field(name="asked")
    value: KnobValue
    """The value that the compiled step used, read in the call that trained the first chunk."""
    previous: KnobValue
    epoch: int
    step: int
    """The first step of the epoch trained with it; always 1, since knobs change between epochs."""
    because: str = ""
    """As in `KnobRequested`."""


class KnobRefused(_Event, frozen=True):
    """A change was not accepted or could not be applied; nothing was changed."""

    knob: str
    value: float
    reason: str
    epoch: int | None = None
    """The epoch in which it would have taken effect; None when it was refused at once."""


class PauseRequested(_Event, frozen=True, tag="pause_asked"):
    """A pause was requested and takes effect after the current epoch or chunk."""

    at: str


class RunPaused(_Event, frozen=True):
    """Training is paused until a `Resume`."""

    epoch: int
    step: int
    reason: str


class PauseEnded(_Event, frozen=True, tag="run_resumed"):
    """Training was resumed, or a pending pause was canceled."""


class RunResumed(_Event, frozen=True, tag="run_continued"):
    """Another process or session resumed the run from a checkpoint.

    Earlier events of later epochs are no longer valid: these are trained again.
    """

    epochs_done: int
    exact: bool
    """Whether everything that could be compared is unchanged, so that the run continues bit for bit."""
    step: int = 0
    """Steps of the next epoch that are done; 0: it has not started."""
    reasons: tuple[str, ...] = ()
    """Why it is not exact, a sentence each; empty when it is."""
    proof: str = ""
    """What was compared, as a sentence."""


class BranchStarted(_Event, frozen=True):
    """The run was rewound to the end of an epoch; the epochs trained from here on are a new branch."""

    branch: int
    """Its number; a run starts with branch 1."""
    parent: int
    """The branch that it started from."""
    epoch: int
    """The epoch that it started from; 0: the untrained model."""
    knobs: dict[str, KnobValue]
    """The values that it starts with, before any change."""
    because: str = ""
    """As in `KnobRequested`."""


class RewindRefused(_Event, frozen=True):
    """The run was not rewound; nothing was changed."""

    epoch: int
    branch: int
    reason: str


class CheckpointFailed(_Event, frozen=True):
    """A checkpoint could not be written: earlier ones are kept, the training continues, the next one is tried."""

    message: str


class CheckpointsResumed(_Event, frozen=True):
    """Checkpoints can be written again."""


class RunDetached(_Event, frozen=True):
    """The screen was closed; the training continues without it."""

    reason: str


class ModelExported(_Event, frozen=True):
    """The model was written to a file that plain Keras can load."""

    path: str
    keep: Keep
    epoch: int
    """The epoch of the weights; those of `last` may be some steps further, in the middle of an epoch."""


class ExportFailed(_Event, frozen=True):
    """The model was not written; the run continues, and an existing file is unchanged."""

    path: str
    reason: str


class LossBecameNonFinite(_Event, frozen=True):
    """The loss was NaN or infinite after this step."""

    metric: str
    """`loss`, or `val_loss` when the training loss was finite and the validation loss was not."""
    epoch: int
    step: int
    value: str
    """`nan`, `inf` or `-inf` as text, since JSON has no such numbers."""
    findings: tuple[Finding, ...] | msgspec.UnsetType = msgspec.UNSET
    """As in `EpochEnded`; Unset where the end of the epoch reported them."""


class RunEnded(_Event, frozen=True):
    """The run is over: all epochs are trained, or it was stopped on request."""

    reason: str
    epochs_done: int
    completed: bool
    """Whether all epochs were trained."""


class RunFailed(_Event, frozen=True):
    """The run is over because of an error."""

    kind: str
    """One of `errors.EXIT_CODES`."""
    message: str
    """One or two sentences for the user."""
    traceback: str
    """Python's full traceback; empty when the message is enough."""
    epochs_done: int


Event = (
    PhaseChanged
    | RunStarted
    | EpochStarted
    | ChunkEnded
    | EpochEnded
    | SamplesLoaded
    | SamplesScored
    | KnobRequested
    | KnobApplied
    | KnobRefused
    | PauseRequested
    | RunPaused
    | PauseEnded
    | RunResumed
    | BranchStarted
    | RewindRefused
    | CheckpointFailed
    | CheckpointsResumed
    | RunDetached
    | ModelExported
    | ExportFailed
    | LossBecameNonFinite
    | RunEnded
    | RunFailed
)
