"""Draws the classes view: confusions, precision and recall, calibration, and the accuracy in context.

The neighbouring modules draw the parts; this one arranges them.
"""

from collections.abc import Sequence

import numpy as np

from fitmon.engine.insight.calibration import USUAL_THRESHOLD
from fitmon.engine.insight.context import Context
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitted, row
from fitmon.tui.drawing.calibration import draw_calibration
from fitmon.tui.drawing.class_bars import bars_widths, draw_class_bars
from fitmon.tui.drawing.class_context import context_line, draw_context
from fitmon.tui.drawing.class_data import ClassesData, classes_data
from fitmon.tui.drawing.confusion import Confusion, draw_confusion, draw_confusion_list, fitting_grid, list_width
from fitmon.tui.drawing.threshold import why_nothing
from fitmon.tui.drawing.waiting import draw_waiting
from fitmon.tui.frame import Frame
from fitmon.tui.layout import View

MAX_COLUMNS, MAX_ROWS = 240, 80
"""Nothing is drawn larger than this, so that a huge terminal does not slow down training."""

MIN_BARS_WIDTH, MIN_BARS_HEIGHT = 42, 5
"""The smallest frame for the classes."""

MIN_LIST_WIDTH, MIN_LIST_HEIGHT = 36, 6
MIN_LOWER_HEIGHT = 9
"""From this height on, calibration and context have frames; below, one line."""

MIN_LINE_HEIGHT = 9
"""Below this height that line is left out."""

WIDE_WIDTH, WIDE_HEIGHT = 100, 28
"""From this size on, all parts are shown."""

PAIR_WIDTH = 72
"""From this width on, calibration and context are side by side."""


def draw_classes(frame: Frame, width: int, height: int, measured: Context | None = None) -> list[Row]:
    """Return the view in that size, each part in a frame; a sentence in its place while there are no scores.

    `measured` is the result of `measure_context` if it runs in a thread; None while it is not known.
    """
    width, height = min(width, MAX_COLUMNS), min(height, MAX_ROWS)
    observation = frame.snapshot.observation
    if observation is None or not len(observation):
        is_alone = frame.view is View.CLASSES
        return draw_waiting(frame, "classes", why_nothing(frame.snapshot), width, height, is_alone=is_alone)
    if not np.isfinite(observation.scores.margin).any():
        why = "all predictions of this model are NaN"
        return draw_waiting(frame, "classes", why, width, height, is_alone=False)
    data = classes_data(frame, observation, measured)
    left = _left_width(data, width, height)
    lower = _lower_height(data, left, width, height)
    upper = _upper(data, left, "" if lower > 1 else data.epoch, width, height - lower)
    return [*upper, *_lower(data, width, lower)]


def _lower_height(data: ClassesData, left: int | None, width: int, height: int) -> int:
    """Return the rows for calibration and context: frames if the upper parts leave room, else one line or none."""
    room = height - _min_upper_height(data, left, width, height)
    if room >= MIN_LOWER_HEIGHT:
        spare = height - _ideal_upper_height(data, left)
        minimum = MIN_LOWER_HEIGHT if width >= PAIR_WIDTH else 2 * MIN_LOWER_HEIGHT
        return min(room, max(minimum, height * 9 // 20, min(spare, height * 3 // 5)))
    return 1 if height >= MIN_LINE_HEIGHT else 0


def _ideal_upper_height(data: ClassesData, left: int | None) -> int:
    """Return the rows that the upper parts take if nothing is cut."""
    bars = len(data.measures) + 3
    if data.confusion is None:
        return bars
    confusions = bars + 4 + min(data.confusion.pairs, len(data.measures))
    return confusions + bars if left is None else confusions


def _left_width(data: ClassesData, width: int, height: int) -> int | None:
    """Return the width of the confusions if the classes have room beside them; None if not.

    A matrix above the classes is preferred to a list beside them; on a wide terminal only if all other parts stay
    visible.
    """
    if data.confusion is None:
        return None
    bars, max_width = bars_widths(data.measures, data.names), width - MIN_BARS_WIDTH
    if max_width < MIN_LIST_WIDTH:
        return None
    rooms = (min(max_width, width - wide) for wide in (*bars, MIN_BARS_WIDTH))
    is_wide = width >= WIDE_WIDTH and height >= WIDE_HEIGHT
    max_rows = height - MIN_LOWER_HEIGHT if is_wide else height
    beside = next((grid for room in rooms if (grid := fitting_grid(data.confusion, room, max_rows))), None)
    if beside:
        ideal = min(list_width(data.confusion), width // 2, width - bars[0])
        return max(beside.framed_width, ideal, MIN_LIST_WIDTH)
    below = MIN_BARS_HEIGHT + (1 + MIN_LOWER_HEIGHT if is_wide else 1)
    if fitting_grid(data.confusion, width, height - below):
        return None
    return min(max_width, max(width // 2, MIN_LIST_WIDTH))


def _min_upper_height(data: ClassesData, left: int | None, width: int, height: int) -> int:
    bars = min(len(data.measures) + 3, max(MIN_BARS_HEIGHT, height // 3))
    if data.confusion is None:
        return bars
    grid = fitting_grid(data.confusion, left or width, height)
    if grid is not None and left is None:
        return grid.framed_height + 1 + MIN_BARS_HEIGHT
    confusions = grid.framed_height + 1 if grid else min(max(MIN_LIST_HEIGHT, height // 3), 3 + data.confusion.pairs)
    return max(bars, confusions) if left is not None else bars + confusions


def _upper(data: ClassesData, left: int | None, epoch: str, width: int, height: int) -> list[Row]:
    """Return confusions and classes, side by side or stacked; the confusions alone if both do not fit.

    `epoch` is empty if another title shows it.
    """
    confusion = data.confusion
    if confusion is None:
        return _bars(data, width, height)
    if left is not None:
        return _beside(*_upper_columns(data, confusion, left=left, epoch=epoch, width=width, height=height))
    bars = _bars_height(confusion, len(data.measures), width, height)
    above = draw_confusion(confusion, data.at, epoch, width, height - bars)
    return [*above, *(_bars(data, width, bars) if bars else [])]


def _upper_columns(
    data: ClassesData, confusion: Confusion, *, left: int, epoch: str, width: int, height: int
) -> tuple[list[Row], list[Row]]:
    """Return confusions and classes; the most frequent confusions are below the classes if these leave room."""
    bars = len(data.measures) + 3
    spare = height - bars
    if spare < MIN_LIST_HEIGHT or fitting_grid(confusion, left, height) is None:
        return draw_confusion(confusion, data.at, epoch, left, height), _bars(data, width - left, height)
    right = [*_bars(data, width - left, bars), *draw_confusion_list(confusion, width - left, spare)]
    return draw_confusion(confusion, data.at, epoch, left, height, is_alone=False), right


def _bars_height(confusion: Confusion, classes: int, width: int, height: int) -> int:
    """Return the rows for the classes below the confusions; 0 if they have no room."""
    grid = fitting_grid(confusion, width, height)
    ideal = min(classes + 3, max(MIN_BARS_HEIGHT, height // 2))
    rest = height - (MIN_LIST_HEIGHT if grid is None else grid.framed_height)
    if rest > MIN_BARS_HEIGHT + 1 or rest > ideal:
        rest -= 1  # for the legend of the matrix
    return min(ideal, rest) if rest >= MIN_BARS_HEIGHT else 0


def _bars(data: ClassesData, width: int, height: int) -> list[Row]:
    what = "class" if data.scores.labels == 1 else "label"
    return draw_class_bars(data.measures, data.names, width, height, what=what, at=data.at)


def _beside(left: Sequence[Row], right: Sequence[Row]) -> list[Row]:
    return [(*one, *other) for one, other in zip(left, right, strict=True)]


def _lower(data: ClassesData, width: int, height: int) -> list[Row]:
    if height == 1:
        return [fitted(context_line(data, width), width)]
    if not height:
        return []
    if width >= PAIR_WIDTH:
        left = width // 2
        return _beside(_calibration(data, left, height), draw_context(data, width - left, height))
    if height < 2 * MIN_LOWER_HEIGHT:
        return draw_context(data, width, height)
    return [*_calibration(data, width, height // 2), *draw_context(data, width, height - height // 2)]


def _calibration(data: ClassesData, width: int, height: int) -> list[Row]:
    # Calibration is about the more probable class, whatever the threshold of the view.
    usual = (f"at threshold {USUAL_THRESHOLD:g}", Role.FAINT)
    at = row() if not data.at or data.threshold == USUAL_THRESHOLD else row(usual)
    return draw_calibration(data.context.calibration, _why_no_calibration(data), at, width, height)


def _why_no_calibration(data: ClassesData) -> str:
    if data.context.not_numbers:
        return "no curve while predictions are NaN"
    return "one sample is not enough for a curve"
