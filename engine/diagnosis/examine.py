"""Examines data and model once, before the first epoch, so that the rules have facts to judge by. Pure numpy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fitmon.engine.diagnosis.duplicates import shared_samples
from fitmon.engine.diagnosis.failed_checks import log_failure, reason_of
from fitmon.engine.diagnosis.feature_facts import feature_facts
from fitmon.engine.diagnosis.label_facts import Task, class_numbers, label_facts, labels_of
from fitmon.engine.diagnosis.row_blocks import arrays_in, is_batches, rows_of
from fitmon.engine.facts import Facts

if TYPE_CHECKING:
    from fitmon.engine.job import TrainingData

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
"""Keras's layers behind which it does not matter how the inputs are scaled, and models within the model, of which that
is not known: those trained on pictures often take 0 to 255."""
LAYERS_BEFORE_WEIGHTS = 4
"""So many of the first layers are looked at: an input, a reshape and an augmentation may stand before them."""


def examine(
    data: TrainingData,
    *,
    job: str,
    options: Mapping[str, str] | None = None,
    training_samples: int = 0,
    train_subset: int = 0,
    loss: str = "",
    from_logits: bool = False,
    output_units: int | None = None,
    output_activation: str = "",
    layers: Sequence[str] = (),
    parameters: int = 0,
    hidden_units: Sequence[int] = (),
    optimizer: str = "",
) -> Facts:
    """Return what is known of data and model. Odd data leaves fields None; nothing is raised.

    Args:
        data: with validation arrays in place of validation batches.
        job: what a command line calls it.
        options: see `Job.options`.
        training_samples: where `x` makes batches and the number of samples is known all the same; else 0.
        training_part: training samples that are scored at each epoch's end.
        loss: Keras's name of the only loss, such as `categorical_crossentropy`; empty when not known.
        from_logits: whether that loss turns the outputs into probabilities itself.
        output_units: of the only output; None: not known.
        output_activation: Keras's name; empty when not known.
        layers: class names of the model's layers in order, such as `Flatten`.
        parameters: of the model.
        hidden_units: widths of the hidden layers.
        optimizer: Keras's name.
    """
    batches = is_batches(data.x)
    task = Task(loss=loss, output_activation=output_activation, output_units=output_units)
    y = None if batches else data.y
    checks = _Checks()
    if not batches:
        checks.run("features", lambda: feature_facts(data.x, data.x_validation, data.feature_names))
        checks.run("duplicates", lambda: {"duplicates": _duplicates(data, task)})
    checks.run(
        "labels",
        lambda: label_facts(y, data.y_validation, data.sample_weight_validation, task, data.class_names),
    )
    return Facts(
        job=job,
        options=None if options is None else dict(options),
        training_samples=training_samples if batches else checks.count("training samples", data.x),
        validation_samples=checks.count("validation samples", data.x_validation),
        train_subset=train_subset,
        class_names=data.class_names,
        shuffled=not batches,
        scales_inputs=not SCALING_LAYERS.isdisjoint(layers[:LAYERS_BEFORE_WEIGHTS]),
        output_units=output_units,
        output_activation=output_activation,
        loss=loss,
        from_logits=from_logits,
        parameters=parameters,
        hidden_units=tuple(hidden_units),
        optimizer=optimizer,
        **checks.found,
        failed_checks=tuple(checks.failed),
    )


class _Checks:
    """Runs checks on data of any kind: one that raises is logged and noted, and does not stop training."""

    def __init__(self) -> None:
        self.found: dict[str, Any] = {}
        self.failed: list[str] = []

    def run(self, name: str, check: Callable[[], dict[str, Any]]) -> None:
        """Add the fields that a check finds."""
        try:
            with np.errstate(all="ignore"):
                self.found |= check()
        except Exception as error:  # noqa: BLE001 - foreign arrays raise anything
            log_failure(name, error)
            self.failed.append(f"{name} ({reason_of(error)})")

    def count(self, name: str, x: Any) -> int:
        """Return how many samples an array or several together have; 0 without any."""
        counted = _Checks()
        counted.run(name, lambda: {"samples": len(arrays[0]) if (arrays := arrays_in(x)) else 0})
        self.failed += counted.failed
        return int(counted.found.get("samples", 0))


def _duplicates(data: TrainingData, task: Task) -> int | None:
    sides = (data.x, data.y), (data.x_validation, data.y_validation)
    rows = [rows_of([*arrays_in(x), *_comparable_labels(y, task)]) for x, y in sides]
    return None if rows[0] is None or rows[1] is None else shared_samples(rows[0], rows[1])


def _comparable_labels(y: Any, task: Task) -> list[Any]:
    """Return the classes as numbers, whatever form they were given in; other targets as they are."""
    numbers = class_numbers(labels_of(y), task)
    return arrays_in(y) if numbers is None else [numbers]
