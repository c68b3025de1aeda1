"""Draws the calibration curve: accuracy against confidence."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from fitmon.engine.insight.calibration import CalibrationBin, expected_calibration_error
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, framed, row

MANY, FEW = "•", "+"
FEW_SAMPLES = 10
"""Bins with fewer samples are marked as uncertain: one more sample could move their point by a tenth or more."""

OVERCONFIDENT, UNDERCONFIDENT = "░", "╎"
"""Fill the gap between a point and the diagonal: below it, above it."""

LEVELS = " ▁▂▃▄▅▆▇█"
DOTS = "⠁⠂⠄⡀"
"""One dot in the first, second, third and last quarter of a cell's height."""

LABEL = 6
"""Cells left of the curve, for the labels of the vertical axis."""

MIN_ROWS, MIN_COLUMNS = 4, 16
"""Below this size no curve is drawn."""

ROOMY_ROWS = 12
"""From this height on there is room for the samples per bin and for the legend."""

Cell = tuple[str, Role]


def draw_calibration(
    curve: Sequence[CalibrationBin] | None, why_none: str, at: Row, width: int, height: int
) -> list[Row]:
    """Return the curve and its summary in a frame of that outer size.

    Args:
        curve: bins of increasing confidence; None if there are none.
        why_none: the reason, shown in its place.
        at: the threshold of the predictions, in words; may be empty.
        width: in cells.
        height: in rows.
    """
    axes = [(5, row(("accuracy ↑ confidence →", Role.FAINT)))]
    title = [(9, row(("calibration", Role.STRONG))), *([(7, at)] if at else []), *axes]
    room = max(1, width - 4)
    said = [why_none] if curve is None else calibration_words(curve)
    wordings = [form.wrap(words, room, indent="") for words in said]
    wording = next((lines for lines in wordings if len(lines) <= height // 6), wordings[-1])
    lines = [row(f" {line}") for line in wording]
    room = height - 2 - len(lines)
    plot = [] if curve is None else _plot(curve, width - 3, room)
    return framed(fitting(title, "  ", width - 5), [*plot, *lines], width, height)


def calibration_words(curve: Sequence[CalibrationBin]) -> tuple[str, str]:
    """Return how far the confidence is from the accuracy, and in which direction; in a long and a short form.

    A difference no larger than expected by chance is reported as such.
    """
    error = expected_calibration_error(tuple(curve)) or 0.0
    excess = _mean_excess(curve)
    name = f"expected calibration error {error:.3f}:"
    if error <= chance_error(curve):
        said = f"within chance for {_samples(curve)}"
        return f"{name} {said}", f"error {error:.3f}: {said}"
    if abs(excess) <= error / 2:
        said = "overconfident in some bins, underconfident in others"
        return f"{name} {said}", "over- and underconfident in places"
    said = "overconfident" if excess > 0 else "underconfident"
    return f"{name} {said} by {abs(excess):.3f} on average", f"{said} by {abs(excess):.3f}"


def _mean_excess(curve: Sequence[CalibrationBin]) -> float:
    """Return the mean confidence minus the accuracy, in [-1, 1]."""
    gaps = (
        each.samples * (each.confidence - each.accuracy)
        for each in curve
        if each.confidence is not None and each.accuracy is not None
    )
    return sum(gaps) / sum(each.samples for each in curve)


def chance_error(curve: Sequence[CalibrationBin]) -> float:
    """Return the expected calibration error of a perfectly calibrated model, in [0, 1].

    A bin's accuracy then has the standard deviation √(c(1-c)/n), and the mean distance of a normal variable from its
    mean is √(2/π) of that.
    """
    deviations = (
        math.sqrt(each.samples * max(0.0, each.confidence * (1 - each.confidence)))
        for each in curve
        if each.confidence is not None
    )
    return math.sqrt(2 / math.pi) * sum(deviations) / sum(each.samples for each in curve)


def _samples(curve: Sequence[CalibrationBin]) -> str:
    return form.unbroken(f"{form.count(sum(each.samples for each in curve))} samples")


@dataclass(frozen=True, slots=True)
class _Plane:
    """The position of confidences and accuracies in the plot; both axes end at 1."""

    left: float
    """The confidence at the left edge."""
    bottom: float
    """The accuracy at the bottom edge."""
    columns: int
    rows: int

    def column(self, confidence: float) -> int:
        return min(self.columns - 1, max(0, math.floor((confidence - self.left) / (1 - self.left) * self.columns)))

    def quarter(self, accuracy: float) -> int:
        """Return the quarter of a row, counted from the top."""
        place = math.floor((1 - accuracy) / (1 - self.bottom) * self.rows * 4)
        return min(self.rows * 4 - 1, max(0, place))

    def confidence(self, column: int) -> float:
        """Return the confidence in the middle of a column."""
        return self.left + (column + 0.5) / self.columns * (1 - self.left)


def _start(values: Iterable[float | None]) -> float:
    """Return where an axis starts: at 0.5 if nothing lies below, so that the upper half is drawn larger."""
    return 0.5 if all(value is None or value >= 0.5 for value in values) else 0.0  # noqa: PLR2004 - a half


def _plot(curve: Sequence[CalibrationBin], width: int, room: int) -> list[Row]:
    roomy = room >= ROOMY_ROWS
    left, bottom = _start(each.confidence for each in curve), _start(each.accuracy for each in curve)
    plane = _Plane(left, bottom, columns=width - LABEL, rows=room - (4 if roomy else 1))
    if plane.rows < MIN_ROWS or plane.columns < MIN_COLUMNS:
        return []
    cells = _cells(curve, plane)
    drawn = [row((_vertical_label(line, plane), Role.FAINT), *cells[line]) for line in range(plane.rows)]
    axis = row((" " * LABEL + _horizontal_labels(plane), Role.FAINT))
    return [*drawn, _strip(curve, plane), axis, _legend(width), row()] if roomy else [*drawn, axis]


def _cells(curve: Sequence[CalibrationBin], plane: _Plane) -> list[list[Cell]]:
    """Return the plot cell by cell: the diagonal of perfect calibration, and a point per bin."""
    cells: list[list[Cell]] = [[(" ", Role.PLAIN)] * plane.columns for _ in range(plane.rows)]
    for column in range(plane.columns):
        if plane.confidence(column) >= plane.bottom:
            line, quarter = divmod(plane.quarter(plane.confidence(column)), 4)
            cells[line][column] = (DOTS[quarter], Role.FAINT)
    for each in curve:
        if each.confidence is not None and each.accuracy is not None:
            _add_point(cells, plane, each, each.confidence, each.accuracy)
    return cells


def _add_point(
    cells: list[list[Cell]], plane: _Plane, each: CalibrationBin, confidence: float, accuracy: float
) -> None:
    column, line, right = plane.column(confidence), plane.quarter(accuracy) // 4, plane.quarter(confidence) // 4
    fill = (OVERCONFIDENT, Role.BAD) if line > right else (UNDERCONFIDENT, Role.VALIDATION)
    for between in range(min(line, right), max(line, right) + 1):
        cells[between][column] = fill
    cells[line][column] = (MANY if each.samples >= FEW_SAMPLES else FEW, Role.STRONG)


def _vertical_label(line: int, plane: _Plane) -> str:
    labels = {plane.rows // 2: form.setting((1 + plane.bottom) / 2), 0: "1", plane.rows - 1: form.setting(plane.bottom)}
    return f"{labels.get(line, ''):>{LABEL - 1}}{'┤' if line in labels else '│'}"


def _horizontal_labels(plane: _Plane) -> str:
    left, middle, right = form.setting(plane.left), form.setting((1 + plane.left) / 2), "1"
    before = plane.columns // 2 - len(left) - len(middle) // 2
    after = plane.columns - len(left) - before - len(middle) - len(right)
    return f"{left}{' ' * before}{middle}{' ' * after}{right}"


def _strip(curve: Sequence[CalibrationBin], plane: _Plane) -> Row:
    """Return the samples per bin as a row of bars with logarithmic heights."""
    most = math.log1p(max(each.samples for each in curve))
    cells = [" "] * plane.columns
    for each in curve:
        if each.samples:
            level = math.ceil(math.log1p(each.samples) / most * 8)
            first, last = plane.column(each.low), plane.column(each.high)
            # A gap separates neighbors if there is room.
            for column in range(first, max(first + 1, last)):
                cells[column] = LEVELS[level]
    return row((" " * (LABEL - 1) + "└", Role.FAINT), ("".join(cells), Role.VALIDATION))


def _legend(width: int) -> Row:
    fields = [
        (9, row((f"{MANY} bin of samples", Role.STRONG))),
        (5, row((f"{FEW} under {FEW_SAMPLES}", Role.STRONG))),
        (8, row((f"{OVERCONFIDENT} overconfident", Role.BAD))),
        (7, row((f"{UNDERCONFIDENT} underconfident", Role.VALIDATION))),
        (6, row((f"{LEVELS[3]}{LEVELS[8]} samples (log)", Role.VALIDATION))),
    ]
    return row(" ", *fitting(fields, "  ", width - 1))
