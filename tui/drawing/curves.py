"""Extracts from a snapshot what a chart shows: pure numbers, no drawing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from fitmon.engine.record.branch import SECONDS, Branch, other_stretches
from fitmon.engine.record.data_loss import data_losses, penalties
from fitmon.engine.record.series import Curve, empty_curve
from fitmon.engine.record.snapshot import Snapshot
from fitmon.tui.chart_view import ChartView
from fitmon.tui.drawing import quantities
from fitmon.tui.drawing.quantities import MAX_OTHERS, ONLY_DATA_LOSS, TITLES, Placing
from fitmon.tui.drawing.smoothing import exponential_mean

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """A curve to draw: (n,) positions in epochs, ascending, and (n,) values, which may contain NaN and infinities."""

    epochs: Floats
    values: Floats

    def __len__(self) -> int:
        return len(self.values)

    @property
    def last(self) -> float | None:
        """The newest value, finite or not; None without points."""
        return float(self.values[-1]) if len(self.values) else None

    def at(self, epoch: float) -> float | None:
        """Return the value at a position; None if there is no point."""
        number = int(np.searchsorted(self.epochs, epoch, side="right")) - 1
        return float(self.values[number]) if number >= 0 and self.epochs[number] == epoch else None


NO_LINE = Line(np.empty(0), np.empty(0))


@dataclass(frozen=True, slots=True)
class Clock:
    """When epochs ended, in seconds of training without pauses."""

    epochs: Floats
    """(n,) ascending; at least 2."""
    seconds: Floats
    """(n,) ascending."""

    def at(self, epochs: Floats) -> Floats:
        """Return the seconds at positions in epochs."""
        return np.interp(epochs, self.epochs, self.seconds)

    def second(self, epoch: float) -> float:
        """Return the seconds at one position."""
        return float(np.interp(epoch, self.epochs, self.seconds))

    def epoch(self, second: float) -> float:
        """Return the position in epochs at a time."""
        return float(np.interp(second, self.seconds, self.epochs))


@dataclass(frozen=True, slots=True)
class OtherLine:
    """The epochs that another branch trained and the current one does not include."""

    number: int
    """Of the branch."""
    line: Line
    """Over validation data, or training data without validation; from the epoch at which the two branches diverged."""
    clock: Clock | None = None
    """None: the times of its epochs are unknown."""


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart: a quantity over training and validation data."""

    title: str
    training: Line
    """Means of whole epochs at the middle of each, then the chunks of the current epoch."""
    validation: Line
    """At the end of each epoch."""
    best_epoch: int | None
    """The epoch to mark; None before there is one."""
    knob_epochs: tuple[int, ...]
    """Epochs from which a knob change was in effect."""
    baseline: float | None
    """The value of always predicting the most frequent class; None if there is none."""
    epoch: int
    """The current epoch."""
    log_scale: bool
    """Whether the user wants a logarithmic vertical axis."""
    other_lines: tuple[OtherLine, ...] = ()
    """Other branches, newest first."""
    branch_epoch: int | None = None
    """The epoch from which the current branch starts; None for the first branch."""
    penalty: float | None = None
    """The last known penalty, where the lines are losses without it; None: they are as Keras reports them."""
    band: Line = field(default=NO_LINE)
    """The chunk means of past epochs, to be drawn as an area."""
    raw: tuple[Line, Line] | None = None
    """Training and validation before smoothing; None: they are not smoothed."""
    by_epoch: tuple[Line, Line] | None = None
    """Training and validation with whole epochs as positions, for reading values; None: as they are drawn."""
    placing: Placing = Placing.MIDDLE
    has_two_parts: bool = True
    """Whether it is a quantity of training and validation data; else there is one curve, without a name."""
    fits_log_scale: bool = True
    """Whether a logarithmic vertical axis makes sense."""
    clock: Clock | None = None
    """None: the times of epochs are unknown."""
    planned: int = 0
    """The epochs that the run will train; 0: it is over."""
    view: ChartView = field(default_factory=ChartView)

    @property
    def by_time(self) -> bool:
        """Whether the horizontal axis has the time, which is wanted and known."""
        return self.view.by_time and self.clock is not None

    @property
    def readings(self) -> tuple[Line, Line]:
        """Training and validation with whole epochs as positions."""
        return self.by_epoch or (self.training, self.validation)


def chart_of(snapshot: Snapshot, key: str, log_scale: bool, view: ChartView | None = None) -> Chart:
    """Return the chart of a quantity, by its key; `view`: how the user looks at it."""
    view = ChartView() if view is None else view
    loss_or_other = quantities.resolved(snapshot, key)
    quantity = quantities.curves_of(snapshot.branch, loss_or_other)
    placing = quantities.placing_of(loss_or_other)
    without_penalty = loss_or_other == ONLY_DATA_LOSS
    by_epoch = _line(quantity.training), _line(quantity.validation)
    chart = Chart(
        title=TITLES.get(loss_or_other, loss_or_other),
        training=_with_chunks(_placed(by_epoch[0], placing), snapshot, loss_or_other),
        validation=by_epoch[1],
        best_epoch=snapshot.best.epoch if snapshot.best else None,
        knob_epochs=tuple(sorted({receipt.epoch for receipt in snapshot.receipts})),
        baseline=_baseline(snapshot, loss_or_other),
        epoch=snapshot.epoch,
        log_scale=log_scale,
        other_lines=other_lines(snapshot, loss_or_other, view),
        branch_epoch=None if snapshot.branch.parent is None else snapshot.branch.from_epoch,
        penalty=float(penalties(snapshot.measures).values[-1]) if without_penalty else None,
        band=_line(_chunks(snapshot, snapshot.past_chunks, loss_or_other)),
        by_epoch=by_epoch,
        placing=placing,
        has_two_parts=loss_or_other not in {quantities.PENALTY, quantities.RATE, quantities.PACE},
        fits_log_scale=quantities.fits_log_scale(loss_or_other),
        clock=clock_of(snapshot.branch) if view.by_time or view.cursor is not None else None,
        planned=0 if snapshot.over else snapshot.epochs,
        view=view,
    )
    return _smoothed(chart, view.smoothing) if view.smoothing else chart


def _baseline(snapshot: Snapshot, key: str) -> float | None:
    is_accuracy = key.endswith(("accuracy", "acc"))
    return snapshot.started.majority_share if snapshot.started and is_accuracy else None


def _placed(line: Line, placing: Placing) -> Line:
    match placing:
        case Placing.MIDDLE:
            return Line(line.epochs - 0.5, line.values)
        case Placing.STEP:
            return Line(np.stack([line.epochs - 1, line.epochs], axis=1).reshape(-1), np.repeat(line.values, 2))
    return line


def _with_chunks(line: Line, snapshot: Snapshot, key: str) -> Line:
    """Return the line of an epoch's training, followed by the chunk means of the current epoch."""
    chunks = _chunks(snapshot, snapshot.chunks, key)
    newer = chunks.epochs > (line.epochs[-1] + 0.5 if len(line) else 0.0)
    return Line(
        epochs=np.concatenate([line.epochs, chunks.epochs[newer]]),
        values=np.concatenate([line.values, chunks.values[newer]]),
    )


def _chunks(snapshot: Snapshot, chunks: dict[str, Curve], key: str) -> Curve:
    curve = chunks.get(quantities.has_chunks(key), empty_curve())
    return data_losses(curve, penalties(snapshot.measures)) if key == ONLY_DATA_LOSS else curve


def other_lines(snapshot: Snapshot, key: str, view: ChartView) -> tuple[OtherLine, ...]:
    """Return the values of a quantity, by its resolved key, on other branches, newest first."""
    lines = []
    for stretch in other_stretches(snapshot.branch, snapshot.other_branches):
        curve = _stretch_of(quantities.curve_drawn(stretch.branch, key), stretch.epochs)
        if len(curve):
            clock = clock_of(stretch.branch) if view.by_time else None
            lines.append(OtherLine(stretch.branch.number, _line(curve), clock))
        if len(lines) == MAX_OTHERS:
            break
    return tuple(lines)


def _stretch_of(curve: Curve, epochs: range) -> Curve:
    here = (curve.epochs >= epochs.start - 1) & (curve.epochs < epochs.stop)
    return Curve(epochs=curve.epochs[here], values=curve.values[here])


def _line(curve: Curve) -> Line:
    return Line(epochs=curve.epochs, values=curve.values)


def clock_of(branch: Branch) -> Clock | None:
    """Return when the epochs of a branch ended; None if that is unknown."""
    seconds = branch.per_epoch.get(SECONDS, empty_curve())
    if not len(seconds):
        return None
    ends = np.cumsum(seconds.values)
    # The current epoch is likely to take as long as the last one.
    return Clock(
        epochs=np.concatenate([[seconds.epochs[0] - 1], seconds.epochs, [seconds.epochs[-1] + 1]]),
        seconds=np.concatenate([[0.0], ends, [ends[-1] + seconds.values[-1]]]),
    )


def _smoothed(chart: Chart, weight: float) -> Chart:
    training, validation = chart.by_epoch or (chart.training, chart.validation)
    means = [Line(line.epochs, exponential_mean(line.values, weight)) for line in (training, validation)]
    others = [
        replace(other, line=Line(other.line.epochs, exponential_mean(other.line.values, weight)))
        for other in chart.other_lines
    ]
    return replace(
        chart,
        training=_placed(means[0], chart.placing),
        validation=means[1],
        other_lines=tuple(others),
        raw=(chart.training, chart.validation),
        band=NO_LINE,
    )
