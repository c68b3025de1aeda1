"""Draws the picture of the threshold view: p(class 1) by true class, or how far samples are on the right side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fitmon.engine.insight.scores import SampleScores
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, row, text_of, width_of
from fitmon.tui.drawing.count_axis import GUTTER
from fitmon.tui.drawing.threshold_histogram import (
    THRESHOLD,
    WRONG,
    Histogram,
    class_histograms,
    column_of_each,
    column_of_probability,
    draw_histogram,
    histogram,
    merged,
    positions,
    scale,
)
from fitmon.tui.drawing.threshold_strip import strip, strip_legend

MAX_COLUMNS = 200
"""A histogram is not drawn wider than this, so that a huge terminal does not slow down training."""
MIN_BARS = 2
"""Rows of the smallest histogram."""
ROOMY = 10
"""From this height on, a legend explains the arrows below the histogram."""
MIN_BY_CLASS = 7
"""Rows of the smallest picture of two classes: two histograms and their scale."""
ROOMY_BY_CLASS = 13
"""From this height on, arrows show which way the samples of each class moved."""


@dataclass(frozen=True, slots=True)
class PictureData:
    """What is drawn in the picture."""

    scores: SampleScores
    previous: SampleScores | None
    """Of the same samples, to compare with; None: nothing to compare with."""
    threshold: float
    epoch: int
    names: tuple[str, str]
    """Of class 0 and class 1, free of control characters."""
    by_class: bool
    """Whether to draw p(class 1) by true class if there are two classes."""
    log_scale: bool
    """Whether the counts are logarithmic."""


def is_by_class(scores: SampleScores, height: int, *, by_class: bool) -> bool:
    """Return whether p(class 1) is drawn by true class: the run has two classes, and there is room."""
    return by_class and scores.task == "binary" and height >= MIN_BY_CLASS


def columns_in(width: int) -> int:
    """Return how many columns the histogram has in a picture of that width."""
    return max(0, min(MAX_COLUMNS, width - GUTTER - 1))


def draw_picture(data: PictureData, width: int, height: int) -> list[Row]:
    """Return the picture with its axes; empty without room."""
    columns = columns_in(width)
    if height < MIN_BARS + 1 or not columns:
        return []
    if is_by_class(data.scores, height, by_class=data.by_class):
        return _by_class(data, columns, width, height)
    arrows: list[Row] = []
    if data.previous is not None and height >= MIN_BARS + 2:
        change = positions(data.scores).astype(np.float64) - positions(data.previous)
        arrows.append(row(" " * GUTTER, *strip(change, column_of_each(data.previous, columns), columns)))
    legend = [strip_legend(data.epoch, width)] if arrows and height >= ROOMY else []
    bins = histogram(data.scores, data.threshold, columns)
    bars = draw_histogram(bins, height - 1 - len(arrows) - len(legend), log_scale=data.log_scale)
    return [*bars, *arrows, scale(bins), *legend]


def _by_class(data: PictureData, columns: int, width: int, height: int) -> list[Row]:
    """Return a histogram of each class, class 1 above class 0, on one scale."""
    arrows = {number: _class_arrows(data, number, columns) for number in (1, 0)} if height >= ROOMY_BY_CLASS else {}
    legend = [strip_legend(data.epoch, width)] if any(arrows.values()) and height > ROOMY_BY_CLASS else []
    room = height - 1 - sum(map(len, arrows.values())) - len(legend)
    bins = class_histograms(data.scores, data.threshold, columns)
    lines: list[Row] = []
    for number, rows in ((1, room - room // 2), (0, room // 2)):
        lines += [*_class_rows(data, bins[number], number, rows), *arrows.get(number, [])]
    return [*lines, scale(bins[1]), *legend]


def _class_rows(data: PictureData, bins: Histogram, number: int, rows: int) -> list[Row]:
    """Return the bars of a class with its name over them, at the end where it has few samples, or above them."""
    columns = len(bins.right)
    heading = _heading(data, bins, number, columns - 1)
    top, *others = draw_histogram(bins, rows, log_scale=data.log_scale)
    start = GUTTER + (1 if number else columns - width_of(heading))
    over = laid_over(top, heading, start)
    if over is not None:
        return [over, *others]
    return [row(" " * GUTTER, *heading), *draw_histogram(bins, rows - 1, log_scale=data.log_scale)]


def laid_over(line: Row, text: Row, start: int) -> Row | None:
    """Return a row of one-cell characters with a text from cell `start` on; None if it would cover any sign."""
    end = start + width_of(text)
    covered = text_of(line)[start:end]
    if covered.strip(f" {THRESHOLD}"):
        return None
    return (*_cells(line, 0, start), *text, *_cells(line, end, width_of(line)))


def _cells(line: Row, start: int, end: int) -> Row:
    cells = [(sign, role) for text, role in line for sign in text]
    return merged(cells[start:end])


def _heading(data: PictureData, bins: Histogram, number: int, width: int) -> Row:
    right, wrong = int(bins.right.sum()), int(bins.wrong.sum())
    fields = [
        (9, row((f"true {class_words(data.names[number])}", Role.STRONG))),
        (7, row((f"█ {form.count(right)} right", Role.GOOD))),
        (8, row((f"{WRONG} {form.count(wrong)} wrong", Role.BAD))),
    ]
    return fitting(fields, "  ", width * 2 // 3)


def class_words(name: str) -> str:
    """Return what a class is called in a sentence: its name, or `class 1` if that is a number."""
    return f"class {name}" if name.isdigit() else name


def _class_arrows(data: PictureData, number: int, columns: int) -> list[Row]:
    before, now = data.previous, data.scores
    if before is None or before.probability is None or now.probability is None:
        return []
    change = now.probability.astype(np.float64) - before.probability
    change[now.true_class != number] = np.nan
    arrows: Sequence[tuple[str, Role]] = strip(
        change, column_of_probability(before, columns), columns, towards_right=number == 1
    )
    return [row(" " * GUTTER, *arrows)]
