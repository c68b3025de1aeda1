"""Which classes are taken for which: counts, and what follows from them class by class."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.scores import Integers

Counts = npt.NDArray[np.int64]

MAX_CLASSES = 200
"""Beyond this many classes the matrix of C * C counts is not made: nobody can read it, and its memory grows as C²."""


@dataclass(frozen=True, slots=True)
class ClassMeasures:
    """One class against all others."""

    support: int
    """Samples of this class."""
    answered: int
    """Samples for which the model answered this class."""
    found: int
    """Samples of this class for which it did."""

    @property
    def precision(self) -> float | None:
        """Of the answers "this class", the share that is right; None when it was never answered."""
        return self.found / self.answered if self.answered else None

    @property
    def recall(self) -> float | None:
        """Of this class's samples, the share that was found; None when there are none."""
        return self.found / self.support if self.support else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None when the class was neither there nor answered."""
        both = self.support + self.answered
        return 2 * self.found / both if both else None


def measure_classes(true_class: Integers, answers: Integers, classes: int) -> tuple[ClassMeasures, ...]:
    """Count each of C classes, in O(n + C). `true_class` and `answers` are (n,) in 0..C-1."""
    support = np.bincount(true_class, minlength=classes).tolist()
    answered = np.bincount(answers, minlength=classes).tolist()
    found = np.bincount(true_class[true_class == answers], minlength=classes).tolist()
    return tuple(ClassMeasures(*counts) for counts in zip(support, answered, found, strict=True))


def confusion_matrix(true_class: Integers, answers: Integers, classes: int) -> Counts | None:
    """Return (C, C) int64 counts, a row for each true class, a column for each answer; None beyond `MAX_CLASSES`.

    Equals sklearn's `confusion_matrix`.
    """
    if classes > MAX_CLASSES:
        return None
    counts = np.bincount(true_class * np.int32(classes) + answers, minlength=classes * classes)
    matrix: Counts = counts.reshape(classes, classes)
    matrix.flags.writeable = False
    return matrix


def balanced_accuracy(measures: tuple[ClassMeasures, ...]) -> float | None:
    """Return the mean recall of the classes that have samples, in [0, 1]; None when fewer than two have.

    Equals sklearn's `balanced_accuracy_score`. With one class it would be the accuracy under another name.
    """
    recalls = [each.recall for each in measures if each.recall is not None]
    return sum(recalls) / len(recalls) if len(recalls) > 1 else None


def matthews(matrix: Counts) -> float | None:
    """Return the Matthews correlation of a (2, 2) confusion matrix, in [-1, 1]; None unless both classes are there.

    Matthews 1975 (doi:10.1016/0005-2795(75)90109-9). 0 when the model answers one class only, as sklearn's
    `matthews_corrcoef` has it.
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
