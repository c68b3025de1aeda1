"""Two-class samples sorted by probability: the effect of every possible threshold.

Everything about other thresholds is read from this one sorted table.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.scores import Booleans, Floats

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ranking:
    """The k distinct probabilities of n samples in ascending order, and how many samples are at or below each."""

    probability: Floats
    """(k,) float32, strictly ascending."""
    positives_up_to: Counts
    """(k,) int64: samples of class 1 with this probability or less; the last is all of them."""
    negatives_up_to: Counts
    """(k,) int64: the same for class 0."""

    @property
    def positives(self) -> int:
        """Samples of class 1."""
        return int(self.positives_up_to[-1]) if len(self.positives_up_to) else 0

    @property
    def negatives(self) -> int:
        """Samples of class 0."""
        return int(self.negatives_up_to[-1]) if len(self.negatives_up_to) else 0

    @property
    def both_classes(self) -> bool:
        """Whether both classes have samples."""
        return self.positives > 0 and self.negatives > 0

    def roc_auc(self) -> float | None:
        """Return the area under the ROC curve, in [0, 1]; None unless both classes occur.

        It is the share of pairs of one sample of each class in which class 1 has the larger probability, a tie
        counting half (Mann and Whitney 1947, doi:10.1214/aoms/1177730491). Equals sklearn's `roc_auc_score`.
        """
        if not self.both_classes:
            return None
        positives = np.diff(self.positives_up_to, prepend=0)
        negatives = np.diff(self.negatives_up_to, prepend=0)
        # Twice the pairs won, in whole numbers: exact up to 4 billion samples.
        twice_won = int((positives * (2 * self.negatives_up_to - negatives)).sum())
        return twice_won / (2 * self.positives * self.negatives)

    def average_precision(self) -> float | None:
        """Return the mean of precision over recall, in [0, 1]; None unless both classes occur.

        The sum over the distinct probabilities of (rise of recall) * precision, without interpolation, like sklearn's
        `average_precision_score`.
        """
        if not self.both_classes:
            return None
        positives = np.diff(self.positives_up_to, prepend=0)
        # Predicted as 1 with a threshold just below this probability: it and all larger ones.
        found = _at_or_above(self.positives_up_to)
        precision = found / (found + _at_or_above(self.negatives_up_to))
        return float(np.vdot(positives, precision) / self.positives)


def rank(probability: Floats, positive: Booleans) -> Ranking:
    """Sort n samples by their probability of class 1: O(n log n).

    Args:
        probability: (n,) float32, without NaN.
        positive: (n,) bool, whether the sample is of class 1.
    """
    order = np.argsort(probability)
    ascending = probability[order]
    last_of_its_value = np.flatnonzero(ascending[1:] != ascending[:-1])
    if len(ascending):
        last_of_its_value = np.append(last_of_its_value, len(ascending) - 1)
    positives_up_to = np.cumsum(positive[order], dtype=np.int64)[last_of_its_value]
    return Ranking(
        probability=ascending[last_of_its_value],
        positives_up_to=positives_up_to,
        negatives_up_to=last_of_its_value + 1 - positives_up_to,
    )


def _at_or_above(up_to: Counts) -> Counts:
    before: Counts = np.concatenate((np.zeros(1, dtype=np.int64), up_to[:-1]))
    after: Counts = up_to[-1] - before
    return after
