"""Extracts from a snapshot what a chart shows: pure numbers, no drawing.

Where a penalty was measured, the chart of the loss shows data losses: raising L2 moves the loss by more than a whole
run of training does, so that the curve before and after would be two flat lines.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.record.branch import Branch, other_stretches
from fitmon.engine.record.data_loss import DATA_LOSS, data_losses, penalties, penalties_matter
from fitmon.engine.record.series import Curve, empty_curve
from fitmon.engine.record.snapshot import Snapshot

Floats = npt.NDArray[np.float64]

LARGEST = 1e300
"""Larger values are drawn here, so that the height of the axis stays finite."""

MAX_OTHERS = 3
"""At most this many other branches, the newest, are drawn: more could not be distinguished."""


@dataclass(frozen=True, slots=True)
class Line:
    """A curve to draw: (n,) epochs, increasing, and (n,) values, which may contain NaN and infinities."""

    epochs: Floats
    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    @property
    def last(self) -> float | None:
        """The newest value, finite or not; None without points."""
        return float(self.values[-1]) if len(self.values) else None


@dataclass(frozen=True, slots=True)
class OtherLine:
    """The epochs that another branch trained and the current one does not include."""

    number: int
    """Of the branch."""
    line: Line
    """Over validation data, or training data without validation; from the epoch at which the two branches diverged."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: a metric over training and validation data."""

    title: str
    training: Line
    validation: Line
    best_epoch: int | None
    """The epoch to mark; None before there is one."""
    knob_epochs: tuple[int, ...]
    """Epochs from which a knob change was in effect."""
    baseline: float | None
    """The value of always predicting the most frequent class; None if there is none."""
    epoch: int
    """The current epoch."""
    log_scale: bool
    other_lines: tuple[OtherLine, ...] = ()
    """Other branches, newest first."""
    branch_epoch: int | None = None
    """The epoch from which the current branch starts; None for the first branch."""
    penalty: float | None = None
    """The last known penalty, where the lines are losses without it; None: they are as Keras reports them."""


def chart_of(snapshot: Snapshot, metric: str, log_scale: bool) -> Chart:
    """Return the chart of a metric by its Keras name."""
    started = snapshot.started
    is_accuracy = metric.endswith(("accuracy", "acc"))
    without_penalty = _shows_data_loss(snapshot, metric)
    return Chart(
        title=DATA_LOSS if without_penalty else metric,
        training=training_line(snapshot, metric, without_penalty),
        validation=_line(snapshot.branch, snapshot.metrics.get(f"val_{metric}", empty_curve()), without_penalty),
        best_epoch=snapshot.best.epoch if snapshot.best else None,
        knob_epochs=tuple(sorted({receipt.epoch for receipt in snapshot.receipts})),
        baseline=started.majority_share if started and is_accuracy else None,
        epoch=snapshot.epoch,
        log_scale=log_scale,
        other_lines=other_lines(snapshot, metric, without_penalty),
        branch_epoch=None if snapshot.branch.parent is None else snapshot.branch.from_epoch,
        penalty=float(penalties(snapshot.measures).values[-1]) if without_penalty else None,
    )


def _shows_data_loss(snapshot: Snapshot, metric: str) -> bool:
    """Return whether the chart shows losses without their penalty: of every line it must be known."""
    # A branch whose first epoch is in progress may have a loss, but has no known penalty.
    if metric != "loss" or not len(penalties(snapshot.measures)):
        return False
    drawn = {other.number for other in other_lines(snapshot, metric)}
    return penalties_matter([snapshot.branch, *(other for other in snapshot.other_branches if other.number in drawn)])


def training_line(snapshot: Snapshot, metric: str, without_penalty: bool = False) -> Line:
    """Return one point per epoch, followed by the chunk means of the current epoch."""
    whole = snapshot.metrics.get(metric, empty_curve())
    chunks = snapshot.chunks.get(metric, empty_curve())
    newer = chunks.epochs > (whole.epochs[-1] if len(whole) else 0.0)
    both = Curve(
        epochs=np.concatenate([whole.epochs, chunks.epochs[newer]]),
        values=np.concatenate([whole.values, chunks.values[newer]]),
    )
    return _line(snapshot.branch, both, without_penalty)


def other_lines(snapshot: Snapshot, metric: str, without_penalty: bool = False) -> tuple[OtherLine, ...]:
    """Return the values of a metric on other branches, newest first."""
    lines = []
    for stretch in other_stretches(snapshot.branch, snapshot.other_branches):
        curve = _stretch_of(_curve_of(stretch.branch, metric), stretch.epochs)
        if len(curve):
            lines.append(OtherLine(stretch.branch.number, _line(stretch.branch, curve, without_penalty)))
    return tuple(lines[:MAX_OTHERS])


def _curve_of(branch: Branch, metric: str) -> Curve:
    validated = branch.metrics.get(f"val_{metric}", empty_curve())
    return validated if len(validated) else branch.metrics.get(metric, empty_curve())


def _stretch_of(curve: Curve, epochs: range) -> Curve:
    here = (curve.epochs >= epochs.start - 1) & (curve.epochs < epochs.stop)
    return Curve(epochs=curve.epochs[here], values=curve.values[here])


def _line(branch: Branch, curve: Curve, without_penalty: bool) -> Line:
    shown = data_losses(curve, penalties(branch.measures)) if without_penalty else curve
    return Line(epochs=shown.epochs, values=shown.values)


def finite_stretches(line: Line) -> list[Line]:
    """Return the line split at NaN and infinities, with values clipped to ±`LARGEST`."""
    finite = np.isfinite(line.values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(np.int8)))
    values = np.clip(line.values, -LARGEST, LARGEST)
    return [
        Line(epochs=line.epochs[start:end], values=values[start:end])
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def decimated(line: Line, columns: int) -> Line:
    """Return at most two points per column, the lowest and the highest, so that no spike is lost."""
    if len(line) <= 2 * columns:
        return line
    first, last = line.epochs[0], line.epochs[-1]
    column = np.minimum(((line.epochs - first) / max(last - first, 1e-12) * columns).astype(np.int64), columns - 1)
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    kept: list[int] = []
    for start, end in zip(starts, [*starts[1:], len(line)], strict=True):
        stretch = line.values[start:end]
        kept.extend(sorted({int(start + stretch.argmin()), int(start + stretch.argmax())}))
    return Line(epochs=line.epochs[kept], values=line.values[kept])
