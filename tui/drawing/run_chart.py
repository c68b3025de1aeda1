"""Draws a chart of one run: training and validation, other branches, and what happened at which epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fitmon.text.roles import Role
from fitmon.text.rows import Row
from fitmon.tui.drawing.chart_title import BEST, BRANCH_START, KNOB, OTHER, VALIDATION, title_and_note
from fitmon.tui.drawing.curves import Chart, Clock, Line, OtherLine
from fitmon.tui.drawing.line_chart import LineChart, Mark, NamedLine, draw_lines, visible_values, x_at
from fitmon.tui.drawing.placement import (
    best_point,
    branch_point,
    cursor_epoch,
    epoch_end_distance,
    newest_epoch,
    position,
    positions,
    shown_epochs,
)

Floats = npt.NDArray[np.float64]

MAX_STRETCH = 3.0
"""Another branch, which may have diverged, stretches a linear axis by at most this multiple of the range of the current
branch."""


def draw_chart(chart: Chart, width: int, height: int) -> list[Row]:
    """Return the chart in a frame of that outer size; a sentence in its place while there is nothing to draw."""
    picture = line_chart_of(chart)
    title, note = title_and_note(chart, picture, width - 5)
    return draw_lines(picture, title, width, height, nothing=_no_values(chart), note=note)


def _no_values(chart: Chart) -> str:
    return "no finite value yet" if len(chart.training) else "no value yet"


def epoch_at(chart: Chart, width: int, height: int, column: int) -> int | None:
    """Return the epoch whose values stand at a column of a drawn chart; None outside the curves."""
    at = x_at(line_chart_of(chart), width, height, column)
    if at is None:
        return None
    newest = newest_epoch(chart)
    epoch = chart.clock.epoch(at) if chart.by_time and chart.clock is not None else at
    return min(newest, max(1, round(epoch + epoch_end_distance(chart))))


def line_chart_of(chart: Chart) -> LineChart:
    """Return what is drawn of a chart; it does not depend on the size."""
    first, last = shown_epochs(chart)
    begin, end = position(chart, first), position(chart, last)
    if chart.by_time and chart.view.window is None:
        end = max([end, *(positions(chart, other.line, other.clock)[-1] for other in chart.other_lines)])
    lines = _lines(chart)
    low, high = _limits(chart, lines, begin, end)
    return LineChart(
        lines=lines,
        first=begin,
        last=max(end, begin + 1e-9),
        logarithmic=chart.log_scale and chart.fits_log_scale,
        by_time=chart.by_time,
        low=low,
        high=high,
        marks=_marks(chart),
        baseline=chart.baseline,
        band=_band(chart),
        band_gap=1.5 if not chart.by_time else 1.5 * (end - begin) / max(1, last - first),
        cursor=None if chart.view.cursor is None else position(chart, cursor_epoch(chart, chart.view.cursor)),
        axis_name="time" if chart.by_time else "epoch",
    )


def _lines(chart: Chart) -> tuple[NamedLine, ...]:
    """Return the curves, the lowest first."""
    raw = [_named(line, chart, chart.clock, "", Role.FAINT, beneath=True) for line in chart.raw or ()]
    others = [_other_line(other, chart) for other in reversed(chart.other_lines)]
    own = [
        _named(chart.training, chart, chart.clock, "train", Role.TRAINING),
        _named(chart.validation, chart, chart.clock, "val", Role.VALIDATION, sign=VALIDATION),
    ]
    return tuple(line for line in (*raw, *others, *own) if len(line))


def _other_line(other: OtherLine, chart: Chart) -> NamedLine:
    name = str(other.number)
    return _named(other.line, chart, other.clock, name, Role.FAINT, dotted=True, end_sign=f"{OTHER}{name}")


def _named(line: Line, chart: Chart, clock: Clock | None, name: str, role: Role, **looks: Any) -> NamedLine:
    return NamedLine(name, line.epochs, line.values, role, x=positions(chart, line, clock), **looks)


def _limits(
    chart: Chart, lines: tuple[NamedLine, ...], first: float, last: float
) -> tuple[float, float] | tuple[None, None]:
    """Return the range of all visible values, of other branches only those that do not flatten the current one."""
    own = _joined([line for line in lines if not line.dotted], first, last)
    others = _joined([line for line in lines if line.dotted], first, last)
    if len(own) and not (chart.log_scale and chart.fits_log_scale):
        margin = MAX_STRETCH * max(np.ptp(own), np.abs(own).max())
        others = others[(others >= own.min() - margin) & (others <= own.max() + margin)]
    values = np.concatenate([own, others])
    return (float(values.min()), float(values.max())) if len(values) else (None, None)


def _joined(lines: list[NamedLine], first: float, last: float) -> Floats:
    return np.concatenate([np.empty(0), *(visible_values(line, first, last) for line in lines)])


def _band(chart: Chart) -> tuple[NamedLine, ...]:
    return (_named(chart.band, chart, chart.clock, "", Role.FAINT),) if len(chart.band) else ()


def _marks(chart: Chart) -> tuple[Mark, ...]:
    # A knob changes before the first step of its epoch, which is where the previous epoch ended.
    knobs = [Mark(position(chart, epoch - 1), None, KNOB) for epoch in chart.knob_epochs]
    points = [
        Mark(position(chart, point[0]), point[1], sign)
        for sign, point in ((BEST, best_point(chart)), (BRANCH_START, branch_point(chart)))
        if point is not None
    ]
    return (*knobs, *points)
