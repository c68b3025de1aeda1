"""What moved between two epochs: which samples went over the threshold, which way, and which lie near it."""

from dataclasses import dataclass

import numpy as np

from fitmon.engine.insight.scores import SampleScores

NEAR = 0.1
"""A sample lies near the threshold when its distance is smaller: a tenth of the whole range of a probability."""


@dataclass(frozen=True, slots=True)
class ThresholdCounts:
    """How the validation samples stand against the threshold."""

    samples: int
    right: int
    wrong: int
    crossed_up: int | None
    """Wrong an epoch ago, right now; None when there is no earlier epoch."""
    crossed_down: int | None
    """Right an epoch ago, wrong now; None when there is no earlier epoch."""
    near: int
    """Samples within `NEAR` of the threshold, on either side."""


def count_against_threshold(scores: SampleScores, previous: SampleScores | None, threshold: float) -> ThresholdCounts:
    """Count right, wrong, crossed and near samples at this threshold, which lies in [0, 1].

    NaN predictions count as wrong and never as near.
    """
    right = scores.right(threshold)
    before = None if previous is None or len(previous) != len(scores) else previous.right(threshold)
    return ThresholdCounts(
        samples=len(scores),
        right=int(right.sum()),
        wrong=int((~right).sum()),
        crossed_up=None if before is None else int((right & ~before).sum()),
        crossed_down=None if before is None else int((~right & before).sum()),
        near=int((np.abs(scores.distance(threshold)) < NEAR).sum()),
    )
