"""The effect of another threshold, and the best one, for two classes; the model stays as it is.

The prediction is 1 only if p > threshold, so every threshold between two neighboring probabilities has the same effect.
Trying one in each such gap is therefore exact.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.ranking import Ranking, rank
from fitmon.engine.insight.scores import Booleans, SampleScores

Goal = Literal["accuracy", "f1", "balanced_accuracy", "cost"]
Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
Places = npt.NDArray[np.intp]

USUAL_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class ConfusionCounts:
    """Counts of the samples at one threshold; class 1 is "positive"."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    not_numbers: int = 0
    """Samples whose prediction is NaN: not in the other four, and wrong."""

    @property
    def samples(self) -> int:
        """All samples, including those with a NaN prediction."""
        return self.true_positive + self.false_positive + self.false_negative + self.true_negative + self.not_numbers

    @property
    def accuracy(self) -> float | None:
        """The share of correct predictions, in [0, 1]; None without samples."""
        return _share(self.true_positive + self.true_negative, self.samples)

    @property
    def precision(self) -> float | None:
        """The share of predictions of 1 that are correct; None where 1 is never predicted."""
        return _share(self.true_positive, self.true_positive + self.false_positive)

    @property
    def recall(self) -> float | None:
        """The share of samples of class 1 that are found; None without any."""
        return _share(self.true_positive, self.true_positive + self.false_negative)

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall; None where 1 neither occurs nor is predicted."""
        return _share(2 * self.true_positive, 2 * self.true_positive + self.false_positive + self.false_negative)

    @property
    def balanced_accuracy(self) -> float | None:
        """The mean recall of the two classes; None unless both occur."""
        negative_recall = _share(self.true_negative, self.true_negative + self.false_positive)
        return None if self.recall is None or negative_recall is None else (self.recall + negative_recall) / 2

    def cost(self, cost_ratio: float) -> float:
        """The cost of all errors in units of one false positive, when a false negative costs `cost_ratio` of them."""
        return self.false_negative * cost_ratio + self.false_positive


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """The best threshold for a goal."""

    goal: Goal
    threshold: float
    """In [0, 1]; the number with the fewest digits among equally good ones, near their middle."""
    value: float
    """The value of the goal there: in [0, 1], or for `cost` the sum in units of one false positive."""
    counts: ConfusionCounts


def counts_at(scores: SampleScores, threshold: float) -> ConfusionCounts | None:
    """Count n samples at a threshold in [0, 1], in O(n); None for several classes."""
    if scores.probability is None:
        return None
    known = np.isfinite(scores.probability)
    positive = scores.true_class == 1
    answered = scores.answers(threshold) == 1
    return ConfusionCounts(
        true_positive=_count(known & positive & answered),
        false_positive=_count(known & ~positive & answered),
        false_negative=_count(known & positive & ~answered),
        true_negative=_count(known & ~positive & ~answered),
        not_numbers=_count(~known),
    )


def best_threshold(scores: SampleScores, goal: Goal, cost_ratio: float = 1.0) -> ThresholdChoice | None:
    """Find the best threshold in [0, 1] for a goal, in O(n log n).

    Of several equally good gaps the one closest to 0.5 is used, and of two equally close the lower; 0.5 itself is kept
    where it is as good as any.

    Args:
        scores: of n samples in two classes.
        goal: what to maximize; `cost` is minimized.
        cost_ratio: for `cost`: how many false positives one false negative is worth, above 0.

    Returns:
        None for several classes, with a NaN prediction, or unless both classes occur: for one class alone the best
        threshold always predicts it.

    Raises:
        ValueError: when the ratio is not a number above 0.
    """
    if not (math.isfinite(cost_ratio) and cost_ratio > 0):
        raise ValueError(f"Expected a cost ratio above 0, as in 5 for 5:1, received {cost_ratio}.")
    if scores.probability is None or not np.isfinite(scores.probability).all():
        return None
    ranking = rank(scores.probability, scores.true_class == 1)
    if not ranking.both_classes:
        return None
    worth = _worth(ranking, goal, cost_ratio)
    if ranking.probability[0] <= 0:
        # No threshold in [0, 1] is below this one, so not all samples can be predicted as 1.
        worth[0] = -np.inf
    threshold = _nearest_to_usual(*_gaps(ranking, np.flatnonzero(worth == worth.max())))
    return _choice(scores, goal, threshold, cost_ratio)


def _gaps(ranking: Ranking, chosen: Places) -> tuple[Doubles, Doubles]:
    """Return where the chosen ones of the k + 1 gaps start (inclusive) and end (exclusive).

    Gap 0 is below all probabilities, gap i starts at the i-th; the last one ends just past 1, so that it includes 1.
    """
    past_one = np.nextafter(np.float32(1), np.float32(2))
    probability = ranking.probability
    low = np.where(chosen > 0, probability[chosen - 1], np.float32(0))
    high = np.where(chosen < len(probability), probability[np.minimum(chosen, len(probability) - 1)], past_one)
    return low.astype(np.float64), high.astype(np.float64)


def _worth(ranking: Ranking, goal: Goal, cost_ratio: float) -> Doubles:
    """Return how good each gap is, (k + 1,) float64, larger is better. Equally good gaps have exactly equal values."""
    false_negative, true_negative = _with_zero(ranking.positives_up_to), _with_zero(ranking.negatives_up_to)
    true_positive, false_positive = ranking.positives - false_negative, ranking.negatives - true_negative
    match goal:
        case "accuracy":
            return (true_positive + true_negative).astype(np.float64)
        case "balanced_accuracy":
            return (true_positive * ranking.negatives + true_negative * ranking.positives).astype(np.float64)
        case "f1":
            return np.asarray(
                2 * true_positive / (2 * true_positive + false_positive + false_negative), dtype=np.float64
            )
        case "cost":
            return np.asarray(-(false_negative * cost_ratio + false_positive), dtype=np.float64)


def _with_zero(up_to: Counts) -> Counts:
    return np.concatenate((np.zeros(1, dtype=np.int64), up_to))


def _nearest_to_usual(low: Doubles, high: Doubles) -> float:
    if ((low <= USUAL_THRESHOLD) & (high > USUAL_THRESHOLD)).any():
        return USUAL_THRESHOLD
    nearest = int(np.abs((low + high) / 2 - USUAL_THRESHOLD).argmin())
    return _shortest_number(float(low[nearest]), float(high[nearest]))


def _shortest_number(low: float, high: float) -> float:
    """Return a short decimal in [low, high) after rounding to float32, because predictions are float32."""
    middle = (low + high) / 2
    candidates = (round(middle, digits) for digits in range(1, 9))
    return next((number for number in candidates if low <= float(np.float32(number)) < high), low)


def _choice(scores: SampleScores, goal: Goal, threshold: float, cost_ratio: float) -> ThresholdChoice | None:
    counts = counts_at(scores, threshold)
    if counts is None:
        return None
    value = counts.cost(cost_ratio) if goal == "cost" else getattr(counts, goal)
    return ThresholdChoice(goal=goal, threshold=threshold, value=float(value), counts=counts)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _count(chosen: Booleans) -> int:
    return int(np.count_nonzero(chosen))
