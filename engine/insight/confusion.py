"""Which classes are confused with which: counts, and measures per class."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.scores import Integers

Counts = npt.NDArray[np.int64]

MAX_CLASSES = 200
"""Above this many classes there is no matrix of C * C counts: it is unreadable, and its memory grows as C²."""


@dataclass(frozen=True, slots=True)
class ClassMeasures:
    """One class against all others."""

    support: int
    """Samples of this class."""
    answered: int
    """Samples for which the model predicted this class."""
    found: int
    """Samples of this class predicted as such."""

    @property
    def precision(self) -> float | None:
        """The share of predictions of this class that are correct; None where it was never predicted."""
        return self.found / self.answered if self.answered else None

    @property
    def recall(self) -> float | None:
        """The share of this class's samples that was found; None without samples."""
        return self.found / self.support if self.support else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None where the class neither occurs nor was predicted."""
        both = self.support + self.answered
        return 2 * self.found / both if both else None


def measure_classes(true_class: Integers, answers: Integers, classes: int) -> tuple[ClassMeasures, ...]:
    """Count each of C classes, in O(n + C). `true_class` and `answers` are (n,) in 0..C-1."""
    support = np.bincount(true_class, minlength=classes).tolist()
    answered = np.bincount(answers, minlength=classes).tolist()
    found = np.bincount(true_class[true_class == answers], minlength=classes).tolist()
    return tuple(ClassMeasures(*counts) for counts in zip(support, answered, found, strict=True))


def confusion_matrix(true_class: Integers, answers: Integers, classes: int) -> Counts | None:
    """Return (C, C) int64 counts, a row per true class, a column per predicted one; None beyond `MAX_CLASSES`.

    Equals sklearn's `confusion_matrix`.
    """
    if classes > MAX_CLASSES:
        return None
    counts = np.bincount(true_class * np.int32(classes) + answers, minlength=classes * classes)
    matrix: Counts = counts.reshape(classes, classes)
    matrix.flags.writeable = False
    return matrix


def balanced_accuracy(measures: tuple[ClassMeasures, ...]) -> float | None:
    """Return the mean recall of the classes that have samples, in [0, 1]; None where fewer than two have any.

    Equals sklearn's `balanced_accuracy_score`. With one class it would equal the accuracy.
    """
    recalls = [each.recall for each in measures if each.recall is not None]
    return sum(recalls) / len(recalls) if len(recalls) > 1 else None


def matthews(matrix: Counts) -> float | None:
    """Return the Matthews correlation of a (2, 2) confusion matrix, in [-1, 1]; None unless both classes occur.

    Matthews 1975 (doi:10.1016/0005-2795(75)90109-9). 0 where the model predicts only one class, like sklearn's
    `matthews_corrcoef`.
    """
    (true_negative, false_positive), (false_negative, true_positive) = matrix.tolist()
    negatives, positives = true_negative + false_positive, false_negative + true_positive
    if not negatives or not positives:
        return None
    product = negatives * positives * (true_negative + false_negative) * (true_positive + false_positive)
    if not product:
        return 0.0
    agreement = true_positive * true_negative - false_positive * false_negative
    return float(agreement / product**0.5)
