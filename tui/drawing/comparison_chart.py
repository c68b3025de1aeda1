"""Draws one metric of several runs on one chart: each curve carries its row's mark, and its best epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from fitmon.engine.record.series import Curve
from fitmon.engine.runs.comparison import curve_of, value_at
from fitmon.text.comparison import BEST, MARKS, metric_title
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, row
from fitmon.tui.comparison_view import ComparedRow, ComparisonFrame
from fitmon.tui.drawing.line_chart import LineChart, Mark, NamedLine, draw_lines, x_at

MARK_COLUMNS = 30
"""Two marks on a curve are about this far apart."""

STAGGER = 0.618
"""By which part of this distance the marks of the next curve are moved, so that they do not hide each other."""

EDGE_COLUMNS = 10
"""What frame and labels take of the width, about."""


def draw_comparison_chart(frame: ComparisonFrame, width: int, height: int) -> list[Row]:
    """Return the chart in exactly that size; a sentence in its place while there is nothing to draw."""
    chart = chart_of(frame, width, height)
    return draw_lines(chart, _title(frame, chart, width - 5), width, height, nothing=_nothing(frame))


def epoch_of_column(frame: ComparisonFrame, width: int, height: int, column: int) -> int | None:
    """Return the epoch nearest to a column of the drawn chart; None outside the curves."""
    position = x_at(chart_of(frame, width, height), width, height, column)
    return None if position is None else min(frame.last, max(frame.first, round(position)))


def chart_of(frame: ComparisonFrame, width: int, height: int) -> LineChart:
    """Return the curves of the rows that are shown, the selected one on top; size as in `draw_comparison_chart`."""
    rows = sorted((row for row in frame.rows if row.shown), key=lambda row: row is frame.row)
    chart = LineChart(
        lines=tuple(_line(row, frame) for row in rows),
        first=frame.first,
        last=frame.last,
        logarithmic=frame.log_scale,
        cursor=frame.cursor,
    )
    limits = chart.range()
    if limits is None:
        return chart
    # Looked up once: both go through all values.
    chart = replace(chart, low=limits[0], high=limits[1], logarithmic=chart.is_logarithmic)
    on_chart = _OnChart(chart, limits, max(1, width - EDGE_COLUMNS), max(1, height - 2))
    along = [mark for line in chart.lines for mark in _along(line, on_chart)]
    best = [mark for row, line in zip(rows, chart.lines, strict=True) for mark in _best(row, line)]
    ends, room = _at_ends(on_chart)
    last = chart.last if frame.zoomed else chart.last + room
    return replace(chart, last=last, marks=(*ends, *best, *along))


@dataclass(frozen=True, slots=True)
class _OnChart:
    """Where points are on a chart, about."""

    chart: LineChart
    limits: tuple[float, float]
    columns: int
    rows: int

    @property
    def epochs_per_column(self) -> float:
        return (self.chart.last - self.chart.first) / self.columns

    def row_of(self, value: float) -> int:
        low, high, at = (self._height(each) for each in (*self.limits, value))
        return int((at - low) / (high - low) * (self.rows - 1)) if high > low and math.isfinite(at) else 0

    def value_between(self, line: NamedLine, epoch: float) -> float:
        """Return where a curve is drawn between two of its points; NaN where it is not drawn."""
        after = min(len(line) - 1, int(line.epochs.searchsorted(epoch)))
        before = max(0, after - 1)
        ends = line.epochs[[before, after]], [self._height(line.values[at]) for at in (before, after)]
        height = float(np.interp(epoch, *ends))
        return math.exp(height) if self.chart.logarithmic else height

    def _height(self, value: float) -> float:
        if not math.isfinite(value) or (self.chart.logarithmic and value <= 0):
            return math.nan
        return math.log(value) if self.chart.logarithmic else float(value)


def _line(row: ComparedRow, frame: ComparisonFrame) -> NamedLine:
    curve = curve_of(row.branch, frame.metric, data_loss=frame.data_loss)
    return NamedLine(row.mark, curve.epochs, curve.values, row.role, dotted=not row.branch.is_current)


def _along(line: NamedLine, on_chart: _OnChart) -> list[Mark]:
    """Return marks along a curve, elsewhere than those of other curves, whichever of them are shown."""
    if not len(line):
        return []
    distance = MARK_COLUMNS * on_chart.epochs_per_column
    start = on_chart.chart.first + distance * ((MARKS.find(line.name) * STAGGER + 0.5) % 1)
    # Not beside the mark at the end.
    before = min(on_chart.chart.last, float(line.epochs[-1])) - 3 * on_chart.epochs_per_column
    places = [place for place in np.arange(start, before, distance).tolist() if place >= line.epochs[0]]
    marks = [Mark(place, on_chart.value_between(line, place), line.name, line.role) for place in places]
    return [mark for mark in marks if mark.value is not None and math.isfinite(mark.value)]


def _best(row: ComparedRow, line: NamedLine) -> list[Mark]:
    best = row.branch.branch.best
    value = None if best is None else value_at(Curve(line.epochs, line.values), best.epoch)
    return [] if best is None or value is None else [Mark(best.epoch, value, BEST, row.role)]


def _at_ends(on_chart: _OnChart) -> tuple[list[Mark], float]:
    """Return a mark beside the end of each curve, side by side where curves meet, and the epochs of room they need."""
    meeting: dict[tuple[float, int], list[NamedLine]] = {}
    for line in sorted(on_chart.chart.lines, key=lambda line: line.name):
        if len(line) and math.isfinite(line.values[-1]) and line.epochs[-1] <= on_chart.chart.last:
            place = float(line.epochs[-1]), on_chart.row_of(float(line.values[-1]))
            meeting.setdefault(place, []).append(line)
    columns = max((len(lines) for lines in meeting.values()), default=0) + 2
    # The room makes all columns wider.
    step = on_chart.epochs_per_column * on_chart.columns / max(1, on_chart.columns - columns)
    marks = [
        Mark(end + (number + 1.5) * step, float(lines[0].values[-1]), line.name, line.role)
        for (end, _), lines in meeting.items()
        for number, line in enumerate(lines)
    ]
    return marks, max((mark.x + step - on_chart.chart.last for mark in marks), default=0.0)


def _title(frame: ComparisonFrame, chart: LineChart, width: int) -> Row:
    fields = [(9, row((metric_title(frame.metric, data_loss=frame.data_loss) or "loss", Role.STRONG)))]
    if frame.log_scale:
        fields.append((6, row(("log" if chart.is_logarithmic else "linear: values ≤ 0", Role.FAINT))))
    if frame.zoomed:
        fields.append((7, row((f"epochs {frame.first} to {frame.last}", Role.FAINT))))
    if any(mark.sign == BEST for mark in chart.marks):
        fields.append((5, row((f"{BEST} best epoch", Role.FAINT))))
    hidden = sum(not row.shown for row in frame.rows)
    if hidden:
        fields.append((4, row((f"{hidden} hidden", Role.FAINT))))
    return fitting(fields, "  ", width)


def _nothing(frame: ComparisonFrame) -> str:
    if frame.total is None:
        return "reading the runs …"
    if frame.rows and not any(row.shown for row in frame.rows):
        return "all curves are hidden; space shows one"
    return "no epoch has ended yet" if frame.rows else "no run matches the filter"
