"""Everything needed to resume a run exactly, as plain arrays and numbers: captured from and restored to a model.

`checkpoint` writes it to disk. Events are in the journal, settings in the description of the run.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import numpy as np
import numpy.typing as npt

from fitmon.engine.checkpoints.random_state import RandomState, check_random_state, random_state, set_random_state
from fitmon.engine.checkpoints.variables import dtype_of, named_variables
from fitmon.engine.commands import SetKnob
from fitmon.engine.errors import DataError
from fitmon.engine.knobs.saved_knobs import SavedKnobs
from fitmon.engine.progress import Count, Progress
from fitmon.engine.values import KnobValue

if TYPE_CHECKING:
    import keras

    from fitmon.engine.knobs.model_knobs import ModelKnobs

Arrays = Mapping[str, npt.NDArray[Any]]

MAX_LISTED_DIFFERENCES = 10


class CheckpointFacts(Progress, frozen=True, kw_only=True):
    """What a checkpoint knows besides arrays: how far the run is, and what its knobs are to do."""

    seed: Count
    """With the current epoch, `epochs_done` + 1, it determines the order of samples: see `feed.epoch_order`."""
    batch_size: Annotated[int, msgspec.Meta(ge=1)]
    epochs: Count
    """Epochs the run is to have."""
    waiting: tuple[SetKnob, ...] = ()
    """Accepted changes that are pending."""
    values: dict[str, KnobValue] = msgspec.field(default_factory=dict)
    """The knobs' values as the last chunk read them back."""

    @property
    def progress(self) -> Progress:
        """How far the run is, without its knobs."""
        return Progress(**{name: getattr(self, name) for name in Progress.__struct_fields__})


class ReplayTarget(msgspec.Struct, frozen=True, kw_only=True):
    """What replaying a stretch of an epoch from a saved state must lead to."""

    last_step: Annotated[int, msgspec.Meta(ge=1)] | None
    """The stretch ends after this step of the epoch; None: at the end of the epoch."""
    digest: str
    """`digest_of` the variables at its end, including metrics; for a whole epoch, `digest_of_trained`."""


@dataclass(frozen=True, slots=True)
class TrainingState:
    """A run at one moment. It shares nothing with the model, so any thread may write it."""

    facts: CheckpointFacts
    knobs: SavedKnobs
    random: RandomState
    variables: Arrays
    """The values that `restore` assigns, by the names of `variables.named_variables`."""
    others: Arrays = field(default_factory=dict)
    """Arrays of other parts of a run, such as the observer, which restore them themselves."""


def digest_of(variables: Arrays) -> str:
    """Return a SHA-256 of names, dtypes, shapes and bytes, in hexadecimal: it is equal only if every bit is."""
    digest = hashlib.sha256()
    for name, array in sorted(variables.items()):
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def digest_of_trained(variables: Arrays) -> str:
    """Return `digest_of` only what training changes: validation may draw from seeds, and uses the metrics."""
    return digest_of({name: array for name, array in variables.items() if not _NOT_TRAINED.search(name)})


_NOT_TRAINED = re.compile(r"seed_generator|^metric/|^own/")


class StateReader:
    """Captures the states of a built, compiled model repeatedly, in the training thread between chunks.

    The variables are listed once and read by one compiled call: reading them one by one takes as long as half an epoch
    of a small model.
    """

    def __init__(self, model: keras.Model, model_knobs: ModelKnobs | None = None) -> None:
        """Read nothing yet; `model_knobs` are the model's live knobs, None: it has none."""
        self._model, self._model_knobs = model, model_knobs
        self._knobs: SavedKnobs | None = None
        self._reads: dict[bool, Callable[[], Mapping[str, Any]]] = {}

    def forget(self) -> None:
        """List the variables again on the next call: a knob was changed, or the step was traced."""
        self._knobs, self._reads = None, {}

    def capture(self, facts: CheckpointFacts, *, others: Arrays | None = None) -> TrainingState:
        """Return a copy of the model's state; the model is unchanged.

        Args:
            facts: the progress of the run. In the middle of an epoch, `step` > 0, metrics are included.
            others: see `TrainingState.others`; they are not copied.
        """
        if self._knobs is None:
            self._knobs = _saved_knobs(self._model_knobs)
        variables = {name: np.asarray(tensor) for name, tensor in self._read(facts.step > 0)().items()}
        return TrainingState(
            facts=facts, knobs=self._knobs, random=random_state(), variables=variables, others=others or {}
        )

    def _read(self, with_metrics: bool) -> Callable[[], Mapping[str, Any]]:
        if with_metrics not in self._reads:
            variables = named_variables(self._model, self._model_knobs, with_metrics=with_metrics)
            self._reads[with_metrics] = _compiled_read(variables)
        return self._reads[with_metrics]


def _compiled_read(variables: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]]:
    import tensorflow as tf

    def read() -> dict[str, Any]:
        return {name: tf.identity(variable) for name, variable in variables.items()}

    # A concrete function: TensorFlow warns about one that is traced repeatedly, as this is when a knob changes.
    compiled: Callable[[], Mapping[str, Any]] = tf.function(read, autograph=False).get_concrete_function()
    return compiled


def capture(
    model: keras.Model, facts: CheckpointFacts, *, model_knobs: ModelKnobs | None = None, others: Arrays | None = None
) -> TrainingState:
    """Return a copy of a model's state once; see `StateReader`."""
    return StateReader(model, model_knobs).capture(facts, others=others)


def restore(model: keras.Model, state: TrainingState, *, model_knobs: ModelKnobs | None = None) -> bool:
    """Restore a state to a model that was built, compiled and given knobs like the one that it was captured from.

    A model whose own `train_step` creates variables while it is traced must have been traced. Call this in the training
    thread. Returns whether the compiled step must be traced again to see the knobs.

    Raises DataError, with a list of differences, when the state does not fit the model; no value is changed then.
    Layers whose dropout started at 0 may have been given seeds, which are never used without the state.
    """
    knobs_before = _saved_knobs(model_knobs)
    check_random_state(state.random)
    retrace = _load_knobs(model_knobs, state.knobs)
    variables = named_variables(model, model_knobs, with_metrics=state.facts.step > 0)
    differences = _differences(variables, state.variables)
    if differences:
        _load_knobs(model_knobs, knobs_before)
        raise DataError(_refusal(differences))
    for name, variable in variables.items():
        variable.assign(state.variables[name])
    set_random_state(state.random)
    return retrace


def _saved_knobs(model_knobs: ModelKnobs | None) -> SavedKnobs:
    return SavedKnobs() if model_knobs is None else model_knobs.saved()


def _load_knobs(model_knobs: ModelKnobs | None, saved: SavedKnobs) -> bool:
    if model_knobs is not None:
        return model_knobs.load(saved)
    SavedKnobs().check_fits(saved)
    return False


def _differences(variables: Mapping[str, Any], saved: Arrays) -> list[str]:
    """Return, in words, why arrays cannot be assigned to variables; empty when they fit exactly."""
    missing = [f"{name!r} is not in this model" for name in saved if name not in variables]
    unknown = [f"{name!r} is not in the checkpoint" for name in variables if name not in saved]
    both = [(name, variable, saved[name]) for name, variable in variables.items() if name in saved]
    pairs = [(name, _kind(array.shape, array.dtype.name), _kind(v.shape, dtype_of(v))) for name, v, array in both]
    different = [
        f"{name!r} is {there} in the checkpoint and {here} here" for name, there, here in pairs if there != here
    ]
    return [*different, *missing, *unknown]


def _kind(shape: Any, dtype: str) -> str:
    return f"{tuple(shape)} {dtype}"


def _refusal(differences: list[str]) -> str:
    listed = "; ".join(differences[:MAX_LISTED_DIFFERENCES])
    more = len(differences) - MAX_LISTED_DIFFERENCES
    rest = f"; and {more} more" if more > 0 else ""
    return f"The checkpoint does not fit this model; nothing was loaded: {listed}{rest}."
