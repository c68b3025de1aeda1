"""What an accuracy is worth at a glance: what can be computed in O(n), for views that must not wait."""

from dataclasses import dataclass

import numpy as np

from fitmon.engine.insight.confusion import balanced_accuracy, measure_classes
from fitmon.engine.insight.scores import SampleScores


@dataclass(frozen=True, slots=True)
class Baseline:
    """An accuracy and that of always predicting one class. A value without meaning is None, never NaN."""

    samples: int
    """n."""
    not_numbers: int
    """Samples whose prediction is NaN; they count as wrong."""
    classes_present: int
    """Classes that have a sample; with only one, accuracy says almost nothing. 0 without samples."""
    majority_class: int | None
    """The most frequent true class, the first of several; None without samples."""
    majority_share: float | None
    """The accuracy of always predicting that class, in [0, 1]; None without samples."""
    right: int
    """Samples predicted correctly at the threshold."""
    accuracy: float | None
    """Their share, in [0, 1]; None without samples."""
    balanced_accuracy: float | None
    """Mean recall over the classes, in [0, 1]; None where fewer than two are present, or a prediction is NaN."""


def measure_baseline(scores: SampleScores, threshold: float) -> Baseline:
    """Count n samples at a threshold in [0, 1], which matters for two classes only."""
    samples = len(scores)
    support = np.bincount(scores.true_class)
    not_numbers = int(np.count_nonzero(~np.isfinite(scores.margin)))
    right = int(np.count_nonzero(scores.right(threshold)))
    return Baseline(
        samples=samples,
        not_numbers=not_numbers,
        classes_present=int(np.count_nonzero(support)),
        majority_class=int(support.argmax()) if samples else None,
        majority_share=float(support.max() / samples) if samples else None,
        right=right,
        accuracy=right / samples if samples else None,
        balanced_accuracy=_balanced(scores, threshold) if samples and not not_numbers else None,
    )


def _balanced(scores: SampleScores, threshold: float) -> float | None:
    answers = scores.answers(threshold)
    classes = 1 + max(int(scores.true_class.max()), int(answers.max()))
    return balanced_accuracy(measure_classes(scores.true_class, answers, classes))
