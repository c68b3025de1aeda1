"""Per-sample predictions of one epoch, and what they mean at a threshold.

n is the number of samples, C the number of classes. Two classes: the model gives one probability p of class 1 and
predicts 1 only if p > threshold. Several classes: it predicts the class with the largest probability.
"""

from dataclasses import dataclass
from typing import Any, Literal, Self, TypeVar

import numpy as np
import numpy.typing as npt

from fitmon.engine.arrays import Arrays, Saved, whole

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int32]
Booleans = npt.NDArray[np.bool_]
Array = TypeVar("Array", bound=npt.NDArray[Any])

NEAR = 0.1
"""A sample is near the threshold if its distance is smaller: a tenth of the range of a probability."""

Task = Literal["binary", "multiclass"]
"""`binary`: one probability and a threshold. `multiclass`: the largest of several probabilities wins."""


@dataclass(frozen=True, slots=True)
class SampleScores:
    """What the model predicts for every validation sample. All arrays are read-only and never change."""

    task: Task
    true_class: Integers
    """(n,) int32 in 0..C-1."""
    predicted_class: Integers
    """(n,) int32: the class of the largest probability; two classes: at threshold 0.5."""
    probability_true: Floats
    """(n,) float32 in [0, 1]: the probability of the true class."""
    margin: Floats
    """(n,) float32 in [-1, 1]: `probability_true` minus the largest probability of another class."""
    probability: Floats | None
    """(n,) float32 in [0, 1]: the probability of class 1; None for several classes."""
    losses: Floats | None = None
    """(n,) float32: the model's own loss per sample, unreduced; None where it has none."""
    weights: Floats | None = None
    """(n,) float32, so that the mean of `weights * losses` is the data part of the validation loss; None for 1 each."""
    labels: int = 1
    """How many labels of a sample are predicted separately: entry i is label i % labels of sample i // labels."""

    def __len__(self) -> int:
        return len(self.true_class)

    def distance(self, threshold: float) -> Floats:
        """Return how far each sample is on the right side: (n,) float32, positive where the prediction is correct.

        Two classes: p - threshold for class 1, threshold - p for class 0. Several: the margin; `threshold` is not used.
        A sample exactly at the threshold has distance 0 and is correct only if `right` says so.
        """
        if self.probability is None:
            return self.margin
        side: Floats = np.where(self.true_class == 1, np.float32(1), np.float32(-1))
        distance: Floats = side * (self.probability - np.float32(threshold))
        return distance

    def right(self, threshold: float) -> Booleans:
        """Return (n,) bool: whether each sample is predicted correctly at a threshold; False for NaN."""
        predicted = self.predicted_class if self.probability is None else self.probability > np.float32(threshold)
        right: Booleans = (predicted == self.true_class) & np.isfinite(self.margin)
        return right

    def answers(self, threshold: float) -> Integers:
        """Return (n,) int32: the class predicted at this threshold, which matters for two classes only.

        Where a prediction is NaN the class has no meaning, and `right` is False.
        """
        if self.probability is None:
            return self.predicted_class
        return (self.probability > np.float32(threshold)).astype(np.int32)

    def arrays(self) -> Arrays:
        """Return everything but `true_class`, which all epochs share, as arrays that never change."""
        found: Arrays = {"labels": whole(self.labels), "predicted_class": self.predicted_class}
        floats = {name: getattr(self, name) for name in _FLOATS}
        return found | {name: array for name, array in floats.items() if array is not None}

    @classmethod
    def restored(cls, saved: Saved, true_class: Integers) -> Self:
        """Return the object that `arrays` described; raises DataError when they do not fit."""
        samples = len(true_class)
        probability = saved.optional("probability", np.float32, samples)
        return cls(
            task="multiclass" if probability is None else "binary",
            true_class=true_class,
            predicted_class=saved.array("predicted_class", np.int32, samples),
            probability_true=saved.array("probability_true", np.float32, samples),
            margin=saved.array("margin", np.float32, samples),
            probability=probability,
            losses=saved.optional("losses", np.float32, samples),
            weights=saved.optional("weights", np.float32, samples),
            labels=saved.whole("labels", at_least=1),
        )


_FLOATS = ("probability_true", "margin", "probability", "losses", "weights")


def score_probabilities(probabilities: npt.NDArray[np.floating], labels: npt.NDArray[np.integer]) -> SampleScores:
    """Turn predictions into scores.

    Args:
        probabilities: (n,) or (n, 1) for two classes, (n, C) for C > 1 classes; rows in [0, 1], NaN passes through.
        labels: (n,) class numbers in 0..C-1, or 0 and 1 for two classes.
    """
    predictions = np.asarray(probabilities, dtype=np.float32)
    # A view where they already are int32, so that the scores of all epochs share the labels.
    true_class = np.asarray(labels).reshape(-1).astype(np.int32, copy=False).view()
    if predictions.ndim == 1 or predictions.shape[1] == 1:
        return _score_two_classes(predictions.reshape(-1), true_class)
    return _score_several_classes(predictions, true_class)


def _score_two_classes(probability: Floats, true_class: Integers) -> SampleScores:
    probability_true = np.where(true_class == 1, probability, np.float32(1) - probability)
    return SampleScores(
        task="binary",
        true_class=_frozen(true_class),
        predicted_class=_frozen((probability > np.float32(0.5)).astype(np.int32)),
        probability_true=_frozen(probability_true),
        margin=_frozen(np.float32(2) * probability_true - np.float32(1)),
        probability=_frozen(probability.copy()),
    )


def _score_several_classes(probabilities: Floats, true_class: Integers) -> SampleScores:
    rows = np.arange(len(probabilities))
    probability_true = probabilities[rows, true_class]
    others = probabilities.copy()
    others[rows, true_class] = -np.inf
    return SampleScores(
        task="multiclass",
        true_class=_frozen(true_class),
        predicted_class=_frozen(probabilities.argmax(axis=1).astype(np.int32)),
        probability_true=_frozen(probability_true),
        margin=_frozen(probability_true - others.max(axis=1)),
        probability=None,
    )


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array
