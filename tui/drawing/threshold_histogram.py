"""Draws the histograms of the validation samples: how far they are on the right side, or where each class lies."""

import math
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.scores import Floats, SampleScores
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Piece, Row
from fitmon.tui.drawing.count_axis import GUTTER, count_axis

LEVELS = " ▁▂▃▄▅▆▇█"
WRONG = "░"
WRONG_LEVELS = " ⣀⣀⣀⣤⣤⣶⣶░"
"""The tips of bars of wrong samples are dotted as well: they differ from the others without color."""
THRESHOLD = "┊"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Validation samples by a number of each, such as p(true)."""

    low: float
    high: float
    right: Integers
    """(bins,) samples predicted correctly."""
    wrong: Integers
    """(bins,) samples predicted wrongly."""
    thresholds: tuple[float, ...]
    """Where a prediction changes: the threshold, and its mirror for class 0 if the number is p(true)."""

    @property
    def tallest(self) -> int:
        """The samples of the fullest bin."""
        return int((self.right + self.wrong).max(initial=0))


def histogram(scores: SampleScores, threshold: float, columns: int) -> Histogram:
    """Count right and wrong samples in `columns` bins of p(true), or of the margin for more than two classes.

    NaN is counted at the far wrong end.
    """
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


def class_histograms(scores: SampleScores, threshold: float, columns: int) -> tuple[Histogram, Histogram]:
    """Count the samples of class 0 and of class 1 in `columns` bins of p(class 1); NaN is at the far wrong end."""
    group = 2 * (scores.true_class == 1) + scores.right(threshold)
    index = group * columns + column_of_probability(scores, columns)
    counts = np.bincount(index, minlength=4 * columns).reshape(2, 2, columns)
    negative, positive = (
        Histogram(low=0.0, high=1.0, right=right, wrong=wrong, thresholds=(threshold,)) for wrong, right in counts
    )
    return negative, positive


def positions(scores: SampleScores) -> Floats:
    """Return the position of each of n samples: (n,) p(true) in [0, 1] for two classes, else the margin in [-1, 1]."""
    return scores.probability_true if scores.task == "binary" else scores.margin


def column_of_each(scores: SampleScores, columns: int) -> Integers:
    """Return the bin of each sample, (n,) int64 in 0..columns-1; NaN at the far wrong end."""
    low = 0.0 if scores.task == "binary" else -1.0
    return _columns_of((positions(scores).astype(np.float64) - low) / (1.0 - low), columns)


def column_of_probability(scores: SampleScores, columns: int) -> Integers:
    """Return the bin of p(class 1) of each sample, likewise."""
    known = scores.margin if scores.probability is None else scores.probability
    wrong_end = np.where(scores.true_class == 1, 0.0, 1.0)
    return _columns_of(np.where(np.isfinite(known), known.astype(np.float64), wrong_end), columns)


def _columns_of(place: npt.NDArray[np.float64], columns: int) -> Integers:
    index: Integers = np.clip((np.nan_to_num(place, nan=0.0) * columns).astype(np.int64), 0, columns - 1)
    return index


def draw_histogram(bins: Histogram, height: int, *, log_scale: bool = False) -> list[Row]:
    """Return `height` rows with an axis of counts, wrong samples at the bottom of each column."""
    total = bins.right + bins.wrong
    axis = count_axis(bins.tallest, height, log_scale=log_scale)
    heights = [axis.eighths(count) for count in total.tolist()]
    wrong = [
        max(1, round(high * part / whole)) if part else 0
        for high, part, whole in zip(heights, bins.wrong.tolist(), total.tolist(), strict=True)
    ]
    thresholds = {column_at(bins, threshold) for threshold in bins.thresholds}
    return [
        (
            (label, Role.FAINT),
            *merged(
                [
                    _cell(heights[column] - level * 8, wrong[column] - level * 8, column in thresholds)
                    for column in range(len(total))
                ]
            ),
        )
        for label, level in zip(axis.labels(), reversed(range(height)), strict=True)
    ]


def _cell(filled: int, wrong: int, is_threshold: bool) -> Piece:
    """Return a cell of a bar that is filled to so many eighths of the cell, `wrong` of them by wrong samples."""
    if filled <= 0:
        return (THRESHOLD, Role.MARK) if is_threshold else (" ", Role.PLAIN)
    filled = min(8, filled)
    # A cell has one texture: that of most of it. A few wrong samples show below a tall bar of right ones.
    is_wrong = wrong * 2 >= filled or (wrong > 0 and filled == 8)  # noqa: PLR2004 - eighths of a cell
    return (WRONG_LEVELS[filled], Role.BAD) if is_wrong else (LEVELS[filled], Role.GOOD)


def merged(cells: list[Piece]) -> Row:
    """Join neighbors of one role, for fewer color changes in the output."""
    return tuple(("".join(text for text, _ in run), role) for role, run in groupby(cells, key=lambda cell: cell[1]))


def column_at(bins: Histogram, value: float) -> int:
    """Return the column of a value."""
    columns = len(bins.right)
    return min(columns - 1, max(0, math.floor((value - bins.low) / (bins.high - bins.low) * columns)))


def scale(bins: Histogram) -> Row:
    """Return the numbers below the columns: the thresholds and both ends, as many as fit."""
    columns = len(bins.right)
    line: list[Piece] = [(" ", Role.PLAIN)] * (GUTTER + columns)
    for value in (*bins.thresholds, bins.low, bins.high):
        label = form.signs(form.setting(value))
        start = min(max(GUTTER, column_at(bins, value) + GUTTER - len(label) // 2), columns + GUTTER - len(label))
        free = all(text == " " for text, _ in line[max(0, start - 1) : start + len(label) + 1])
        role = Role.MARK if value in bins.thresholds else Role.FAINT
        if start >= GUTTER and free:
            line[start : start + len(label)] = [(sign, role) for sign in label]
    return merged(line)
