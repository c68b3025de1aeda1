"""Draws the accuracy in context: baselines, chance, and what else is known of the predictions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, framed, row
from fitmon.tui.drawing.class_bars import class_name
from fitmon.tui.drawing.class_data import BINARY, ClassesData

BAND = "95% band"
MIN_MEANING = 16
"""Cells for the end of the band, gaps and margins included."""


@dataclass(frozen=True, slots=True)
class _Measure:
    """A number with its name and its meaning."""

    name: str
    short: str
    """The name if the full one does not fit."""
    value: str
    meaning: str
    importance: int


def _context_measures(data: ClassesData) -> list[_Measure]:
    """Return the measures around the accuracy."""
    known, two = data.context, data.scores.probability is not None
    low, high = (None, None) if known.interval is None else known.interval
    always = "" if known.majority_class is None else class_name(data.answer_names, known.majority_class)
    counted = f"of {form.count(known.samples)} {'sample' if data.scores.labels == 1 else 'label'}"
    plural = "" if known.samples == 1 else "s"
    uniform = form.measured(math.log(BINARY if two else len(data.measures)))
    several = (
        ("accuracy", "accuracy", known.accuracy, f"{counted}{plural}", 9),
        (BAND, BAND, low, f"to {form.measured(high or 0.0)}", 8),
        ("majority baseline", "majority", known.majority_share, f"always predicting {always}", 7),
        ("balanced accuracy", "balanced", known.balanced_accuracy, "mean recall over classes", 6),
        ("ROC AUC", "ROC AUC", known.roc_auc, "0.5 = chance" if two else "one class vs the rest", 5),
        (
            "average precision",
            "avg precision",
            known.average_precision,
            "over all thresholds" if two else "mean over classes",
            2,
        ),
        ("Matthews correlation", "Matthews", known.matthews, "0 = chance, 1 = perfect", 4),
        ("Brier score", "Brier", known.brier, f"0 = best, {'1' if two else '2'} = worst", 1),
        ("mean entropy", "entropy", known.entropy, f"nats; {uniform} = uniform guess", 0),
        ("calibration error", "calib. error", known.calibration_error, "0 = confidence matches accuracy", 3),
    )
    return [
        _Measure(name, short, form.signs(form.measured(value)), meaning, importance)
        for name, short, value, meaning, importance in several
        if value is not None
    ]


def context_line(data: ClassesData, width: int) -> Row:
    """Return the most important measures in one line."""
    fields = [(10, row((remark, Role.MARK))) for remark in _remarks(data)[:1]]
    for measure in _context_measures(data):
        if measure.name == BAND:
            fields.append((measure.importance, row(f"{BAND} {measure.value} {measure.meaning}")))
        else:
            fields.append((measure.importance, row(f"{measure.name} {measure.value}")))
    return row(" ", *fitting(fields, " · ", width - 1))


def draw_context(data: ClassesData, width: int, height: int) -> list[Row]:
    """Return the measures in a frame of that outer size, the most important if not all fit."""
    fields = [(9, row(("accuracy in context", Role.STRONG)))]
    if data.scores.labels > 1:
        fields.append((7, row("all labels")))
    if data.at:
        fields.append((8, data.at))
    title = fitting([*fields, (5, row((data.epoch, Role.FAINT)))], "  ", width - 5)
    room = max(1, width - 4)
    remarks = [row((f" {line}", Role.MARK)) for text in _remarks(data) for line in form.wrap(text, room, indent="")]
    max_measures = max(0, height - 2 - len(remarks))
    measures = _context_measures(data)
    kept = sorted(measures, key=lambda measure: -measure.importance)[:max_measures]
    lines = [*remarks, *_measure_rows([measure for measure in measures if measure in kept], width - 2)]
    if data.is_waiting:
        lines.append(row((" measuring more …", Role.FAINT)))
    return framed(title, lines, width, height)


def _measure_rows(measures: Sequence[_Measure], width: int) -> list[Row]:
    """Return the measures in columns, with full names if the end of the band still fits after them."""
    values = max((len(measure.value) for measure in measures), default=0)
    full = max((len(measure.name) for measure in measures), default=0)
    is_short = full + values + MIN_MEANING > width
    names = max((len(measure.short) for measure in measures), default=0) if is_short else full
    room = width - names - values - 6
    return [
        row(
            f" {measure.short if is_short else measure.name:{names}}  {measure.value:>{values}}",
            (f"  {measure.meaning}" if cell_len(measure.meaning) <= room else "", Role.FAINT),
        )
        for measure in measures
    ]


def _remarks(data: ClassesData) -> list[str]:
    """Return the caveats of these numbers."""
    known, remarks = data.context, []
    if known.classes_present == 1 and known.majority_class is not None:
        only = class_name(data.answer_names, known.majority_class)
        remarks.append(f"all samples are of class {only}: accuracy says little")
    if known.not_numbers:
        many = known.not_numbers > 1
        which = f"{form.count(known.not_numbers)} predictions are NaN" if many else "1 prediction is NaN"
        remarks.append(f"{which}: wrong in the accuracy, excluded from the classes")
    return remarks
