"""Words around a chart: the title with the legend, or with the values at the cursor."""

from __future__ import annotations

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, joined, row, width_of
from fitmon.tui.drawing.curves import Chart
from fitmon.tui.drawing.line_chart import LineChart, has_baseline
from fitmon.tui.drawing.placement import best_point, branch_point, position

TRAINING, VALIDATION, BEST, KNOB, BASELINE = "⠒", "•", "◆", "▼", "┈"
OTHER, BRANCH_START = "◦", "▷"

Field = tuple[int, Row, Row]
"""Its importance, the text, and a shorter one for narrow charts."""


def title_and_note(chart: Chart, picture: LineChart, width: int) -> tuple[Row, Row]:
    """Return the title of a chart in at most `width` cells, and what is left over, for a blank corner of the chart."""
    if chart.view.cursor is not None:
        return _values_at(chart, chart.view.cursor, width), row()
    fields = _legend(chart, picture)
    for gap, short in (("  ", False), (" ", False), (" ", True)):
        title = joined((field[2] if short else field[1] for field in fields), gap)
        if width_of(title) <= width:
            return title, row()
    kept = list(fields)
    while len(kept) > 1 and width_of(joined((field[2] for field in kept), " ")) > width:
        kept.remove(min(kept, key=lambda field: field[0]))
    left = [field[1] for field in fields if field not in kept]
    return joined((field[2] for field in kept), " "), joined(left, "  ")


def _legend(chart: Chart, picture: LineChart) -> list[Field]:
    """Return what is drawn, and nothing else, in the order of the title."""
    return [
        _field(10, form.clean(chart.title), Role.STRONG),
        *_newest(chart),
        *_epochs(chart, picture),
        *_changes(chart, picture),
        *_scales(chart, picture),
    ]


def _field(importance: int, text: str, role: Role, short: str | None = None) -> Field:
    return importance, row((text, role)), row((text if short is None else short, role))


def _newest(chart: Chart) -> list[Field]:
    training, validation = chart.readings
    name = "train " if chart.has_two_parts else ""
    fields = []
    last = training.last if len(training) else chart.training.last
    if last is not None:
        fields.append(_field(9, f"{TRAINING} {name}{form.measured(last)}", Role.TRAINING))
    if validation.last is not None:
        fields.append(_field(9, f"{VALIDATION} val {form.measured(validation.last)}", Role.VALIDATION))
    return fields


def _epochs(chart: Chart, picture: LineChart) -> list[Field]:
    fields = []
    best, start = best_point(chart), branch_point(chart)
    if best is not None and _is_visible(chart, picture, best[0]):
        fields.append(_field(8, f"{BEST} best {chart.best_epoch}", Role.MARK))
    if chart.penalty is not None:
        # Three digits, so that it has room where two charts share a screen of 120 columns.
        fields.append(_field(7, f"penalty {form.setting(float(f'{chart.penalty:.3g}'))}", Role.PLAIN))
    if start is not None and _is_visible(chart, picture, start[0]):
        fields.append(_field(2, f"{BRANCH_START} from {chart.branch_epoch}", Role.MARK))
    return fields


def _changes(chart: Chart, picture: LineChart) -> list[Field]:
    fields = []
    if any(_is_visible(chart, picture, epoch - 1) for epoch in chart.knob_epochs):
        fields.append(_field(4, f"{KNOB} knob", Role.MARK))
    numbers = ", ".join(str(other.number) for other in reversed(chart.other_lines))
    if numbers:
        fields.append(_field(5, f"{OTHER} branch {numbers}", Role.FAINT, f"{OTHER} {numbers}"))
    if chart.baseline is not None and has_baseline(picture):
        text = form.measured(chart.baseline)
        fields.append(_field(3, f"{BASELINE} majority {text}", Role.FAINT))
    return fields


def _scales(chart: Chart, picture: LineChart) -> list[Field]:
    fields = []
    if chart.log_scale:
        why = "" if chart.fits_log_scale else "linear"
        scale = why or ("log" if picture.is_logarithmic else "linear: values ≤ 0")
        fields.append(_field(6, scale, Role.FAINT))
    if chart.view.smoothing:
        fields.append(_field(7, f"EMA {chart.view.smoothing:g}", Role.STRONG))
    if chart.by_time:
        fields.append(_field(1, "by time", Role.FAINT))
    return fields


def _is_visible(chart: Chart, picture: LineChart, epoch: float) -> bool:
    return picture.first <= position(chart, epoch) <= picture.last


def _values_at(chart: Chart, epoch: int, width: int) -> Row:
    """Return the exact values of all curves at an epoch."""
    fields = [(10, row((form.clean(chart.title), Role.STRONG))), (9, row((f"epoch {epoch}", Role.SELECTED)))]
    training, validation = chart.readings
    name = "train " if chart.has_two_parts else ""
    for importance, sign, line, role in (
        (8, f"{TRAINING} {name}", training, Role.TRAINING),
        (8, f"{VALIDATION} val ", validation, Role.VALIDATION),
        *((7, f"{OTHER}{other.number} ", other.line, Role.FAINT) for other in chart.other_lines[::-1]),
    ):
        value = line.at(epoch)
        if value is not None:
            fields.append((importance, row((f"{sign}{value:.6g}", role))))
    if epoch == chart.best_epoch:
        fields.append((6, row((f"{BEST} best", Role.MARK))))
    if chart.clock is not None:
        fields.append((1, row((form.duration(chart.clock.second(epoch)), Role.FAINT))))
    wide = joined((field for _, field in fields), "  ")
    return wide if width_of(wide) <= width else fitting(fields, " ", width)
