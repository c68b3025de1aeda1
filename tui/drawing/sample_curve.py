"""Draws a small curve in braille dots, for a panel without room for axes."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise

from rich.cells import cell_len

from fitmon.text.roles import Role
from fitmon.text.rows import Row

THRESHOLD = "┈"
ALONE = "•"
"""A point without neighbors: one braille dot is too easily missed."""

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each braille dot by its row and column within the cell (Unicode, block 2800)."""

Point = tuple[int, int]
"""A dot by column and row, from the upper left."""


def draw_curve(
    epochs: Sequence[int],
    values: Sequence[float],
    width: int,
    height: int,
    *,
    labels: Mapping[float, str],
    threshold: float | None = None,
) -> list[Row]:
    """Return a curve of that size with its scale at the left.

    Args:
        epochs: (k,) increasing.
        values: (k,) one for each; nonfinite values leave a gap, values off the scale are drawn at its end.
        width: in cells, the labels included.
        height: in rows.
        labels: at least two, by value; the scale goes from the smallest to the largest. If two fall on one row, the
            last one is shown.
        threshold: a value at which to draw a dashed line; None for none.
    """
    low, high = min(labels), max(labels)
    gutter = gutter_of(labels)
    columns = width - gutter
    if columns < 1 or height < 1:
        return []

    def row_of(value: float) -> int:
        share = (value - low) / (high - low)
        return round((1 - min(max(share, 0.0), 1.0)) * (4 * height - 1))

    cells = {(column, row_of(threshold) // 4): THRESHOLD for column in range(columns)} if threshold is not None else {}
    for stretch in _stretches(epochs, values):
        points = [(_column_of(epoch, epochs, 2 * columns), row_of(value)) for epoch, value in stretch]
        cells |= _line(points) if len(points) > 1 else {(points[0][0] // 2, points[0][1] // 4): ALONE}
    scale = {row_of(value) // 4: label for value, label in labels.items()}
    return [
        (
            (scale.get(level, "").rjust(gutter - 1) + " ", Role.FAINT),
            *_colored([cells.get((column, level), " ") for column in range(columns)]),
        )
        for level in range(height)
    ]


def gutter_of(labels: Mapping[float, str]) -> int:
    """Return the cells that the scale takes at the left of a curve."""
    return max(map(cell_len, labels.values())) + 1


def _stretches(epochs: Sequence[int], values: Sequence[float]) -> list[list[tuple[int, float]]]:
    """Return the points split at nonfinite values."""
    points = zip(epochs, values, strict=True)
    return [list(group) for finite, group in groupby(points, key=lambda point: math.isfinite(point[1])) if finite]


def _column_of(epoch: int, epochs: Sequence[int], dots: int) -> int:
    return round((epoch - epochs[0]) / max(1, epochs[-1] - epochs[0]) * (dots - 1))


def _line(points: list[Point]) -> dict[Point, str]:
    """Return the cells of a line through the points."""
    bits: dict[Point, int] = {}
    for start, end in pairwise(points):
        steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
        for step in range(steps + 1):
            column = start[0] + round((end[0] - start[0]) * step / steps)
            level = start[1] + round((end[1] - start[1]) * step / steps)
            cell = column // 2, level // 4
            bits[cell] = bits.get(cell, 0) | DOTS[level % 4][column % 2]
    return {cell: chr(0x2800 + dots) for cell, dots in bits.items()}


def _colored(characters: list[str]) -> Row:
    roles = {THRESHOLD: Role.MARK, " ": Role.PLAIN}
    return tuple(
        ("".join(run), role)
        for role, run in groupby(characters, key=lambda character: roles.get(character, Role.VALIDATION))
    )
