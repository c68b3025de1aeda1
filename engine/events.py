"""What happens in a run, as immutable facts in the past tense.

The training thread emits them, `record.RunRecord` folds them, the line printer writes some of them as JSON. Epochs and
steps are one-based; times are seconds; a metric that does not exist is absent, never None.
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
    # It brings numpy, which the first picture on a terminal does not wait for.
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.samples import ValidationSamples


class Phase(StrEnum):
    """What the run is busy with."""

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
    """The run began to do something else."""

    phase: Phase
    detail: str = ""
    """More about it, such as the share of a download that is done; may be empty."""


class RunStarted(_Event, frozen=True):
    """Data and model are ready; training is about to begin."""

    run: str
    """The run's name: the preset's name, or what the user called it."""
    epochs: int
    steps: int
    """Batches in an epoch at the starting batch size; 0: not known."""
    training_samples: int
    """0: not known, because a dataset makes the batches itself."""
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
    """Share of the validation samples in the most frequent class; None when there are no classes."""
    no_probabilities: str = ""
    """Why the samples have no probabilities that could be shown; empty when they have."""
    notes: tuple[str, ...] = ()
    """What the user must know about the data, a sentence each."""
    flags: dict[str, str] = {}
    """Environment variables that bear on what is computed, such as `XLA_FLAGS`."""
    facts: Facts | msgspec.UnsetType = msgspec.UNSET
    """What the diagnosis knows of data and model; left out where nothing was examined."""


class EpochStarted(_Event, frozen=True):
    """An epoch's first chunk is about to run."""

    epoch: int
    epochs: int
    steps: int
    """Batches in this epoch; 0: not known before its end."""


class ChunkEnded(_Event, frozen=True):
    """One compiled call of several steps has ended."""

    epoch: int
    step: int
    """Steps of this epoch done so far."""
    steps: int
    chunk_metrics: dict[str, float]
    """Means over the samples of this chunk alone (of the epoch so far for metrics that are not means)."""
    epoch_metrics: dict[str, float]
    """Keras's running values since the epoch began."""
    seconds: float
    """Wall time of this chunk."""
    traced: bool = False
    """Whether the call had to be compiled first, so that its time says nothing of the pace."""


class EpochEnded(_Event, frozen=True):
    """An epoch was trained and validated."""

    epoch: int
    epochs: int
    seconds: float
    """Time spent training and validating, pauses left out."""
    metrics: dict[str, float]
    """Keras's names: `loss`, `accuracy`, `val_loss`, `val_accuracy`, …"""
    knobs: dict[str, KnobValue]
    """The values this epoch was trained with."""
    insight: Insight | msgspec.UnsetType = msgspec.UNSET
    """Left out of the JSON when nothing is validated, the loss knows no probabilities, or the session was not asked
    for it."""
    measures: Measures | msgspec.UnsetType = msgspec.UNSET
    """What the diagnosis measured; left out where nothing was."""
    findings: tuple[Finding, ...] | msgspec.UnsetType = msgspec.UNSET
    """What the diagnosis says now, the strongest first. Left out: as it said before, which is how a journal is kept
    short."""


class SamplesLoaded(_Event, frozen=True):
    """The validation samples as they are, for whoever shows one. Emitted right behind `RunStarted`."""

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


class KnobAsked(_Event, frozen=True):
    """A change of a knob was accepted and waits for its epoch."""

    knob: str
    value: float
    epoch: int
    """The epoch from which it will hold."""
    because: str = ""
    """The finding whose remedy this is; empty when somebody asked for it by themselves."""


class KnobApplied(_Event, frozen=True):
    """The receipt: a knob took effect, with the value read back from the compiled step itself."""

    knob: str
    asked: float
    value: KnobValue
    """What the compiled step really used, read inside the same call that trained the first chunk."""
    previous: KnobValue
    epoch: int
    step: int
    """The first step of the epoch trained with it; always 1, since knobs turn between epochs."""
    because: str = ""
    """As in `KnobAsked`."""


class KnobRefused(_Event, frozen=True):
    """A change was not accepted, or could not be applied; nothing was changed."""

    knob: str
    value: float
    reason: str
    epoch: int | None = None
    """The epoch at which it should have taken hold; None when it was refused as soon as it was asked for."""


class PauseAsked(_Event, frozen=True):
    """A pause was asked for and will take hold at the next epoch's end or chunk."""

    at: str


class RunPaused(_Event, frozen=True):
    """Training holds until a `Resume`."""

    epoch: int
    step: int
    reason: str


class RunResumed(_Event, frozen=True):
    """Training goes on, or a pause that was only asked for was taken back."""


class RunContinued(_Event, frozen=True):
    """Another process, or another session, took the run up where a checkpoint left it.

    What was told of later epochs no longer holds: they are trained again.
    """

    epochs_done: int
    exact: bool
    """Whether all that could be compared is as it was, so that the run goes on bit for bit as it would have gone."""
    step: int = 0
    """Steps done of the epoch behind those; 0: it has not begun."""
    reasons: tuple[str, ...] = ()
    """Why it is not exact, a sentence each; empty when it is."""
    proof: str = ""
    """What was compared, as a sentence."""


class BranchStarted(_Event, frozen=True):
    """The run went back to the end of an epoch; what it trains from here on is a new branch."""

    branch: int
    """Its number; the first stretch of a run is branch 1."""
    parent: int
    """The branch whose epoch it set out from."""
    epoch: int
    """The epoch it set out from; 0: the model as it was before training."""
    knobs: dict[str, KnobValue]
    """The values it sets out with, before any change."""
    because: str = ""
    """As in `KnobAsked`."""


class RewindRefused(_Event, frozen=True):
    """The run did not go back; nothing was changed."""

    epoch: int
    branch: int
    reason: str


class CheckpointFailed(_Event, frozen=True):
    """A checkpoint could not be written: those before it stay, the training goes on, and the next one is tried."""

    message: str


class CheckpointsResumed(_Event, frozen=True):
    """Checkpoints are written again."""


class RunDetached(_Event, frozen=True):
    """The screen has gone; the training goes on without one."""

    reason: str


class ModelExported(_Event, frozen=True):
    """The model was written into a file that plain Keras loads."""

    path: str
    keep: Keep
    epoch: int
    """The epoch whose weights they are; those of `last` may be some steps further, where the run is in an epoch."""


class ExportFailed(_Event, frozen=True):
    """The model was not written; the run goes on, and a file that was there is as it was."""

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
    """What the diagnosis says now, as in `EpochEnded`; Unset where the epoch's end has said it."""


class RunEnded(_Event, frozen=True):
    """The run is over as it should be: all epochs done, or stopped on request."""

    reason: str
    epochs_done: int
    completed: bool
    """Whether all epochs were trained."""


class RunFailed(_Event, frozen=True):
    """The run is over because something went wrong."""

    kind: str
    """One of `errors.EXIT_CODES`."""
    message: str
    """One or two sentences for the user."""
    traceback: str
    """Python's full traceback; empty when the message says all."""
    epochs_done: int


Event = (
    PhaseChanged
    | RunStarted
    | EpochStarted
    | ChunkEnded
    | EpochEnded
    | SamplesLoaded
    | SamplesScored
    | KnobAsked
    | KnobApplied
    | KnobRefused
    | PauseAsked
    | RunPaused
    | RunResumed
    | RunContinued
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
