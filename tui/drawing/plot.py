"""Draws charts with plotext: a chart in, rows of text out.

plotext raises on infinities and on logarithms of 0, colors a cell by the last series, and grows without bound unless
it is cleared. So values are cleaned and logarithms taken here, series differ by marker, and the colors are derived
from the markers afterwards.
"""

import math
from itertools import groupby
from typing import Any

import numpy as np

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, framed, row
from fitmon.tui.drawing.axis import Axis, epoch_axis, power_axis, value_axis
from fitmon.tui.drawing.curves import Chart, Floats, Line, OtherLine, decimated, finite_stretches

TRAINING, VALIDATION, BEST, KNOB, BASELINE = "⠒", "•", "◆", "▼", "┈"
OTHER, BRANCH_START = "◦", "▷"
TRAINING_POINT = "⠿"
"""A training point without neighbors: one dot of a braille line is too easily missed."""

MAX_COLUMNS, MAX_ROWS = 240, 80
"""A chart is not drawn larger than this, so that a huge terminal does not slow down training."""

FRAME = 2

ROOMY_TITLE = 60
"""From this width on, the legend says that the numbers are branches."""

DOT_COLUMNS, LABEL_DOTS = 3, 5
"""Another branch is drawn with a dot every third column; every fifth dot is replaced by its number."""

MAX_STRETCH = 3.0
"""Another branch, which may have diverged, stretches a linear axis by at most this multiple of the range of the current
branch."""


def draw_chart(chart: Chart, width: int, height: int) -> list[Row]:
    """Return the chart in a frame of that outer size; a sentence in its place while there is nothing to draw."""
    width, height = min(width, MAX_COLUMNS), min(height, MAX_ROWS)
    values = drawn_values(chart)
    logarithmic = chart.log_scale and (not len(values) or bool(values.min() > 0))
    title = chart_title(chart, logarithmic, width - 5)
    if width < 12 or height < 5:  # noqa: PLR2004 - the axes would fill it
        return framed(title, [], width, height)
    if not len(values):
        return framed(title, [row(), row((f" {_no_values(chart)}", Role.FAINT))], width, height)
    return framed(title, _plot(chart, values, logarithmic, width - FRAME, height - FRAME), width, height)


def _no_values(chart: Chart) -> str:
    return "no finite value yet" if len(chart.training) else "no value yet"


def chart_title(chart: Chart, logarithmic: bool, width: int) -> Row:
    """Return the title with the legend: the markers and the newest values."""
    fields: list[tuple[int, Row]] = [(9, row((form.clean(chart.title), Role.STRONG)))]
    for sign, label, line, role in (
        (TRAINING, "train", chart.training, Role.TRAINING),
        (VALIDATION, "val", chart.validation, Role.VALIDATION),
    ):
        if line.last is not None:
            fields.append((8, row((f"{sign} {label} {form.measured(line.last)}", role))))
    if chart.best_epoch is not None:
        fields.append((7, row((f"{BEST} best {chart.best_epoch}", Role.MARK))))
    if chart.penalty is not None:
        # As important as the best epoch, and dropped after it: that is marked in the plot too. Three digits, so that
        # it has room where two charts share a screen of 120 columns.
        fields.append((7, row((f"penalty {form.setting(float(f'{chart.penalty:.3g}'))}", Role.PLAIN))))
    if chart.other_lines:
        numbers = ", ".join(str(other.number) for other in reversed(chart.other_lines))
        others = f"{OTHER} branch {numbers}" if width >= ROOMY_TITLE else f"{OTHER} {numbers}"
        fields.append((5, row((others, Role.FAINT))))
    if chart.branch_epoch is not None:
        fields.append((2, row((f"{BRANCH_START} from {chart.branch_epoch}", Role.MARK))))
    if chart.knob_epochs:
        fields.append((4, row((f"{KNOB} knob", Role.MARK))))
    if chart.baseline is not None and len(chart.training):
        fields.append((3, row((f"{BASELINE} majority {form.measured(chart.baseline)}", Role.FAINT))))
    if chart.log_scale:
        fields.append((6, row(("log" if logarithmic else "linear: values ≤ 0", Role.FAINT))))
    return fitting(fields, "  ", width)


def drawn_values(chart: Chart) -> Floats:
    """Return all finite values of both curves, and those of other branches that do not flatten them."""
    own = _finite_values(chart.training, chart.validation)
    others = _finite_values(*(other.line for other in chart.other_lines))
    if len(own) and not chart.log_scale:
        margin = MAX_STRETCH * max(np.ptp(own), np.abs(own).max())
        others = others[(others >= own.min() - margin) & (others <= own.max() + margin)]
    return np.concatenate([own, others])


def _finite_values(*lines: Line) -> Floats:
    stretches = [stretch.values for line in lines for stretch in finite_stretches(line)]
    return np.concatenate([np.empty(0), *stretches])


def _plot(chart: Chart, values: Floats, logarithmic: bool, width: int, height: int) -> list[Row]:
    import plotext  # 60 ms, spent only once there is something to draw

    make_axis = power_axis if logarithmic else value_axis
    vertical = make_axis(float(values.min()), float(values.max()), max(2, height // 3))
    horizontal = _epochs_axis(chart, width)
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.limit_size(False, False)
    plotext.plot_size(width, height)
    _prepare_axes(plotext, horizontal, vertical)
    for other in reversed(chart.other_lines):
        _add_other_line(plotext, other, horizontal, vertical, width)
    _add_lines(plotext, chart, horizontal, vertical, width)
    _add_marks(plotext, chart, horizontal, vertical)
    return [_colored(line) for line in plotext.uncolorize(plotext.build()).split("\n")[:height]]


def _epochs_axis(chart: Chart, width: int) -> Axis:
    lines = [
        line for line in (chart.training, chart.validation, *(other.line for other in chart.other_lines)) if len(line)
    ]
    first = math.floor(min(line.epochs[0] for line in lines))
    last = max(math.ceil(max(line.epochs[-1] for line in lines)), chart.epoch, first + 1)
    return epoch_axis(first, last, max(2, width // 8))


def _prepare_axes(plotext: Any, horizontal: Axis, vertical: Axis) -> None:
    # Values are passed as shares of an axis: plotext multiplies by powers of ten and overflows on the largest.
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    plotext.xlim(0, 1)
    plotext.ylim(0, 1)
    plotext.xticks(*_shares(horizontal, 0))
    plotext.yticks(*_shares(vertical, max((len(label) for _, label in vertical.ticks), default=0)))


def _shares(axis: Axis, label_width: int) -> tuple[list[float], list[str]]:
    positions = [axis.share(position) for position, _ in axis.ticks]
    return positions, [label.rjust(label_width) for _, label in axis.ticks]


def _add_other_line(plotext: Any, other: OtherLine, horizontal: Axis, vertical: Axis, columns: int) -> None:
    """Add dots along a curve, with its number among them and at its end; points outside the plot are left out."""
    for stretch in finite_stretches(other.line):
        epochs = np.array([horizontal.share(epoch) for epoch in stretch.epochs])
        heights = np.array([vertical.share(height) for height in _heights(stretch.values, vertical)])
        across = np.arange(epochs[-1], epochs[0] - 1e-9, -DOT_COLUMNS / columns)
        up = np.interp(across, epochs, heights)
        is_label = np.arange(len(across)) % LABEL_DOTS == 0
        for chosen, marker in ((~is_label, OTHER), (is_label, str(other.number % 10))):
            visible = chosen & (up >= 0) & (up <= 1)
            if visible.any():
                plotext.scatter(across[visible].tolist(), up[visible].tolist(), marker=marker)


def _add_lines(plotext: Any, chart: Chart, horizontal: Axis, vertical: Axis, columns: int) -> None:
    for line, marker, alone in (
        (chart.validation, VALIDATION, VALIDATION),
        (chart.training, "braille", TRAINING_POINT),
    ):
        for stretch in finite_stretches(line):
            thin = decimated(stretch, columns)
            heights = [vertical.share(height) for height in _heights(thin.values, vertical)]
            epochs = [horizontal.share(epoch) for epoch in thin.epochs.tolist()]
            plotext.plot(epochs, heights, marker=marker if len(thin) > 1 else alone)


def _heights(values: Floats, vertical: Axis) -> list[float]:
    heights: list[float] = (np.log10(values) if vertical.logarithmic else values).tolist()
    return heights


def _add_marks(plotext: Any, chart: Chart, horizontal: Axis, vertical: Axis) -> None:
    if chart.baseline is not None and chart.baseline > 0:
        height = vertical.share(_heights(np.array([chart.baseline]), vertical)[0])
        if 0 <= height <= 1:
            plotext.plot([0, 1], [height, height], marker=BASELINE)
    for epoch in chart.knob_epochs:
        # A knob changes before the first step of its epoch, which is drawn where the previous epoch ended.
        plotext.scatter([max(horizontal.share(epoch - 1), 0)], [1], marker=KNOB)
    if chart.branch_epoch is not None:
        # At the bottom: a knob that changed with the branch has its tick at the top of the same column.
        plotext.scatter([max(horizontal.share(chart.branch_epoch), 0)], [0], marker=BRANCH_START)
    best = _best_point(chart)
    if best is not None:
        height = vertical.share(_heights(np.array([best[1]]), vertical)[0])
        plotext.scatter([horizontal.share(best[0])], [height], marker=BEST)


def _best_point(chart: Chart) -> tuple[float, float] | None:
    line = chart.validation if len(chart.validation) else chart.training
    here = np.flatnonzero(line.epochs == (chart.best_epoch or 0))
    if not len(here) or not math.isfinite(line.values[here[0]]):
        return None
    return float(line.epochs[here[0]]), float(line.values[here[0]])


def _role(character: str) -> Role:
    if "\u2801" <= character <= "\u28ff":
        return Role.TRAINING
    roles = {VALIDATION: Role.VALIDATION, BEST: Role.MARK, KNOB: Role.MARK, BRANCH_START: Role.MARK, " ": Role.PLAIN}
    return roles.get(character, Role.FAINT)


def _colored(line: str) -> Row:
    # Blanks take the role before them, for fewer color changes in the output.
    roles: list[Role] = []
    for character in line:
        roles.append(roles[-1] if character == " " and roles else _role(character))
    return tuple(
        ("".join(character for character, _ in run), role)
        for role, run in groupby(zip(line, roles, strict=True), key=lambda pair: pair[1])
    )
