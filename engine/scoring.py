"""Finds out from a model's loss what its outputs mean, and turns them into probabilities for the insight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.scores import SampleScores, score_probabilities

if TYPE_CHECKING:
    import keras

TWO_CLASS_LOSSES = {"binary_crossentropy", "binary_focal_crossentropy"}
INTEGER_LABEL_LOSSES = {"sparse_categorical_crossentropy"}
ONE_HOT_LABEL_LOSSES = {"categorical_crossentropy", "categorical_focal_crossentropy"}


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

    def score(self, predictions: npt.NDArray[np.float32]) -> SampleScores:
        """Score predictions, (m, 1) for two classes or (m, C), in the order of the validation samples."""
        return score_probabilities(self._probabilities(predictions), self._true_class)

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
    name, from_logits = _loss_facts(model.loss)
    true_class = _class_numbers(name, np.asarray(labels))
    if true_class is None:
        return None
    return Scorer(true_class, two_classes=name in TWO_CLASS_LOSSES, from_logits=from_logits)


def _loss_facts(loss: Any) -> tuple[str, bool]:
    """Return a loss's snake-case name and whether it takes logits; an empty name when it is not one of Keras's."""
    import keras

    try:
        found = keras.losses.get(loss)
    except (TypeError, ValueError):
        return "", False
    if hasattr(found, "get_config"):
        return str(getattr(found, "name", "")), bool(found.get_config().get("from_logits", False))
    return str(getattr(found, "__name__", "")), False


def _class_numbers(loss_name: str, labels: npt.NDArray[Any]) -> npt.NDArray[np.int32] | None:
    """Return (m,) class numbers; None when the loss or the labels' shape is of another kind."""
    one_column = labels.ndim == 1 or (labels.ndim == 2 and labels.shape[1] == 1)  # noqa: PLR2004 - rows, columns
    if loss_name in TWO_CLASS_LOSSES and one_column:
        return np.round(labels.reshape(-1)).astype(np.int32)
    if loss_name in INTEGER_LABEL_LOSSES and one_column:
        return labels.reshape(-1).astype(np.int32)
    if loss_name in ONE_HOT_LABEL_LOSSES and not one_column and labels.ndim == 2:  # noqa: PLR2004
        return np.asarray(labels.argmax(axis=1), dtype=np.int32)
    return None
