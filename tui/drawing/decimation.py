"""Thins curves to what a chart can show, without losing a spike: long ones are drawn as fast as short ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

PER_STRETCH = 4
"""The first, the lowest, the highest and the last point of a stretch are kept, so that the line through them covers the
same dots."""


def thinned(x: Floats, y: Floats, first: float, last: float, stretches: int) -> tuple[Floats, Floats]:
    """Return a curve that draws like the given one.

    Args:
        x: (n,) ascending.
        y: (n,) what is not finite interrupts the curve.
        first: where the chart begins, in units of x; points before it are left out, but for the nearest.
        last: where it ends; above `first`.
        stretches: of how many stretches the lowest and the highest points are kept, such as the columns of dots.

    Returns:
        x and y, at most `stretches` times `PER_STRETCH` points.
    """
    begin, end = np.searchsorted(x, [first, last])
    begin, end = max(0, int(begin) - 1), min(len(x), int(end) + 2)
    x, y = x[begin:end], y[begin:end]
    if len(x) <= PER_STRETCH * stretches:
        return x, y
    starts = np.unique(np.searchsorted(x, np.linspace(x[0], x[-1], stretches + 1)[:-1]))
    ends = np.append(starts[1:], len(x)) - 1
    middle = (x[starts] + x[ends]) / 2
    lowest, highest = np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)
    across = np.stack([x[starts], middle, middle, x[ends]], axis=1)
    up = np.stack([y[starts], lowest, highest, y[ends]], axis=1)
    return across.reshape(-1), up.reshape(-1)


@dataclass(frozen=True, slots=True)
class Ranges:
    """The lowest and highest of the points in each column of dots that has any."""

    columns: Whole
    """(n,) increasing."""
    low: Floats
    """(n,) finite."""
    high: Floats
    """(n,) finite."""


def ranges(x: Floats, y: Floats, columns: int, longest_gap: float) -> list[Ranges]:
    """Return what area the points of a curve cover, in stretches without a gap.

    Args:
        x: (n,) ascending shares of the width, 0 in the first column of dots and 1 in the last.
        y: (n,) shares of the height; what is not finite is left out.
        columns: the columns of dots.
        longest_gap: columns of dots without a point that are filled from those beside them.
    """
    known = np.isfinite(y) & (x >= 0) & (x <= 1)
    if not known.any():
        return []
    column, y = np.floor(x[known] * (columns - 1) + 0.5).astype(np.int64), y[known]
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    at, low, high = column[starts], np.minimum.reduceat(y, starts), np.maximum.reduceat(y, starts)
    breaks = np.flatnonzero(np.diff(at) > longest_gap) + 1
    stretches = zip(np.split(at, breaks), np.split(low, breaks), np.split(high, breaks), strict=True)
    return [_filled(*stretch) for stretch in stretches]


def _filled(at: Whole, low: Floats, high: Floats) -> Ranges:
    columns = np.arange(at[0], at[-1] + 1)
    return Ranges(columns, np.interp(columns, at, low), np.interp(columns, at, high))
