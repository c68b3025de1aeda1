"""Draws the confusion matrix of two classes at the threshold of the view."""

from rich.cells import cell_len

from fitmon.engine.insight.threshold_choice import ConfusionCounts
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row

CORNER = "true ↓ predicted →"
MIN_NAME_WIDTH = 5
MAX_NAME_WIDTH = 18


def confusion_rows(counts: ConfusionCounts | None, names: tuple[str, str], width: int) -> list[Row]:
    """Return the matrix in `width` cells, a row for each true class; empty for more than two classes or without room.

    `names` are those of class 0 and class 1, free of control characters.
    """
    if counts is None:
        return []
    cells = (
        (counts.true_negative, counts.false_positive),
        (counts.false_negative, counts.true_positive),
    )
    column = _column_width(counts, names, width)
    if column is None:
        return []
    short = [form.clip(name, column) for name in names]
    head = f" {CORNER}" + "".join(f"  {right_aligned(name, column)}" for name in short)
    rows = [row((head, Role.FAINT))]
    for number, name in enumerate(names):
        label = form.clip(name, len(CORNER))
        pieces = [
            (f"  {form.count(cell):>{column}}", Role.GOOD if answer == number else Role.BAD)
            for answer, cell in enumerate(cells[number])
        ]
        rows.append(row((f" {label}{' ' * (len(CORNER) - cell_len(label))}", Role.FAINT), *pieces))
    return rows


def _column_width(counts: ConfusionCounts, names: tuple[str, str], width: int) -> int | None:
    """Return the width of both columns of numbers; None if the numbers do not fit."""
    numbers = len(form.count(counts.samples))
    room = (width - 2 - len(CORNER) - 4) // 2
    if room < max(numbers, MIN_NAME_WIDTH):
        return None
    return min(room, max(numbers, *(cell_len(name) for name in names), MIN_NAME_WIDTH), MAX_NAME_WIDTH)


def right_aligned(text: str, width: int) -> str:
    """Return the text right-aligned in `width` cells."""
    return " " * (width - cell_len(text)) + text
