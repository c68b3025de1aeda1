"""Training and validation loss scored alike, the penalty apart, and what Keras reports beside them. Pure."""

from __future__ import annotations

import math

from fitmon.engine.record import Snapshot
from fitmon.engine.series import Curve
from fitmon.tui import format as form
from fitmon.tui.palette import Role
from fitmon.tui.rows import Row, row

NAME_WIDTH = 22
NUMBER_WIDTHS = (10, 12, 10)
"""Cells of the columns: training, validation, and the one less the other."""

Pair = tuple[float | None, float | None]
"""Of training and validation; None: not measured."""

WHY = (
    "Keras's training loss is a mean over an epoch in which the weights moved, with dropout on; both its losses "
    "contain the penalty. Scored alike, the two can be compared."
)


def draw_gap(snapshot: Snapshot, width: int) -> list[Row]:
    """Return the table as of the last epoch, in rows of at most `width` + 1 cells; nothing where none was measured."""
    epoch, measures, metrics = snapshot.epochs_done, snapshot.measures, snapshot.metrics
    alike = _pair(measures, "training_loss", "validation_loss", epoch)
    if alike == (None, None):
        return []
    accuracy = _pair(measures, "training_accuracy", "validation_accuracy", epoch)
    lines = [
        _line("data loss", alike),
        _line("accuracy", accuracy),
        *_penalty(_at(measures, "penalty", epoch)),
        _line("Keras's loss", _pair(metrics, "loss", "val_loss", epoch), Role.FAINT),
        _line("Keras's accuracy", _pair(metrics, "accuracy", "val_accuracy", epoch), Role.FAINT),
    ]
    title = row((" training against validation, scored alike", Role.STRONG), (f"  epoch {epoch}", Role.FAINT))
    why = [row((f"   {line}", Role.FAINT)) for line in form.wrap(WHY, width - 2, indent="")]
    return [title, _heading(), *(line for line in lines if line), *why]


def _heading() -> Row:
    columns = zip(("training", "validation", "gap"), NUMBER_WIDTHS, strict=True)
    return row((" " * (3 + NAME_WIDTH) + "".join(f"{name:>{cells}}" for name, cells in columns), Role.FAINT))


def _line(name: str, pair: Pair, role: Role = Role.PLAIN) -> Row:
    """Return a row of the table; an empty one where neither side is known."""
    training, validation = pair
    if training is None and validation is None:
        return ()
    gap = None if training is None or validation is None else validation - training
    numbers = (_number(training), _number(validation), "" if gap is None else _signed(gap))
    cells = zip(numbers, NUMBER_WIDTHS, strict=True)
    return row((f"   {name:<{NAME_WIDTH}}" + "".join(f"{number:>{width}}" for number, width in cells), role))


def _penalty(penalty: float | None) -> list[Row]:
    name = "penalty, in neither"
    return [] if penalty is None else [row(f"   {name:<{NAME_WIDTH}}{form.measured(penalty):>{NUMBER_WIDTHS[0]}}")]


def _number(value: float | None) -> str:
    return form.ABSENT if value is None else form.measured(value)


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{form.measured(abs(value))}" if math.isfinite(value) else form.ABSENT


def _pair(curves: dict[str, Curve], training: str, validation: str, epoch: int) -> Pair:
    return _at(curves, training, epoch), _at(curves, validation, epoch)


def _at(curves: dict[str, Curve], name: str, epoch: int) -> float | None:
    """Return the value at the last epoch; None where a curve has none there."""
    curve = curves.get(name)
    return float(curve.values[-1]) if curve is not None and len(curve) and curve.epochs[-1] == epoch else None
