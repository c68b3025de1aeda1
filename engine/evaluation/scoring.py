"""Derives from a model's loss what its outputs mean, and converts them to probabilities for the insight."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from fitmon.engine.evaluation.output_kinds import beyond_probabilities, kind_of_outputs
from fitmon.engine.insight.scores import SampleScores, score_probabilities
from fitmon.engine.keras_internals import compiled_loss, output_activation

if TYPE_CHECKING:
    import keras

    Floats = npt.NDArray[np.float32]

ROWS_AND_COLUMNS = 2
"""Number of axes of a matrix."""

Kind = Literal["two classes", "class numbers", "one-hot rows"]
"""The form of the labels that a loss takes."""


@dataclass(frozen=True, slots=True)
class Unscorable:
    """Returned instead of a scorer if there are no probabilities."""

    reason: str
    """Why, as in "not for this loss: mean_squared_error does not use probabilities"."""


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Predictions as scores."""

    scores: SampleScores
    probabilities: Floats | None
    """(n, C) for several classes; None for two."""


class Scorer:
    """Converts a model's predictions for the validation samples to scores."""

    def __init__(self, true_class: npt.NDArray[np.int32], *, kind: Kind, labels: int, from_logits: bool) -> None:
        """Take the class numbers, (m * labels,) int32, and the form of the model's outputs."""
        self._true_class = true_class
        self._two_classes = kind == "two classes"
        self._from_logits = from_logits
        self.labels = labels
        """Number of labels per sample; 1 except in multi-label models."""

    def majority_share(self) -> float:
        """Return the accuracy of always predicting the most frequent class, in [0, 1]."""
        return float(np.bincount(self._true_class).max() / len(self._true_class))

    def classes_present(self) -> int:
        """Return the number of classes with a sample."""
        return int(np.count_nonzero(np.bincount(self._true_class)))

    def score(self, predictions: Floats, losses: Floats | None = None, weights: Floats | None = None) -> Scored | None:
        """Score predictions, (m, labels) for two classes or (m, C), in the order of the validation samples.

        `losses` and `weights`, (m * labels,) float32, are added to the scores. None if the predictions have another
        shape, fewer columns than there are classes, or are not probabilities: the model does not match its loss.
        """
        columns = predictions.shape[1] if predictions.ndim == ROWS_AND_COLUMNS else 0
        fits = columns == self.labels if self._two_classes else columns > max(1, int(self._true_class.max()))
        if not fits:
            return None
        probabilities = self._probabilities(predictions.reshape(-1, 1) if self._two_classes else predictions)
        if beyond_probabilities(probabilities):
            return None
        scores = score_probabilities(probabilities, self._true_class)
        return Scored(
            scores=replace(scores, losses=losses, weights=weights, labels=self.labels),
            probabilities=None if self._two_classes else probabilities,
        )

    def outputs_are(self, predictions: Floats) -> str:
        """Return what outputs look like; see `kind_of_outputs`."""
        matrix = predictions.ndim == ROWS_AND_COLUMNS
        return kind_of_outputs(predictions, two_classes=self._two_classes) if matrix else ""

    def _probabilities(self, predictions: Floats) -> Floats:
        if not self._from_logits:
            return predictions
        if self._two_classes:
            # 1 / (1 + exp(-x)) without overflow for very negative x.
            return np.asarray(np.exp(-np.logaddexp(0, -predictions)), dtype=np.float32)
        exponentials = np.exp(predictions - predictions.max(axis=1, keepdims=True))
        return np.asarray(exponentials / exponentials.sum(axis=1, keepdims=True), dtype=np.float32)


def scorer_for(model: keras.Model, labels: Any) -> Scorer | Unscorable:
    """Return the scorer for a built model's loss, or why there is none.

    `labels` are the validation targets in the form the model's loss takes: 0 and 1 in one or several columns, class
    numbers, or one-hot rows.
    """
    labels = _only_entry(labels)
    loss = compiled_loss(model)
    kind, from_logits = _loss_facts(loss)
    if len(getattr(model, "outputs", None) or [None]) != 1:
        return Unscorable("not for this model: it has several outputs")
    if not hasattr(labels, "shape") or not labels.shape:
        return Unscorable("not for these data: the validation samples have no labels")
    if kind is None:
        return Unscorable(f"not for this loss: {getattr(loss, 'name', 'it')} does not use probabilities")
    activation = output_activation(model)
    if why := _no_probabilities(activation, model, from_logits=from_logits):
        return Unscorable(f"not for this model: {why}")
    true_class = _class_numbers(kind, np.asarray(labels))
    if true_class is None:
        return Unscorable(f"not for these labels: {_why_not_classes(kind, labels)}")
    # For these two Keras computes cross-entropy from the logits before the activation, whatever `from_logits` says; the
    # outputs themselves are probabilities already.
    are_logits = from_logits and activation not in {"sigmoid", "softmax"}
    return Scorer(true_class.reshape(-1), kind=kind, labels=true_class.shape[1], from_logits=are_logits)


def _no_probabilities(activation: str, model: keras.Model, *, from_logits: bool) -> str:
    """Return why a model's outputs are not probabilities; empty if they are."""
    if activation == "softmax" and model.outputs[0].shape[-1] == 1:
        return "softmax over one column gives 1 for every sample; use sigmoid"
    if activation == "linear" and not from_logits:
        return "its outputs are not probabilities; set from_logits=True on its loss"
    return ""


def _why_not_classes(kind: Kind, labels: Any) -> str:
    if len(labels.shape) > ROWS_AND_COLUMNS or (kind == "class numbers" and np.asarray(labels[:1]).size > 1):
        return "a sample has one for each pixel or step, and the views show samples with one label"
    return "they are soft, mark samples to ignore, or are not plain class labels"


def _only_entry(labels: Any) -> Any:
    """Return the targets of a single output, which may be given as `{"output": targets}` or `[targets]`."""
    entries = list(labels.values()) if isinstance(labels, dict) else labels
    return entries[0] if isinstance(entries, list | tuple) and len(entries) == 1 else entries


def _loss_facts(loss: Any) -> tuple[Kind | None, bool]:
    """Return the form of labels a loss takes and whether it takes logits; None if it does not use probabilities."""
    import keras

    losses = keras.losses
    kinds: dict[Kind, tuple[Any, ...]] = {
        "two classes": (losses.BinaryCrossentropy, losses.BinaryFocalCrossentropy),
        "class numbers": (losses.SparseCategoricalCrossentropy,),
        "one-hot rows": (losses.CategoricalCrossentropy, losses.CategoricalFocalCrossentropy),
    }
    function = getattr(loss, "fn", None)
    for kind, classes in kinds.items():
        if isinstance(loss, classes) or any(function is cls().fn for cls in classes):
            return kind, bool(getattr(loss, "from_logits", False))
    return None, False


def _class_numbers(kind: Kind, labels: npt.NDArray[Any]) -> npt.NDArray[np.int32] | None:
    """Return (m, labels) class numbers; None if the labels are of another kind, soft, or mark samples to ignore."""
    if labels.dtype.kind not in "buif" or labels.ndim > ROWS_AND_COLUMNS:
        return None
    columns = labels.reshape(len(labels), -1)
    if kind == "one-hot rows":
        hard = bool(np.all((columns == 0) | (columns == 1)) and np.all(columns.sum(axis=1) == 1))
        return columns.argmax(axis=1).astype(np.int32)[:, None] if hard and columns.shape[1] > 1 else None
    highest = 1 if kind == "two classes" else np.inf
    fits = kind == "two classes" or columns.shape[1] == 1
    whole = bool(np.all((columns >= 0) & (columns <= highest) & (columns == np.round(columns))))
    return columns.astype(np.int32) if whole and fits else None
