"""What the labels show: classes and their counts, their order in the file, the loss of mere guessing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.diagnosis.row_blocks import MAX_BYTES, arrays_in

if TYPE_CHECKING:
    from fitmon.engine.job import TrainingData

Array = npt.NDArray[Any]

MAX_CLASSES = 10_000
"""Numbers above this are identifiers, not classes."""
SORTED_SHARE = 0.2
"""Labels are sorted if they change less often than this share of the changes in a random order."""
MIN_CHANGES = 10
"""With fewer expected changes a random order may look sorted; with this many, in one of 2,000 cases."""
MAX_POSITIONS = 4_000_000
"""Labels of pixels or steps that are counted."""
MATRIX = 2
"""Axes of a matrix."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """How the model uses its labels, as far as loss and output show."""

    loss: str
    output_activation: str
    output_units: int | None
    smoothed: bool = False
    """Whether the loss smooths the labels."""
    ignored: int | None = None
    """The label that marks what does not count."""

    @property
    def takes_classes(self) -> bool:
        """Whether labels can be class numbers; with other losses, 1, 2, 3 are quantities."""
        return "crossentropy" in self.loss or self.output_activation in {"softmax", "sigmoid"}

    @property
    def takes_one_number_each(self) -> bool:
        """Whether several columns of labels are the positions of a sequence."""
        return self.loss.startswith("sparse_")


def labels_of(y: Any, task: Task | None = None) -> Array | None:
    """Return the labels of a single output, (n, columns), or (n * positions, columns) for a label a pixel or a step.

    None for several outputs, labels that are not numbers, or several positions of something that is no class.
    """
    arrays = arrays_in(y)
    if len(arrays) != 1 or not getattr(arrays[0], "shape", ()) or not len(arrays[0]):
        return None
    first = np.asarray(arrays[0][:1])
    if len(arrays[0]) * first.nbytes > MAX_BYTES or first.dtype.kind not in "buif":
        return None
    columns = _columns_of(first, task)
    if columns is None:
        return None
    each = first.size // columns
    # Of labels a pixel, rows spread over all of them are enough for their frequencies.
    kept = arrays[0][:: 1 + len(arrays[0]) * each // MAX_POSITIONS] if each > 1 else arrays[0][:]
    labels = np.asarray(kept).reshape(-1, columns)
    ignored = None if task is None else task.ignored
    return labels if ignored is None or columns > 1 else labels[labels[:, 0] != ignored]


def labels_each(y: Any, task: Task) -> int:
    """Return how many labels a sample has: 1, or as many as it has pixels or steps."""
    arrays = arrays_in(y)
    if len(arrays) != 1 or not getattr(arrays[0], "shape", ()) or not len(arrays[0]):
        return 1
    first = np.asarray(arrays[0][:1])
    columns = _columns_of(first, task)
    return 1 if columns is None else max(1, first.size // columns)


def _columns_of(first: Array, task: Task | None) -> int | None:
    """Return the columns of a label, from one sample's; None where its axes do not say."""
    units = 0 if task is None else task.output_units or 0
    if task is not None and task.takes_one_number_each:
        return 1
    if first.ndim <= MATRIX:
        return int(first.size)
    if task is None or not task.takes_classes or units != first.shape[-1]:
        return None
    return units


def is_one_hot(labels: Array) -> bool:
    """Return whether each row has a single 1 and 0 elsewhere."""
    return labels.shape[1] > 1 and _is_binary(labels) and bool((labels.sum(axis=1) == 1).all())


def class_numbers(labels: Array | None, task: Task) -> npt.NDArray[np.int64] | None:
    """Return each label's class, (n,); None where the labels are not classes."""
    if labels is None:
        return None
    if labels.shape[1] > 1:
        one_hot = not task.takes_one_number_each and is_one_hot(labels)
        return labels.argmax(axis=1).astype(np.int64) if one_hot else None
    numbers = labels[:, 0]
    fits = task.takes_classes and bool(
        ((numbers >= 0) & (numbers < MAX_CLASSES) & (numbers == np.round(numbers))).all()
    )
    return numbers.astype(np.int64) if fits else None


def label_facts(data: TrainingData, task: Task) -> dict[str, Any]:
    """Return the fields of `Facts` about the labels; none where the targets are not labels."""
    training, validation = labels_of(data.y, task), labels_of(data.y_validation, task)
    each = max(labels_each(data.y, task), labels_each(data.y_validation, task))
    facts: dict[str, Any] = {"labels_each": each}
    if training is not None:
        facts["label_columns"] = training.shape[1]
        facts["one_hot"] = not task.takes_one_number_each and is_one_hot(training)
        facts["label_shares"] = _label_shares(training, task)
    numbers = class_numbers(training, task), class_numbers(validation, task)
    facts |= _class_facts(*numbers, training, task, data.class_names)
    if each > 1:
        facts["labels_sorted"] = None
    judged = training if validation is None else validation
    weights = None if validation is None else data.sample_weight_validation
    if each > 1 and weights is not None:
        return facts
    return facts | {
        "baseline_loss": entropy_loss(judged, weights, task),
    }


def _label_shares(labels: Array, task: Task) -> tuple[float, ...]:
    """Return the share of samples with each label, where a sample can have several; empty elsewhere."""
    several = labels.shape[1] > 1 and task.loss.startswith("binary") and _is_binary(labels) and not is_one_hot(labels)
    return tuple(float(f"{share:.6g}") for share in labels.mean(axis=0)) if several else ()


def _class_facts(
    training: Array | None, validation: Array | None, labels: Array | None, task: Task, class_names: tuple[str, ...]
) -> dict[str, Any]:
    parts = [part for part in (training, validation) if part is not None]
    if not parts:
        return {}
    columns = 1 if labels is None else labels.shape[1]
    units = task.output_units or 1 if task.output_activation == "softmax" else 1
    classes = max(2, len(class_names), columns, units, *(int(part.max()) + 1 for part in parts))
    return {
        "classes": classes,
        "training_counts": _counts(training, classes),
        "validation_counts": _counts(validation, classes),
        "labels_sorted": None if training is None else are_sorted(training, np.bincount(training)),
    }


def _counts(numbers: Array | None, classes: int) -> tuple[int, ...] | None:
    return None if numbers is None else tuple(map(int, np.bincount(numbers, minlength=classes)))


def are_sorted(numbers: Array, counts: Array) -> bool | None:
    """Return whether equal labels are next to each other; None where there are too few labels to say.

    Args:
        numbers: classes in their order, (n,).
        counts: how often each class occurs.
    """
    shares = counts / max(1, counts.sum())
    expected = len(numbers) * (1 - float((shares**2).sum()))
    if expected < MIN_CHANGES:
        return None
    return bool(np.count_nonzero(np.diff(numbers)) < SORTED_SHARE * expected)


def entropy_loss(labels: Array | None, weights: Any, task: Task) -> float | None:
    """Return the loss of always predicting the class frequencies, in nats."""
    if labels is None or task.smoothed or not len(labels):
        return None
    weight = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=np.float64).reshape(-1)
    if len(weight) != len(labels) or weight.sum() <= 0:
        return None
    if task.loss == "binary_crossentropy":
        shares = np.average(labels, axis=0, weights=weight) if _is_binary(labels) else np.empty(0)
        entropies = [_entropy(np.array([share, 1 - share])) for share in shares]
    elif task.loss in {"categorical_crossentropy", "sparse_categorical_crossentropy"}:
        numbers = class_numbers(labels, task)
        entropies = [] if numbers is None else [_entropy(np.bincount(numbers, weights=weight) / weight.sum())]
    else:
        entropies = []
    return float(f"{float(np.mean(entropies)) * float(weight.mean()):.6g}") if entropies else None


def _entropy(shares: Array) -> float:
    present = shares[shares > 0]
    return float(-(present * np.log(present)).sum())


def _is_binary(labels: Array) -> bool:
    return bool(((labels == 0) | (labels == 1)).all())
