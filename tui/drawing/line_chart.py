"""Draws curves on one chart with axes: values in, rows of text out.

The frame is the axis: labels of the values stand in its left edge, labels of the epochs in its lower one, the title in
its upper one, so that everything inside belongs to the curves.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row, width_of
from fitmon.tui.drawing.axis import Axis, epoch_axis, power_axis, round_step, time_axis, value_axis
from fitmon.tui.drawing.braille import ACROSS, BrailleCanvas
from fitmon.tui.drawing.decimation import ranges, thinned

Floats = npt.NDArray[np.float64]

LARGEST = 1e300
"""Larger values are drawn here, so that the height of the axis stays finite."""

MAX_WIDTH, MAX_HEIGHT = 400, 120
"""A chart is not drawn larger than this, so that a huge terminal does not slow down training."""

MIN_WIDTH, MIN_HEIGHT = 16, 5
"""A smaller chart would be nothing but its frame."""

ALONE = "⠿"
"""A point without neighbors: a single dot is too easily missed."""

CURSOR, MARK_RULE, BASELINE = "│", "╎", "┈"

MAX_ALONE = 200
"""At most so many such points are drawn, in a curve full of gaps."""

FEW_POINTS = 40
"""So many points have a sign each where at least 2 columns lie between them; more only where 3 do."""


@dataclass(frozen=True, slots=True)
class NamedLine:
    """A curve to draw."""

    name: str
    """For the caller's legend; not drawn."""
    epochs: Floats
    """(n,) ascending."""
    values: Floats
    """(n,) may hold NaN and infinities, which interrupt the curve."""
    role: Role
    x: Floats | None = None
    """(n,) ascending positions on the horizontal axis, such as seconds; None: the epochs."""
    sign: str = ""
    """One character at some of its points, so that it is told apart without color; empty: none."""
    sign_columns: int = 3
    """How many columns of cells lie between two signs at least, where not every point has one."""
    end_sign: str = ""
    """Characters at its last point; empty: none."""
    dotted: bool = False
    beneath: bool = False
    """Whether it is drawn under the other curves."""
    stretches: bool = True
    """Whether its values count for the range of the vertical axis, if that is not given."""

    @property
    def positions(self) -> Floats:
        """Where its points are on the horizontal axis."""
        return self.epochs if self.x is None else self.x

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Mark:
    """A sign on the chart."""

    x: float
    """A position on the horizontal axis."""
    value: float | None
    """None: in the top row, with a rule down the chart below it."""
    sign: str
    role: Role = Role.MARK


@dataclass(frozen=True, slots=True)
class LineChart:
    """Curves, and how to draw them; the last curve is on top."""

    lines: tuple[NamedLine, ...]
    first: float
    """Where the horizontal axis begins."""
    last: float
    """Where it ends; above `first`."""
    logarithmic: bool = False
    """Whether the vertical axis is logarithmic; it is linear all the same where a value is not above 0."""
    by_time: bool = False
    """Whether the horizontal axis has seconds, not epochs."""
    low: float | None = None
    """The lowest value that the vertical axis covers; None: that of the curves."""
    high: float | None = None
    """The same for the highest."""
    marks: tuple[Mark, ...] = ()
    baseline: float | None = None
    """A value at which to draw a level line; None: none."""
    band: tuple[NamedLine, ...] = ()
    """Curves of which only the area they cover is drawn, beneath all others."""
    band_gap: float = 1.5
    """What distance between two of their points, on the horizontal axis, leaves a gap in the area."""
    cursor: float | None = None
    """A position on the horizontal axis at which to draw a line across; None: none."""
    axis_name: str = "epoch"
    """What is written at the end of the horizontal axis, if there is room."""

    def range(self) -> tuple[float, float] | None:
        """Return the lowest and the highest value of the vertical axis; None while there is nothing to draw."""
        if self.low is not None and self.high is not None:
            return self.low, self.high
        values = [visible_values(line, self.first, self.last) for line in self.lines if line.stretches]
        values = [each for each in values if len(each)]
        if not values:
            return None
        return min(float(each.min()) for each in values), max(float(each.max()) for each in values)

    @property
    def is_logarithmic(self) -> bool:
        """Whether the vertical axis really is logarithmic."""
        limits = self.range()
        return self.logarithmic and (limits is None or limits[0] > 0)


def visible_values(line: NamedLine, first: float, last: float) -> Floats:
    """Return the finite values of a curve between two positions, clipped to ±`LARGEST`."""
    x, values = thinned(line.positions, line.values, first, last, MAX_WIDTH * ACROSS)
    return np.clip(values[np.isfinite(values) & (x >= first) & (x <= last)], -LARGEST, LARGEST)


@dataclass(frozen=True, slots=True)
class _Plot:
    """Where everything is on the chart."""

    chart: LineChart
    horizontal: Axis
    vertical: Axis
    labels: dict[int, str]
    """The labels of the vertical axis by row, counted from the top."""
    canvas: BrailleCanvas = field(repr=False)

    @property
    def label_width(self) -> int:
        return max(map(len, self.labels.values()), default=0)


def draw_lines(
    chart: LineChart, title: Row, width: int, height: int, *, nothing: str = "no value yet", note: Row = ()
) -> list[Row]:
    """Return the chart in exactly `width` cells and `height` rows, frame and axes included.

    Args:
        chart: what to draw.
        title: for the upper edge, with the legend; clipped to `width` - 5 cells.
        width: columns; at most `MAX_WIDTH` are used.
        height: rows; at most `MAX_HEIGHT` are used.
        nothing: what is written while there is nothing to draw.
        note: more of the legend, written into a corner of the chart if one is blank.
    """
    width, height = min(width, MAX_WIDTH), min(height, MAX_HEIGHT)
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return framed(title, [], width, height)
    limits = chart.range()
    if limits is None:
        return framed(title, [row(), row((f" {nothing}", Role.FAINT))], width, height)
    plot = _plot_of(chart, limits, width, height)
    _draw(plot)
    _put_note(plot, note)
    edges = framed(title, [], width, 3)
    return [edges[0], *_inside(plot), _lower_edge(plot)]


def x_at(chart: LineChart, width: int, height: int, column: int) -> float | None:
    """Return the position on the horizontal axis of a column of a drawn chart; None outside the curves."""
    limits = chart.range()
    width, height = min(width, MAX_WIDTH), min(height, MAX_HEIGHT)
    if limits is None or width < MIN_WIDTH or height < MIN_HEIGHT:
        return None
    plot = _plot_of(chart, limits, width, height)
    share = (column - plot.label_width - 2 + 0.5) / plot.canvas.width
    return chart.first + share * (chart.last - chart.first) if 0 <= share <= 1 else None


def _plot_of(chart: LineChart, limits: tuple[float, float], width: int, height: int) -> _Plot:
    rows = height - 2
    make_vertical = power_axis if chart.is_logarithmic else value_axis
    vertical = make_vertical(*limits, rows)
    labels = {rows - 1 - int(share * (4 * rows - 1) + 0.5) // 4: label for share, label in vertical.ticks}
    canvas = BrailleCanvas(max(1, width - 3 - max(map(len, labels.values()), default=0)), rows)
    make_horizontal = time_axis if chart.by_time else epoch_axis
    return _Plot(chart, make_horizontal(chart.first, chart.last, canvas.width), vertical, labels, canvas)


def _draw(plot: _Plot) -> None:
    for band in plot.chart.band:
        _draw_band(plot, band)
    if plot.chart.baseline is not None:
        _draw_baseline(plot, plot.chart.baseline)
    for line in plot.chart.lines:
        _draw_line(plot, line)
    for line in plot.chart.lines:
        _draw_signs(plot, line)
    _draw_marks(plot)
    if plot.chart.cursor is not None and (cell := _cell(plot, plot.chart.cursor, None)) is not None:
        plot.canvas.rule(cell[0], CURSOR, Role.STRONG)


def _draw_band(plot: _Plot, band: NamedLine) -> None:
    dots = plot.canvas.width * ACROSS
    gap = plot.chart.band_gap / (plot.horizontal.high - plot.horizontal.low) * dots
    x, y = plot.horizontal.shares(band.positions), plot.vertical.shares(band.values)
    for stretch in ranges(x, y, dots, max(1.0, gap)):
        plot.canvas.band(stretch.columns, stretch.low, stretch.high, band.role)


def _draw_baseline(plot: _Plot, value: float) -> None:
    cell = _cell(plot, plot.chart.first, value)
    if cell is not None and has_baseline(plot.chart):
        plot.canvas.level(cell[1], BASELINE, Role.FAINT)


def has_baseline(chart: LineChart) -> bool:
    """Return whether the baseline is within the range of the chart, so that it is drawn."""
    limits, value = chart.range(), chart.baseline
    return limits is not None and value is not None and limits[0] <= value <= limits[1]


def _draw_line(plot: _Plot, line: NamedLine) -> None:
    columns = plot.canvas.width * ACROSS
    x, values = thinned(line.positions, line.values, plot.chart.first, plot.chart.last, columns)
    heights = plot.vertical.shares(values)
    plot.canvas.line(plot.horizontal.shares(x), heights, line.role, dotted=line.dotted, beneath=line.beneath)
    if not line.sign and not line.beneath:
        for number in _alone(heights)[:MAX_ALONE]:
            _put(plot, float(x[number]), float(values[number]), ALONE, line.role)


def _alone(y: Floats) -> list[int]:
    known = np.concatenate([[False], np.isfinite(y), [False]])
    lonely: list[int] = np.flatnonzero(known[1:-1] & ~known[:-2] & ~known[2:]).tolist()
    return lonely


def _draw_signs(plot: _Plot, line: NamedLine) -> None:
    begin, end = np.searchsorted(line.positions, [plot.chart.first, plot.chart.last + 1e-9])
    if begin == end:
        return
    if line.sign:
        epochs = line.epochs[begin:end]
        step = _sign_step(plot, line, epochs)
        wanted = np.arange(math.ceil(epochs[0] / step), math.floor(epochs[-1] / step) + 1) * step
        for number in np.unique(np.searchsorted(epochs, wanted - step * 1e-9)).tolist():
            at = int(begin) + number
            _put(plot, float(line.positions[at]), float(line.values[at]), line.sign, line.role)
    if line.end_sign:
        _put_end(plot, line, int(end) - 1)


def _sign_step(plot: _Plot, line: NamedLine, epochs: Floats) -> float:
    """Return how many epochs lie between two signs."""
    if len(epochs) < 2:  # noqa: PLR2004 - no distance
        return 1.0
    between = plot.canvas.width / max(1, len(epochs) - 1)
    wanted = line.sign_columns - (len(epochs) <= FEW_POINTS and line.sign_columns == 3)  # noqa: PLR2004
    if between >= wanted:
        return 1.0
    return round_step(float(epochs[-1] - epochs[0]) / (len(epochs) - 1) * (2 * line.sign_columns) / between)


def _put_end(plot: _Plot, line: NamedLine, last: int) -> None:
    """Write a curve's end sign beside its last point, on the right or else on the left."""
    cell = _cell(plot, float(line.positions[last]), float(line.values[last]))
    if cell is None:
        return
    column = min(cell[0] + 1, plot.canvas.width - len(line.end_sign))
    for number, character in enumerate(line.end_sign):
        if column + number >= 0:
            plot.canvas.sign(column + number, cell[1], character, line.role)


def _draw_marks(plot: _Plot) -> None:
    """Put every mark on its point; one whose cell has a mark already, above or below it."""
    taken: set[tuple[int, int]] = set()
    for mark in plot.chart.marks:
        cell = _cell(plot, mark.x, mark.value)
        if cell is None:
            continue
        column, line = cell
        if mark.value is None:
            line = 0
            plot.canvas.rule(column, MARK_RULE, Role.FAINT)
        lines = [at for at in (line, line - 1, line + 1) if 0 <= at < plot.canvas.height and (column, at) not in taken]
        if lines:
            taken.add((column, lines[0]))
            plot.canvas.sign(column, lines[0], mark.sign, mark.role)


def _put_note(plot: _Plot, note: Row) -> None:
    """Write a row into the first corner of the chart that is blank; nowhere if none is."""
    canvas, width = plot.canvas, width_of(note)
    if not 0 < width <= canvas.width - 2:
        return
    for line in (0, 1, canvas.height - 1, canvas.height - 2):
        for start in (canvas.width - width - 1, 1):
            if line >= 0 and all(canvas.is_blank(start + column, line) for column in range(-1, width + 1)):
                for column, (character, role) in enumerate((c, role) for text, role in note for c in text):
                    canvas.sign(start + column, line, character, role)
                return


def _put(plot: _Plot, x: float, value: float, sign: str, role: Role) -> None:
    cell = _cell(plot, x, value)
    if cell is not None:
        plot.canvas.sign(*cell, sign, role)


def _cell(plot: _Plot, x: float, value: float | None) -> tuple[int, int] | None:
    height = 0.0 if value is None else plot.vertical.share(value)
    return plot.canvas.cell_of(plot.horizontal.share(x), height)


def _inside(plot: _Plot) -> list[Row]:
    """Return the rows between the edges: the left edge with the labels, the curves, the right edge."""
    width = plot.label_width
    lines = []
    for number, line in enumerate(plot.canvas.rows()):
        label = plot.labels.get(number)
        edge = f"│{'':{width}}│" if label is None else f"│{label:>{width}}┤"
        lines.append((((edge, Role.FAINT)), *line, ("│", Role.FAINT)))
    return lines


def _lower_edge(plot: _Plot) -> Row:
    """Return the lower edge, in which the labels of the horizontal axis stand under their positions."""
    width = plot.canvas.width
    characters = list("─" * width)
    free = 0
    for share, label in plot.horizontal.ticks:
        column = int(share * (ACROSS * width - 1) + 0.5) // ACROSS
        start = max(0, min(column - (len(label) - 1) // 2, width - len(label)))
        if start >= free:
            characters[start : start + len(label)] = label
            free = start + len(label) + 1
    name = f" {plot.chart.axis_name} "
    if free + len(name) + 1 <= width:
        characters[width - len(name) - 1 : width - 1] = name
    return row(("╰" + "─" * plot.label_width + "┴" + "".join(characters) + "╯", Role.FAINT))
