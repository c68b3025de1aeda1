"""What a chart shows, taken from a snapshot: pure numbers, no drawing."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.record.branch import Branch, other_stretches
from fitmon.engine.record.record import Snapshot
from fitmon.engine.record.series import Curve, empty_curve

Floats = npt.NDArray[np.float64]

LARGEST = 1e300
"""Values beyond are drawn here, so that the height of the axis stays a number."""

MAX_LEFT = 3
"""So many branches that were left, the newest, stay in a frame: more could not be told apart."""


@dataclass(frozen=True, slots=True)
class Line:
    """A curve to draw: (n,) epochs, rising, and (n,) values, which may hold NaN and infinities."""

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
    """What a branch that was left trained and the one under way did not."""

    number: int
    """Of the branch."""
    line: Line
    """Over validation data, or training data where nothing is validated; from the epoch at which the two parted."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: a metric over training and validation data."""

    title: str
    training: Line
    validation: Line
    best_epoch: int | None
    """The epoch to mark; None before there is one."""
    knob_epochs: tuple[int, ...]
    """Epochs from which a changed knob held."""
    baseline: float | None
    """What answering the most frequent class would reach; None where that says nothing."""
    epoch: int
    """The epoch under way."""
    log_scale: bool
    left: tuple[OtherLine, ...] = ()
    """Branches that were left, the newest first."""
    set_out_epoch: int | None = None
    """The epoch that the branch under way set out from; None for the first."""


def chart_of(snapshot: Snapshot, metric: str, log_scale: bool) -> Chart:
    """Return the chart of a metric by its Keras name."""
    started = snapshot.started
    is_accuracy = metric.endswith(("accuracy", "acc"))
    return Chart(
        title=metric,
        training=training_line(snapshot, metric),
        validation=_line(snapshot.metrics.get(f"val_{metric}", empty_curve())),
        best_epoch=snapshot.best.epoch if snapshot.best else None,
        knob_epochs=tuple(sorted({receipt.epoch for receipt in snapshot.receipts})),
        baseline=started.majority_share if started and is_accuracy else None,
        epoch=snapshot.epoch,
        log_scale=log_scale,
        left=left_lines(snapshot, metric),
        set_out_epoch=None if snapshot.branch.parent is None else snapshot.branch.from_epoch,
    )


def training_line(snapshot: Snapshot, metric: str) -> Line:
    """Return one point an epoch, followed by the chunk means of the epoch under way."""
    whole = snapshot.metrics.get(metric, empty_curve())
    chunks = snapshot.chunks.get(metric, empty_curve())
    newer = chunks.epochs > (whole.epochs[-1] if len(whole) else 0.0)
    return Line(
        epochs=np.concatenate([whole.epochs, chunks.epochs[newer]]),
        values=np.concatenate([whole.values, chunks.values[newer]]),
    )


def left_lines(snapshot: Snapshot, metric: str) -> tuple[OtherLine, ...]:
    """Return what branches that were left reached in a metric, the newest first."""
    lines = [
        OtherLine(stretch.branch.number, _stretch_of(_outcome(stretch.branch, metric), stretch.epochs))
        for stretch in other_stretches(snapshot.branch, snapshot.other_branches)
    ]
    return tuple([left for left in lines if len(left.line)][:MAX_LEFT])


def _outcome(branch: Branch, metric: str) -> Curve:
    validated = branch.metrics.get(f"val_{metric}", empty_curve())
    return validated if len(validated) else branch.metrics.get(metric, empty_curve())


def _stretch_of(curve: Curve, epochs: range) -> Line:
    here = (curve.epochs >= epochs.start - 1) & (curve.epochs < epochs.stop)
    return Line(epochs=curve.epochs[here], values=curve.values[here])


def _line(curve: Curve) -> Line:
    return Line(epochs=curve.epochs, values=curve.values)


def finite_stretches(line: Line) -> list[Line]:
    """Return the line cut where it holds NaN or infinities; values too large to draw are pulled in."""
    finite = np.isfinite(line.values)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], finite, [False]]).astype(np.int8)))
    values = np.clip(line.values, -LARGEST, LARGEST)
    return [
        Line(epochs=line.epochs[start:end], values=values[start:end])
        for start, end in zip(edges[::2], edges[1::2], strict=True)
    ]


def decimated(line: Line, columns: int) -> Line:
    """Return at most two points a column, the lowest and the highest of each, so that no spike is lost."""
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
