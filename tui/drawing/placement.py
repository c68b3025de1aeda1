"""Where the points of a run's chart are, in epochs and on the horizontal axis."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from fitmon.tui.drawing.curves import Chart, Clock, Line
from fitmon.tui.drawing.quantities import Placing

ROUND_STEPS = [factor * 10**power for power in range(18) for factor in (1, 2, 5)]
STEPS_SHOWN = 8
"""The horizontal axis of a run that goes on ends at the next of at most so many round numbers."""

Floats = npt.NDArray[np.float64]


def newest_epoch(chart: Chart) -> int:
    """Return the last epoch that a chart reaches, at least 1."""
    lines = (chart.training, chart.validation, *(other.line for other in chart.other_lines))
    return max(1, chart.epoch, *(math.ceil(float(line.epochs[-1])) for line in lines if len(line)))


def shown_epochs(chart: Chart) -> tuple[int, int]:
    """Return where the horizontal axis begins and ends, in epochs.

    While training goes on, all epochs end at a round number, so that not every epoch moves the whole chart.
    """
    newest = newest_epoch(chart)
    first, last = chart.view.shown(newest)
    if chart.view.window is not None or chart.by_time or newest >= chart.planned:
        return first, last
    step = next(step for step in ROUND_STEPS if step * STEPS_SHOWN > newest)
    return first, min(chart.planned, -(-newest // step) * step)


def position(chart: Chart, epoch: float) -> float:
    """Return where an epoch is on the horizontal axis: the epoch itself, or seconds."""
    return chart.clock.second(epoch) if chart.by_time and chart.clock is not None else epoch


def positions(chart: Chart, line: Line, clock: Clock | None) -> Floats:
    """Return where the points of a line are on the horizontal axis, by the clock of its branch."""
    return clock.at(line.epochs) if chart.by_time and clock is not None else line.epochs


def best_point(chart: Chart) -> tuple[float, float] | None:
    """Return epoch and value of the best epoch on its curve; None where there is none, or it is not finite."""
    return None if chart.best_epoch is None else _point_at(chart, chart.best_epoch)


def branch_point(chart: Chart) -> tuple[float, float] | None:
    """Return epoch and value at which the current branch starts; None for the first branch, and for the start."""
    return None if chart.branch_epoch is None else _point_at(chart, chart.branch_epoch)


def _point_at(chart: Chart, epoch: int) -> tuple[float, float] | None:
    at, value = float(epoch), chart.validation.at(epoch)
    if value is None:
        at = epoch - _offset(chart)
        value = chart.training.at(at)
    return None if value is None or not math.isfinite(value) else (at, value)


def cursor_epoch(chart: Chart, epoch: int) -> float:
    """Return where the cursor of an epoch is: at its end, or where there are only means of epochs, at its middle."""
    return epoch - epoch_end_distance(chart)


def epoch_end_distance(chart: Chart) -> float:
    """Return how far before the end of an epoch its values are read."""
    return 0.0 if len(chart.validation) else _offset(chart)


def _offset(chart: Chart) -> float:
    """Return how far before the end of an epoch its training value is."""
    return 0.5 if chart.by_epoch is not None and chart.placing is Placing.MIDDLE else 0.0
