"""Draws the frame of a chart, which is its axes: labels stand in its left and its lower edge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fitmon.text.roles import Role
from fitmon.text.rows import Row, row
from fitmon.tui.drawing.axis import Axis
from fitmon.tui.drawing.braille import ACROSS


def label_width(labels: Mapping[int, str]) -> int:
    """Return the cells that the labels of the vertical axis take."""
    return max(map(len, labels.values()), default=0)


def between_edges(lines: Sequence[Row], labels: Mapping[int, str]) -> list[Row]:
    """Return the rows of a chart with its left and right edge.

    Args:
        lines: the rows between the edges, from the top.
        labels: those of the vertical axis, by the number of their row.
    """
    width, framed = label_width(labels), []
    for number, line in enumerate(lines):
        label = labels.get(number)
        edge = f"│{'':{width}}│" if label is None else f"│{label:>{width}}┤"
        framed.append(((edge, Role.FAINT), *line, ("│", Role.FAINT)))
    return framed


def lower_edge(axis: Axis, columns: int, left: int, name: str) -> Row:
    """Return the lower edge, in which the labels of the horizontal axis stand under their positions.

    Args:
        axis: the horizontal axis.
        columns: cells between the edges.
        left: cells of the labels of the vertical axis.
        name: written at the right end, if there is room.
    """
    characters, free = list("─" * columns), 0
    for share, label in axis.ticks:
        column = int(share * (ACROSS * columns - 1) + 0.5) // ACROSS
        start = max(0, min(column - (len(label) - 1) // 2, columns - len(label)))
        if start >= free:
            characters[start : start + len(label)] = label
            free = start + len(label) + 1
    named = f" {name} "
    if free + len(named) + 1 <= columns:
        characters[columns - len(named) - 1 : columns - 1] = named
    return row(("╰" + "─" * left + "┴" + "".join(characters) + "╯", Role.FAINT))
