"""Whether the model's confidence matches its accuracy."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.scores import Floats, SampleScores

BINS = 15
"""As in Guo et al. 2017."""
USUAL_THRESHOLD = 0.5
"""Two classes: the more probable one. Calibration is about probabilities, whatever the user's threshold."""


@dataclass(frozen=True, slots=True)
class CalibrationBin:
    """The samples with a confidence in (low, high]; the lowest bin includes 0."""

    low: float
    high: float
    samples: int
    confidence: float | None
    """Their mean confidence, in [0, 1]; None without samples."""
    accuracy: float | None
    """The share of correct predictions, in [0, 1]; None without samples. Below `confidence`: overconfident."""


def confidence_of(scores: SampleScores) -> Floats:
    """Return the probability of the most probable class, (n,) float32 in [0, 1].

    For a correct prediction this is p(true); for a wrong one, p(true) minus the (negative) margin.
    """
    other = scores.probability_true - scores.margin
    confidence: Floats = np.where(scores.right(USUAL_THRESHOLD), scores.probability_true, other)
    return confidence


def calibration_curve(scores: SampleScores, bins: int = BINS) -> tuple[CalibrationBin, ...] | None:
    """Sort the samples into bins of equal width by confidence; None below two samples or with a NaN prediction."""
    if len(scores) < 2 or not np.isfinite(scores.margin).all():  # noqa: PLR2004 - one sample has no share
        return None
    confidence = confidence_of(scores)
    place = np.clip(np.ceil(confidence * np.float64(bins)).astype(np.int16) - 1, 0, bins - 1)
    samples = np.bincount(place, minlength=bins)
    confidence_sum = np.bincount(place, weights=confidence, minlength=bins)
    right = np.bincount(place[scores.right(USUAL_THRESHOLD)], minlength=bins)
    return tuple(_bin(number, samples, confidence_sum, right) for number in range(bins))


def expected_calibration_error(curve: tuple[CalibrationBin, ...] | None) -> float | None:
    """Return the mean distance between accuracy and confidence over the samples, in [0, 1]; None without a curve.

    Guo et al. 2017, "On Calibration of Modern Neural Networks" (https://arxiv.org/abs/1706.04599), equation 3.
    """
    if curve is None:
        return None
    gaps = [
        each.samples * abs(each.accuracy - each.confidence)
        for each in curve
        if each.accuracy is not None and each.confidence is not None
    ]
    return float(sum(gaps) / sum(each.samples for each in curve))


def _bin(
    number: int, samples: npt.NDArray[Any], confidence_sum: npt.NDArray[Any], right: npt.NDArray[Any]
) -> CalibrationBin:
    count = int(samples[number])
    return CalibrationBin(
        low=number / len(samples),
        high=(number + 1) / len(samples),
        samples=count,
        confidence=float(confidence_sum[number] / count) if count else None,
        accuracy=float(right[number] / count) if count else None,
    )
