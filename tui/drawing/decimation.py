"""Thins curves to what a chart can show, without losing a spike: whole curves are drawn in the same short time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

MAX_PER_COLUMN = 4
"""More points than this in a column of dots are replaced by their first, lowest, highest and last."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """The lowest and highest of the points in each column of dots that has any."""

    columns: Whole
    """(n,) increasing."""
    low: Floats
    """(n,) finite."""
    high: Floats
    """(n,) finite."""


def thinned(x: Floats, y: Floats, columns: int) -> tuple[Floats, Floats]:
    """Return a curve that draws like the given one.

    Args:
        x: (n,) ascending shares of the width, 0 in the first column of dots and 1 in the last.
        y: (n,) shares of the height; NaN interrupts the curve.
        columns: the columns of dots.

    Returns:
        Shares as given; where many points share a column, the first, lowest, highest and last of them.
    """
    if len(x) <= MAX_PER_COLUMN * columns:
        return x, y
    known = np.isfinite(y)
    numbers = np.flatnonzero(known)
    if not len(numbers):
        return x[:1], y[:1]
    column, y = _columns_of(x[known], columns), y[known]
    starts = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    ends = np.append(starts[1:], len(y)) - 1
    # Within a column a gap cannot be seen; between two it is kept.
    after_gap = np.append(True, np.diff(numbers) > 1)[starts]
    points = np.stack(
        [
            np.where(after_gap, np.nan, y[starts]),
            y[starts],
            np.minimum.reduceat(y, starts),
            np.maximum.reduceat(y, starts),
            y[ends],
        ],
        axis=1,
    )
    return np.repeat(column[starts] / max(1, columns - 1), points.shape[1]), points.reshape(-1)


def ranges(x: Floats, y: Floats, columns: int, longest_gap: float) -> list[Ranges]:
    """Return what area the points of a curve cover, in stretches without a gap.

    Args:
        x: (n,) ascending shares of the width, as in `thinned`.
        y: (n,) shares of the height; what is not finite is left out.
        columns: the columns of dots.
        longest_gap: columns of dots without a point that are filled from those beside them.
    """
    known = np.isfinite(y) & (x >= 0) & (x <= 1)
    if not known.any():
        return []
    column, y = _columns_of(x[known], columns), y[known]
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    at, low, high = column[starts], np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    breaks = np.flatnonzero(np.diff(at) > longest_gap) + 1
    stretches = zip(np.split(at, breaks), np.split(low, breaks), np.split(high, breaks), strict=True)
    return [_filled(*stretch) for stretch in stretches]


def _filled(at: Whole, low: Floats, high: Floats) -> Ranges:
    columns = np.arange(at[0], at[-1] + 1)
    return Ranges(columns, np.interp(columns, at, low), np.interp(columns, at, high))


def _columns_of(x: Floats, columns: int) -> Whole:
    return np.floor(np.clip(x, -1, 2) * (columns - 1) + 0.5).astype(np.int64)
