"""Draws the histogram of how far the validation samples are on the right side."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.scores import Floats, SampleScores
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row

LEVELS = " ▁▂▃▄▅▆▇█"
WRONG = "░"
THRESHOLD = "┊"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Validation samples by how far they are on the right side."""

    low: float
    high: float
    right: Integers
    """(bins,) samples predicted correctly."""
    wrong: Integers
    """(bins,) samples predicted wrongly."""
    thresholds: tuple[float, ...]
    """Where a prediction changes: the threshold, and its mirror for class 0."""


def histogram(scores: SampleScores, threshold: float, columns: int) -> Histogram:
    """Count right and wrong samples in `columns` bins; NaN is counted at the far wrong end."""
    two = scores.task == "binary"
    index = column_of_each(scores, columns)
    right = scores.right(threshold)
    return Histogram(
        low=0.0 if two else -1.0,
        high=1.0,
        right=np.bincount(index[right], minlength=columns),
        wrong=np.bincount(index[~right], minlength=columns),
        thresholds=tuple(dict.fromkeys((threshold, 1.0 - threshold))) if two else (0.0,),
    )


def positions(scores: SampleScores) -> Floats:
    """Return the position of each of n samples: (n,) p(true) in [0, 1] for two classes, else the margin in [-1, 1]."""
    return scores.probability_true if scores.task == "binary" else scores.margin


def column_of_each(scores: SampleScores, columns: int) -> Integers:
    """Return the bin of each sample, (n,) int64 in 0..columns-1; NaN at the far wrong end."""
    low = 0.0 if scores.task == "binary" else -1.0
    place = np.nan_to_num((positions(scores).astype(np.float64) - low) / (1.0 - low), nan=0.0) * columns
    index: Integers = np.clip(place.astype(np.int64), 0, columns - 1)
    return index


def draw_histogram(bins: Histogram, height: int) -> list[Row]:
    """Return `height` rows, wrong samples at the bottom of each column; heights are logarithmic."""
    total = bins.right + bins.wrong
    tallest = max(1.0, float(np.log1p(total.max())))
    eighths = np.ceil(np.log1p(total) / tallest * height * 8).astype(np.int64)
    wrong_rows = np.round(eighths / 8 * bins.wrong / np.maximum(total, 1)).astype(np.int64)
    wrong_rows = np.where(bins.wrong > 0, np.maximum(wrong_rows, 1), 0)
    # A column of wrong samples only has no green tip: the texture has no eighths, so it is rounded to whole cells.
    eighths = np.where(bins.right > 0, np.maximum(eighths, wrong_rows * 8 + 1), 0)
    thresholds = {_column(bins, threshold) for threshold in bins.thresholds}
    return [
        (
            (" ", Role.PLAIN),
            *(
                _cell(int(eighths[column]), int(wrong_rows[column]), level, column in thresholds)
                for column in range(len(total))
            ),
        )
        for level in reversed(range(height))
    ]


def _cell(eighths: int, wrong_rows: int, level: int, is_threshold: bool) -> tuple[str, Role]:
    if level < wrong_rows:
        return WRONG, Role.BAD
    filled = min(8, eighths - level * 8)
    if filled > 0:
        return LEVELS[filled], Role.GOOD
    return (THRESHOLD, Role.MARK) if is_threshold else (" ", Role.PLAIN)


def _column(bins: Histogram, value: float) -> int:
    columns = len(bins.right)
    return min(columns - 1, max(0, math.floor((value - bins.low) / (bins.high - bins.low) * columns)))


def scale(bins: Histogram) -> Row:
    """Return the numbers below the columns: both ends and the thresholds, as many as fit."""
    columns = len(bins.right)
    line = [" "] * (columns + 1)
    for value in (bins.low, bins.high, *bins.thresholds):
        label = form.setting(value)
        start = min(max(1, _column(bins, value) + 1 - len(label) // 2), columns + 1 - len(label))
        free = all(cell == " " for cell in line[max(0, start - 1) : start + len(label) + 1])
        if start >= 1 and free:
            line[start : start + len(label)] = label
    return row(("".join(line), Role.FAINT))
