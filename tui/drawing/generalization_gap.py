"""Draws training and validation loss measured the same way, the penalty, and the values that Keras reports."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fitmon.engine.record.series import Curve
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.finding_words import wrapped
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row

ROOMY_WIDTH = 56
"""Below it, the table has no gap column."""


@dataclass(frozen=True, slots=True)
class ColumnWidths:
    """Cells of the table's columns."""

    indent: int
    name: int
    numbers: tuple[int, ...]
    """Training, validation and, if there is room, their difference."""


ROOMY, NARROW = ColumnWidths(3, 22, (10, 12, 10)), ColumnWidths(2, 14, (9, 11))

Pair = tuple[float | None, float | None]
"""Of training and validation; None: not measured."""

WHY = (
    "Keras averages the training loss over an epoch in which the weights change, with dropout on, and both losses "
    "include the penalty. Measured the same way, they are comparable."
)


def draw_gap(snapshot: Snapshot, width: int) -> list[Row]:
    """Return the table as of the last epoch, in rows of at most `width` + 1 cells; empty if nothing was measured."""
    epoch, measures, metrics = snapshot.epochs_done, snapshot.measures, snapshot.metrics
    alike = _pair(measures, "training_loss", "validation_loss", epoch)
    if alike == (None, None):
        return []
    columns = ROOMY if width >= ROOMY_WIDTH else NARROW
    penalty = _at(measures, "penalty", epoch)
    rows: list[tuple[tuple[str, ...], Role]] = [
        (("", "training", "validation", "gap"), Role.FAINT),
        (_cells("data loss", alike), Role.PLAIN),
        (_cells("accuracy", _pair(measures, "training_accuracy", "validation_accuracy", epoch)), Role.PLAIN),
        (() if penalty is None else ("penalty", form.measured(penalty)), Role.PLAIN),
        (_cells("Keras loss", _pair(metrics, "loss", "val_loss", epoch)), Role.FAINT),
        (_cells("Keras accuracy", _pair(metrics, "accuracy", "val_accuracy", epoch)), Role.FAINT),
    ]
    title = row((" comparable losses", Role.STRONG), (f"  epoch {epoch}", Role.FAINT))
    why = [row((f" {line}", Role.FAINT)) for line in wrapped(WHY, width, " " * (columns.indent - 1))]
    return [title, *(_line(cells, columns, role) for cells, role in rows if cells), *why]


def _cells(name: str, pair: Pair) -> tuple[str, ...]:
    """Return the texts of a row; none if neither value is known."""
    training, validation = pair
    if training is None and validation is None:
        return ()
    gap = "" if training is None or validation is None else _signed(validation - training)
    return name, _number(training), _number(validation), gap


def _line(cells: tuple[str, ...], columns: ColumnWidths, role: Role) -> Row:
    numbers = "".join(f"{number:>{width}}" for number, width in zip(cells[1:], columns.numbers, strict=False))
    return row((f"{'':{columns.indent}}{cells[0]:<{columns.name}}{numbers}", role))


def _number(value: float | None) -> str:
    return form.ABSENT if value is None else form.signs(form.measured(value))


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{form.measured(abs(value))}" if math.isfinite(value) else form.ABSENT


def _pair(curves: dict[str, Curve], training: str, validation: str, epoch: int) -> Pair:
    return _at(curves, training, epoch), _at(curves, validation, epoch)


def _at(curves: dict[str, Curve], name: str, epoch: int) -> float | None:
    """Return the value at the epoch if it is the last of the curve; else None."""
    curve = curves.get(name)
    return float(curve.values[-1]) if curve is not None and len(curve) and curve.epochs[-1] == epoch else None
