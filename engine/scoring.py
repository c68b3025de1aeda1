"""Finds out from a model's loss what its outputs mean, and turns them into probabilities for the insight."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.scores import SampleScores, score_probabilities

if TYPE_CHECKING:
    import keras

ROWS_AND_COLUMNS = 2
"""Number of axes of a matrix."""

Kind = Literal["two classes", "class numbers", "one-hot rows"]
"""What a loss takes as labels."""


class Scorer:
    """Turns a model's predictions for the validation samples into scores."""

    def __init__(self, true_class: npt.NDArray[np.int32], *, two_classes: bool, from_logits: bool) -> None:
        """Take the samples' class numbers, (m,) int32, and what the model's outputs are."""
        self._true_class = true_class
        self._two_classes = two_classes
        self._from_logits = from_logits

    def majority_share(self) -> float:
        """Return the accuracy of always answering the most frequent class, in [0, 1]."""
        return float(np.bincount(self._true_class).max() / len(self._true_class))

    def score(self, predictions: npt.NDArray[np.float32]) -> SampleScores | None:
        """Score predictions, (m, 1) for two classes or (m, C), in the order of the validation samples.

        None when they have another shape, or fewer columns than there are classes: the model is not what its loss says.
        """
        columns = predictions.shape[1] if predictions.ndim == ROWS_AND_COLUMNS else 0
        fits = columns == 1 if self._two_classes else columns > max(1, int(self._true_class.max()))
        return score_probabilities(self._probabilities(predictions), self._true_class) if fits else None

    def _probabilities(self, predictions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        if not self._from_logits:
            return predictions
        if self._two_classes:
            # 1 / (1 + exp(-x)) without its overflow for very negative x.
            return np.asarray(np.exp(-np.logaddexp(0, -predictions)), dtype=np.float32)
        exponentials = np.exp(predictions - predictions.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)


def scorer_for(model: keras.Model, labels: Any) -> Scorer | None:
    """Return the scorer that fits a model's loss; None where the loss knows no probabilities.

    `labels` are the validation targets as the model's loss takes them: 0 and 1, class numbers, or one-hot rows.
    """
    if not hasattr(labels, "shape") or len(labels) == 0 or len(getattr(model, "outputs", None) or [None]) != 1:
        return None
    kind, from_logits = _loss_facts(_only_entry(model.loss))
    true_class = _class_numbers(kind, np.asarray(labels))
    if true_class is None:
        return None
    return Scorer(true_class, two_classes=kind == "two classes", from_logits=from_logits)


def _only_entry(loss: Any) -> Any:
    """Return the loss of a single output, which may be given as `{"output": loss}` or `[loss]`."""
    entries = list(loss.values()) if isinstance(loss, dict) else loss
    return entries[0] if isinstance(entries, list | tuple) and len(entries) == 1 else entries


def _loss_facts(loss: Any) -> tuple[Kind | None, bool]:
    """Return what labels a loss takes, and whether it takes logits; None when it is none that knows probabilities."""
    import keras

    losses = keras.losses
    try:
        found = losses.get(loss)
    except (TypeError, ValueError):
        return None, False
    kinds: dict[Kind, tuple[Any, ...]] = {
        "two classes": (losses.BinaryCrossentropy, losses.BinaryFocalCrossentropy),
        "class numbers": (losses.SparseCategoricalCrossentropy,),
        "one-hot rows": (losses.CategoricalCrossentropy, losses.CategoricalFocalCrossentropy),
    }
    if isinstance(found, losses.Loss):
        kind = next((kind for kind, classes in kinds.items() if isinstance(found, classes)), None)
        return kind, bool(found.get_config().get("from_logits", False))
    functions = {losses.get(_snake_case(cls.__name__)): kind for kind, classes in kinds.items() for cls in classes}
    return functions.get(found), False


def _snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _class_numbers(kind: Kind | None, labels: npt.NDArray[Any]) -> npt.NDArray[np.int32] | None:
    """Return (m,) class numbers; None when the labels are of another kind, soft, or mark samples to be ignored."""
    one_column = labels.ndim == 1 or (labels.ndim == ROWS_AND_COLUMNS and labels.shape[1] == 1)
    if kind == "one-hot rows" and labels.ndim == ROWS_AND_COLUMNS and not one_column:
        hard = bool(np.all((labels == 0) | (labels == 1)) and np.all(labels.sum(axis=1) == 1))
        return np.asarray(labels.argmax(axis=1), dtype=np.int32) if hard else None
    if kind not in {"two classes", "class numbers"} or not one_column:
        return None
    numbers = np.asarray(labels.reshape(-1))
    highest = 1 if kind == "two classes" else np.inf
    whole = bool(np.all((numbers >= 0) & (numbers <= highest) & (numbers == np.round(numbers))))
    return numbers.astype(np.int32) if whole else None
