"""Examines data and model once, before the first epoch, to give the rules their facts. Pure numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fitmon.engine.diagnosis.differences import differences
from fitmon.engine.diagnosis.duplicates import chance_of_sharing, shared_samples
from fitmon.engine.diagnosis.failed_checks import log_failure, reason_of
from fitmon.engine.diagnosis.feature_facts import feature_facts
from fitmon.engine.diagnosis.label_facts import Task, class_numbers, label_facts, labels_of
from fitmon.engine.diagnosis.non_finite import non_finite_target_facts
from fitmon.engine.diagnosis.row_blocks import arrays_in, is_batches, rows_of
from fitmon.engine.diagnosis.target_facts import target_facts
from fitmon.engine.facts import Facts

if TYPE_CHECKING:
    from fitmon.engine.job import TrainingData

IN_ADVANCE = ("scale of the inputs", "training against validation", "duplicates", "range of the targets")
"""Checks of arrays before the first epoch."""
MAX_SHOWN = 3
"""Features that differ between training and validation and are listed."""
SCALING_LAYERS = frozenset(
    {
        "BatchNormalization",
        "CategoryEncoding",
        "Discretization",
        "Embedding",
        "Functional",
        "GroupNormalization",
        "Hashing",
        "IntegerLookup",
        "LayerNormalization",
        "Normalization",
        "Rescaling",
        "Sequential",
        "StringLookup",
        "TextVectorization",
    }
)
"""Keras layers after which the scale of the inputs does not matter, and models within the model, of which that is not
known: those trained on images often take 0 to 255."""
LOSSES_WITH_FLOOR = frozenset(
    {
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_hinge",
        "dice",
        "hinge",
        "huber",
        "huber_loss",
        "kl_divergence",
        "log_cosh",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_error",
        "mean_squared_logarithmic_error",
        "sparse_categorical_crossentropy",
        "squared_hinge",
        "tversky",
    }
)
"""Keras's losses that are never negative; Poisson's, cosine similarity and losses of one's own may be."""
LAYERS_BEFORE_WEIGHTS = 4
"""How many of the first layers are checked: an input, a reshape and an augmentation may come before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFacts:
    """What the arrays do not show of a job's data."""

    job: str
    """What a command line calls the job."""
    options: Mapping[str, str] | None = None
    """See `Job.options`."""
    training_samples: int = 0
    """How many there are where the data comes in batches; 0: not known. Arrays are counted."""
    train_subset: int = 0
    """Training samples that are scored at each epoch's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What the rules need to know about a model."""

    loss: str = ""
    """Keras's name of the only loss, such as `categorical_crossentropy`; empty when not known."""
    losses: Sequence[str] = ()
    """The names of the losses of all outputs; empty when not known."""
    from_logits: bool = False
    """Whether that loss turns the outputs into probabilities itself."""
    output_units: int | None = None
    """Of the only output; None: not known."""
    output_activation: str = ""
    """Keras's name; empty when not known."""
    layers: Sequence[str] = ()
    """Class names of the layers in order, such as `Flatten`."""
    parameters: int = 0
    hidden_units: Sequence[int] = ()
    """Widths of the hidden layers."""
    optimizer: str = ""
    """Keras's name."""
    label_smoothing: float = 0.0
    """Of the loss."""
    ignore_class: int | None = None
    """The class number that the loss ignores; None: it counts all."""
    mode_layers: Mapping[str, int] = field(default_factory=dict)
    """See `Facts.mode_layers`."""
    batch_norm_momentum: float | None = None
    weight_layers: Sequence[str] = ()
    hidden_activations: Sequence[str] = ()

    @property
    def scales_inputs(self) -> bool:
        """Whether the model scales its inputs itself, or may do so."""
        return not SCALING_LAYERS.isdisjoint(self.layers[:LAYERS_BEFORE_WEIGHTS])


def examine(data: TrainingData, about_data: DataFacts, model: ModelFacts) -> Facts:
    """Return what is known of data and model; nothing is raised.

    Unusual data leaves fields None. A check that raises is logged and listed in `Facts.failed_checks`.

    Args:
        data: with validation arrays in place of validation batches.
        about_data: what its arrays do not show.
        model: what it is trained on.
    """
    checks = _Checks()
    checks.run_all(data, model)
    batches = is_batches(data.x)
    return Facts(
        job=about_data.job,
        options=None if about_data.options is None else dict(about_data.options),
        training_samples=about_data.training_samples if batches else checks.count("training samples", data.x),
        validation_samples=checks.count("validation samples", data.x_validation),
        train_subset=about_data.train_subset,
        class_names=data.class_names,
        scales_inputs=model.scales_inputs,
        output_units=model.output_units,
        output_activation=model.output_activation,
        loss=model.loss,
        from_logits=model.from_logits,
        parameters=model.parameters,
        hidden_units=tuple(model.hidden_units),
        optimizer=model.optimizer,
        mode_layers=dict(model.mode_layers),
        batch_norm_momentum=model.batch_norm_momentum,
        weight_layers=tuple(model.weight_layers),
        hidden_activations=tuple(model.hidden_activations),
        has_floor=_has_floor(model.losses or [model.loss], checks.found),
        training_weighted=data.class_weight is not None or data.sample_weight is not None,
        validation_weighted=data.sample_weight_validation is not None,
        **checks.found,
        skipped_checks=_skipped(data, about_data, checks),
        failed_checks=tuple(checks.failed),
    )


def task_of(model: ModelFacts) -> Task:
    """Return how a model uses its labels."""
    return Task(
        loss=model.loss,
        output_activation=model.output_activation,
        output_units=model.output_units,
        smoothed=model.label_smoothing > 0,
        ignored=model.ignore_class,
    )


class _Checks:
    """Runs checks on data of any kind: one that raises is logged and noted, and does not stop training."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.failed: list[str] = []

    def run_all(self, data: TrainingData, model: ModelFacts) -> None:
        """Run every check that fits the data; batches cannot be examined without being used up."""
        task = task_of(model)
        arrays = replace(data, x=None, y=None, sample_weight=None) if is_batches(data.x) else data
        self._run("features", lambda: feature_facts(arrays.x, arrays.x_validation, arrays.feature_names))
        self._run("differences", lambda: _difference_facts(arrays))
        self._run("duplicates", lambda: _duplicate_facts(arrays, task))
        self._run("NaN in targets", lambda: non_finite_target_facts(arrays))
        self._run("targets", lambda: target_facts(arrays, task))
        self._run("labels", lambda: label_facts(arrays, task))

    def count(self, name: str, x: Any) -> int:
        """Return how many samples an array or several together have; 0 without any."""
        try:
            arrays = arrays_in(x)
            return len(arrays[0]) if arrays else 0
        except Exception as error:  # noqa: BLE001 - foreign arrays raise anything
            self._note(name, error)
            return 0

    def _run(self, name: str, check: Callable[[], dict[str, Any]]) -> None:
        """Add the fields that a check finds."""
        try:
            with np.errstate(all="ignore"):
                found = check()
        except Exception as error:  # noqa: BLE001 - foreign arrays raise anything
            self._note(name, error)
            return
        parts = self.found.get("non_finite_parts", {}) | found.get("non_finite_parts", {})
        self.found |= found | {"non_finite_parts": parts}

    def _note(self, name: str, error: Exception) -> None:
        log_failure(name, error)
        self.failed.append(f"{name} ({reason_of(error)})")


def _difference_facts(data: TrainingData) -> dict[str, Any]:
    found = differences(data.x, data.x_validation, data.feature_names)
    facts: dict[str, Any] = {"input_differences": tuple(found[:MAX_SHOWN]), "inputs_that_differ": len(found)}
    for name, x in (("training_dtype", data.x), ("validation_dtype", data.x_validation)):
        kinds = {str(np.asarray(array[:1]).dtype) for array in arrays_in(x)}
        facts[name] = kinds.pop() if len(kinds) == 1 else ""
    return facts


def _duplicate_facts(data: TrainingData, task: Task) -> dict[str, Any]:
    sides = (data.x, data.y), (data.x_validation, data.y_validation)
    rows = [rows_of([*arrays_in(x), *_comparable_labels(y, task)]) for x, y in sides]
    if rows[0] is None or rows[1] is None:
        return {}
    shared = shared_samples(rows[0], rows[1])
    inputs = [rows_of(x) for x, _ in sides]
    expected = None
    if shared and inputs[0] is not None and inputs[1] is not None:
        expected = chance_of_sharing(inputs[0], inputs[1])
    return {"duplicates": shared, "chance_duplicates": expected}


def _comparable_labels(y: Any, task: Task) -> list[Any]:
    """Return the classes as numbers, whatever form they were given in; other targets as they are."""
    numbers = class_numbers(labels_of(y), task)
    return arrays_in(y) if numbers is None else [numbers]


def _has_floor(losses: Sequence[str], found: Mapping[str, Any]) -> bool:
    """Return whether a sum of losses is known to stay at or above 0 with these targets."""
    within = found.get("target_low", 0) >= 0 and found.get("target_high", 0) <= 1
    return all(loss in LOSSES_WITH_FLOOR and (within or not loss.startswith("binary")) for loss in losses)


def _skipped(data: TrainingData, about_data: DataFacts, checks: _Checks) -> tuple[str, ...]:
    """Return the checks that the data does not allow, and why."""
    found, names = checks.found, [failure.split(" (", 1)[0] for failure in checks.failed]
    if is_batches(data.x):
        ahead = "the training data comes in batches, which are not read ahead"
        in_advance = (*IN_ADVANCE, "training loss in inference mode", "gradients")
        return tuple(f"{name} ({ahead})" for name in in_advance)
    skipped = []
    if found.get("features") is None and "features" not in names:
        skipped.append("scale of the inputs, constant features (the inputs are not numbers)")
    if data.y is not None and found.get("target_low") is None and "targets" not in names:
        skipped.append("range and frequencies of the targets (there are several outputs, or they are not numbers)")
    if found.get("duplicates") is None and "duplicates" not in names and data.x_validation is not None:
        skipped.append("duplicates (the sets cannot be compared row by row, or only slowly)")
    if not about_data.train_subset:
        skipped.append("training loss in inference mode (the loss gives no value per sample)")
    return tuple(skipped)
