"""Draws the measures of each class, or of each label: a line of numbers and a bar."""

from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len, set_cell_size

from fitmon.engine.insight.confusion import ClassMeasures
from fitmon.engine.insight.scores import SampleScores
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, framed, row
from fitmon.tui.drawing.thin_bar import thin_bar

MAX_IN_LABEL_ORDER = 10
"""Up to this many classes are in label order; beyond, the worst come first."""

MIN_NAME, MAX_NAME = 10, 24
MAX_NAMED = 100
"""How many names are measured to find the widest: thousands would take longer than the drawing."""
MIN_BAR, MAX_BAR = 4, 40

TRACK = "─"
"""The rest of a bar, up to 1."""
AXIS_STARTS = (0.99, 0.98, 0.95, 0.9, 0.8, 0.5)
"""Where the axis of the bars may start, so that classes near 1 are told apart."""

RECALL, PRECISION, F1 = 7, 10, 6
"""Cells of these columns, the gap before them included."""


def class_name(names: Sequence[str], number: int) -> str:
    """Return the name of a class, free of control characters; its number if it has none."""
    name = form.clean(names[number]).strip() if number < len(names) else ""
    return name or str(number)


def class_labels(names: Sequence[str], numbers: Sequence[int], width: int) -> list[str]:
    """Return classes in exactly `width` cells each; if a name is cut, numbers before them distinguish them."""
    full = [class_name(names, number) for number in numbers]
    if all(cell_len(name) <= width for name in full):
        return [padded(name, width) for name in full]
    return [padded(_numbered(number, name, width), width) for number, name in zip(numbers, full, strict=True)]


def _numbered(number: int, name: str, width: int) -> str:
    label = f"{number} {name}" if name != str(number) else name
    has_room = width >= len(str(number)) + 3  # a letter and an ellipsis
    return _cut(label if has_room else str(number), width)


def _cut(label: str, width: int) -> str:
    """Clip within a word rather than before it, since the start of a name identifies a class."""
    return label if cell_len(label) <= width else f"{set_cell_size(label, max(0, width - 1)).rstrip()}…"


def padded(text: str, width: int) -> str:
    """Return the text at the left end of `width` cells."""
    return text + " " * (width - cell_len(text))


def measure_labels(scores: SampleScores, threshold: float) -> tuple[ClassMeasures, ...]:
    """Measure each label of samples that have several, at a threshold in [0, 1]; NaN predictions are excluded.

    The class measured is 1, "the label applies".
    """
    known = np.isfinite(scores.margin)
    true = (scores.true_class == 1) & known
    answered = (scores.answers(threshold) == 1) & known
    columns = (counted.reshape(-1, scores.labels).sum(axis=0) for counted in (true, answered, true & answered))
    return tuple(ClassMeasures(*counts) for counts in zip(*(column.tolist() for column in columns), strict=True))


def draw_class_bars(
    measures: Sequence[ClassMeasures],
    names: Sequence[str],
    width: int,
    height: int,
    *,
    what: str = "class",
    at: Row = (),
) -> list[Row]:
    """Return a line for each class in a frame of that outer size; the worst classes if not all fit.

    Args:
        measures: C of them, in label order.
        names: of the classes as given by the data; may be fewer than C.
        width: in cells.
        height: in rows.
        what: `class` or `label`.
        at: the threshold of the predictions, such as `at threshold 0.5`; may be empty.
    """
    room = max(0, height - 3)
    worst_first = len(measures) > min(room, MAX_IN_LABEL_ORDER)
    order = sorted(range(len(measures)), key=lambda number: _badness(measures[number])) if worst_first else None
    numbers = list(range(len(measures))) if order is None else order
    shown = numbers if len(numbers) <= room else numbers[: max(0, room - 1)]
    lines = _table([(number, measures[number]) for number in shown], names, what, width - 2)
    rest = [measures[number] for number in numbers[len(shown) :]]
    if rest:
        lines.append(row((f" {_rest_words(rest, what)}", Role.FAINT)))
    title = [
        (9, row((f"each {what}", Role.STRONG))),
        *([(7, at)] if at else []),
        *([(8, row(("worst F1 first", Role.FAINT)))] if worst_first else []),
    ]
    return framed(fitting(title, "  ", width - 5), lines, width, height)


def bars_widths(measures: Sequence[ClassMeasures], names: Sequence[str]) -> tuple[int, int]:
    """Return the cells in which the classes take uncut, frame included: with a bar, and without."""
    longest = max((cell_len(class_name(names, number)) for number in range(min(len(measures), MAX_NAMED))), default=1)
    without = min(longest, MAX_NAME) + len(" samples") + RECALL + PRECISION + F1 + 4
    return without + 3 * MIN_BAR, without


def _badness(measured: ClassMeasures) -> tuple[bool, float, int]:
    """Return what to sort by: classes without samples last, then F1, of equal ones the largest class first."""
    return not measured.support, measured.f1 or 0.0, -measured.support


def _rest_words(rest: Sequence[ClassMeasures], what: str) -> str:
    empty = sum(not measured.support for measured in rest)
    plural = {"class": "classes"}.get(what, f"{what}s")
    more = f"and {form.count(len(rest))} more {what if len(rest) == 1 else plural}"
    if empty == len(rest):
        return f"{more} without samples"
    least = f"{more}, F1 from {rest[0].f1 or 0.0:.3f}"
    return f"{least}, {form.count(empty)} without samples" if empty else least


def _table(shown: Sequence[tuple[int, ClassMeasures]], names: Sequence[str], what: str, width: int) -> list[Row]:
    supports = max([len("samples"), *(len(form.count(measured.support)) for _, measured in shown)])
    room = width - supports - 2 - RECALL - PRECISION - F1
    longest = max([cell_len(what), *(cell_len(class_name(names, number)) for number, _ in shown)])
    name, bar = _widths(longest, room)
    low = axis_start([measured for _, measured in shown])
    numbers = f"{'recall':>{RECALL}}{'precision':>{PRECISION}}{'F1':>{F1}}"
    head = f" {padded(what, name)} {'samples':>{supports}}{numbers}{_axis(low, bar)}"
    labels = class_labels(names, [number for number, _ in shown], name)
    return [
        row((head, Role.FAINT)),
        *(
            row(
                f" {label} {form.count(measured.support):>{supports}}",
                *_numbers(measured, bar, low),
            )
            for label, (_, measured) in zip(labels, shown, strict=True)
        ),
    ]


def _widths(longest: int, room: int) -> tuple[int, int]:
    """Return the cells of the names and of the bars, which share `room`; a bar that is too short is left out."""
    name = min(longest, MAX_NAME, max(MIN_NAME, room - MIN_BAR - 1))
    bar = min(room - name - 1, MAX_BAR)
    return (name, bar) if bar >= MIN_BAR else (max(1, min(longest, MAX_NAME, room)), 0)


def _numbers(measured: ClassMeasures, bar: int, low: float) -> Row:
    """Return recall, precision, F1 and a bar for F1 from `low` to 1; words for those that are undefined."""
    if measured.recall is None:
        count = form.count(measured.answered)
        words = f"none, predicted {count}×" if measured.answered else "no samples"
        return row((form.clip(f"  {words}", RECALL + PRECISION + F1 + bar), Role.FAINT))
    recall = f"{measured.recall:>{RECALL}.3f}"
    if measured.precision is None or measured.f1 is None:
        return row(recall, (f"{'never predicted':>{PRECISION + F1}}", Role.BAD))
    numbers = f"{recall}{measured.precision:>{PRECISION}.3f}{measured.f1:>{F1}.3f}"
    if not bar:
        return row(numbers)
    # Half a cell at least: the worst class may be right at the start of the axis.
    part = max((measured.f1 - low) / (1 - low), 0.5 / (bar - 1))
    drawn = thin_bar(part, bar - 1).rstrip()
    return row(f"{numbers} ", (drawn, Role.GOOD), (TRACK * (bar - 1 - len(drawn)), Role.FAINT))


def axis_start(measures: Sequence[ClassMeasures]) -> float:
    """Return a round value at or below the worst F1, at which the bars start; 0 if that is below the lowest of them."""
    worst = min((each.f1 for each in measures if each.f1 is not None and each.support), default=0.0)
    return next((start for start in AXIS_STARTS if start <= worst), 0.0)


def _axis(low: float, bar: int) -> str:
    """Return the heading of the bars: both ends of their scale."""
    if not bar:
        return ""
    label = f"{low:g}"
    return f" {label}{'1':>{bar - 1 - len(label)}}" if bar - 1 > len(label) + 1 else ""
