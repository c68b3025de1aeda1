"""Computes the range and the labels of an axis, so that the labels stand on whole rows or columns."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from fitmon.text import format as form
from fitmon.tui.drawing.braille import DOWN

Floats = npt.NDArray[np.float64]

SMALLEST_RANGE = 1e-6
"""A range is at least this part of its values, so that labels need no more than eight digits."""

TINY = 1e-280
"""Values below it are drawn as 0: steps between them would not be numbers."""

MIN_TICK_GAP = 2
"""Rows or columns between two labels, at least."""

ROOMY_ROWS = 8
"""On fewer rows, labels of a logarithmic axis may stand on neighboring ones."""

FAR = 100.0
"""The largest relative position."""

MIDDLE = (DOWN - 1) / 2
"""The height of a cell's middle, in dots above its lowest one."""

ROUND_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)
"""Steps between labels of a time axis; above them, round numbers of days."""


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of values with labels."""

    low: float
    """The value of the first dot; its power of ten on a logarithmic axis."""
    high: float
    """The same for the last dot; above `low`."""
    ticks: tuple[tuple[float, str], ...]
    """Relative positions in [0, 1], increasing, with their labels."""
    logarithmic: bool = False

    def shares(self, values: Floats) -> Floats:
        """Return the relative positions of values: 0 at `low`, 1 at `high`; NaN where there is none."""
        with np.errstate(all="ignore"):
            heights = np.log10(values) if self.logarithmic else values
            # Far outside is as good as infinitely far, and a float.
            shares = np.clip((heights - self.low) / (self.high - self.low), -FAR, FAR)
        return np.where(np.isfinite(values), shares, np.nan)

    def share(self, value: float) -> float:
        """Return the relative position of one value, as `shares`."""
        return float(self.shares(np.array([value], np.float64))[0])


@dataclass(frozen=True, slots=True)
class _Rows:
    """A linear axis on which labels stand on every `every`-th row."""

    step: float
    """Between two labels."""
    every: int
    first: int
    """The number of the lowest row; the middle of row n has the value n * `row`."""
    rows: int

    @property
    def row(self) -> float:
        return self.step / self.every

    @property
    def low(self) -> float:
        return self.first * self.row - MIDDLE * self.row / DOWN

    @property
    def high(self) -> float:
        return self.low + (self.rows * DOWN - 1) * self.row / DOWN

    def labeled(self) -> list[int]:
        """Return the numbers of the rows with labels."""
        return [number for number in range(self.first, self.first + self.rows) if number % self.every == 0]


def value_axis(low: float, high: float, rows: int) -> Axis:
    """Return an axis for values from `low` to `high`, both finite, on so many rows of cells, at least 1.

    Its limits lie a little outside, so that labels are round and evenly spaced on the middles of whole rows. Where no
    value is negative, no label is, and where all are shares, none is above 1.
    """
    floor, ceiling = _bounds(low, high)
    low, high = _widened(low, high)
    chosen = min(_divisions(low, high, rows), key=lambda division: _cost(division, low, high))
    last = chosen.rows * DOWN - 1
    ticks = tuple(
        ((DOWN * (number - chosen.first) + MIDDLE) / last, _label(number // chosen.every * chosen.step, chosen.step))
        for number in chosen.labeled()
        if floor <= number / chosen.every * chosen.step <= ceiling * (1 + 1e-9)
    )
    return Axis(chosen.low, chosen.high, ticks)


def _bounds(low: float, high: float) -> tuple[float, float]:
    """Return between what values labels make sense."""
    if low < 0:
        return -math.inf, math.inf
    return 0.0, 1.0 if 0.5 < high <= 1 else math.inf  # noqa: PLR2004 - as shares may be


def _widened(low: float, high: float) -> tuple[float, float]:
    size = max(abs(low), abs(high))
    if size < TINY:
        return -0.5, 0.5
    if high - low >= SMALLEST_RANGE * size:
        return low, high
    # A level line is in the middle, with round numbers around it.
    room = 0.1 * size if high - low < SMALLEST_RANGE**2 * size else SMALLEST_RANGE * size
    return low - room, high + room


def _divisions(low: float, high: float, rows: int) -> Iterator[_Rows]:
    """Yield axes that hold the range, one or more for each number of rows from label to label."""
    dot = (high - low) / max(1, rows * DOWN - 1)
    for every in range(1 if rows < 2 * MIN_TICK_GAP else MIN_TICK_GAP, max(2, min(rows, 8)) + 1):
        step = round_step(dot * DOWN * every)
        for _ in range(4):
            division = _Rows(step, every, math.floor(low / (step / every) + MIDDLE / DOWN), rows)
            if division.high >= high:
                yield _centered(division, low, high)
                break
            step = round_step(step * 1.01)


def _centered(division: _Rows, low: float, high: float) -> _Rows:
    """Return the division moved so that as much room is below the values as above, within their bounds."""
    floor, ceiling = _bounds(low, high)
    spare = int((division.high - high) / division.row)
    down = spare // 2
    if division.high > ceiling:
        down = max(down, min(spare, math.ceil((division.high - ceiling) / division.row - 1)))
    if floor == 0:
        down = min(down, max(0, division.first))
    return replace(division, first=division.first - down)


def _cost(division: _Rows, low: float, high: float) -> float:
    """Return how bad an axis is: room above and below the values, and too few or too many labels."""
    wanted = max(3.0 if division.rows > 2 * MIN_TICK_GAP else 2.0, min(6.0, division.rows / 4))
    floor, ceiling = _bounds(low, high)
    labels = sum(floor <= number * division.row <= ceiling * (1 + 1e-9) for number in division.labeled())
    beyond = max(0.0, floor - division.low - division.row) + max(0.0, division.high - ceiling - division.row)
    empty = (division.high - division.low + beyond) / (high - low) - 1
    off: float = abs(math.log2(max(labels, 0.5) / wanted)) ** 1.5
    return empty + (1.0 if labels < wanted else 0.5) * off + (3.0 if labels < MIN_TICK_GAP else 0.0)


def round_step(minimum: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below `minimum`, which is above 0."""
    power = 10.0 ** math.floor(math.log10(minimum))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= minimum * (1 - 1e-9))


def _label(value: float, step: float) -> str:
    """Return a multiple of a step, with the digits that tell it from the next one."""
    if abs(value) < step / 2:
        return "0"
    magnitude = math.floor(math.log10(step) + 1e-9)
    if abs(value) < 100_000 and step >= 0.0009:  # noqa: PLR2004 - longer ones are easier to read as powers
        return f"{value:.{max(0, -magnitude)}f}"
    digits = max(0, math.floor(math.log10(abs(value)) + 1e-9) - magnitude)
    mantissa, exponent = f"{value:.{digits}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def power_axis(low: float, high: float, rows: int) -> Axis:
    """Return a logarithmic axis for values from `low` to `high`, both above 0, on so many rows of cells.

    Labels are powers of ten, or 1, 2 and 5 times one; where the values differ by little, round numbers.
    """
    bottom, top = math.log10(low), math.log10(high)
    if top - bottom < 1e-3:  # noqa: PLR2004 - a level line
        bottom, top = bottom - 0.05, top + 0.05
    ticks = _power_ticks(bottom, top, rows)
    if len(ticks) < MIN_TICK_GAP and top - bottom < 1:
        linear = _round_ticks(bottom, top, rows)
        ticks = linear if len(linear) > len(ticks) else ticks
    return Axis(bottom, top, tuple(ticks), logarithmic=True)


def _power_ticks(bottom: float, top: float, rows: int) -> list[tuple[float, str]]:
    """Return the most labels of 1, 2 and 5 times a power of ten, or of every n-th power, that do not touch.

    Where there is room, also of 3 times one, or of all digits.
    """
    found: list[tuple[float, str]] = []
    dense = [((1, 2, 3, 4, 5, 6, 7, 8, 9), 1), ((1, 2, 3, 5), 1)] if rows >= ROOMY_ROWS else []
    within = [*dense, ((1, 2, 5), 1)]
    for mantissas, stride in (*within, *(((1,), stride) for stride in (1, 2, 5, 10, 20, 50, 100, 200))):
        ticks = [
            ((position - bottom) / (top - bottom), _power_label(mantissa, power))
            for power in range(math.floor(bottom), math.ceil(top) + 1)
            if power % stride == 0
            for mantissa in mantissas
            if bottom <= (position := math.log10(mantissa) + power) <= top
        ]
        if not _touch(ticks, rows):
            return ticks
        found = found or ticks[:1]
    return found


def _touch(ticks: list[tuple[float, str]], rows: int) -> bool:
    lines = [round(share * (rows - 1)) for share, _ in ticks]
    gap = MIN_TICK_GAP if rows >= ROOMY_ROWS else 1
    return any(second - first < gap for first, second in itertools.pairwise(lines))


def _round_ticks(bottom: float, top: float, rows: int) -> list[tuple[float, str]]:
    low, high = 10.0**bottom, 10.0**top
    if not 0 < low < high < math.inf:
        return []
    step = round_step(max((high - low) / max(2.0, rows / 3), 1e-300))
    numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    ticks = [((math.log10(n * step) - bottom) / (top - bottom), _label(n * step, step)) for n in numbers if n > 0]
    return ticks if not _touch(ticks, rows) else ticks[:: max(1, len(ticks) - 1)]


def _power_label(mantissa: int, power: int) -> str:
    # Formatted as text: the smallest powers underflow as floats.
    return form.setting(float(f"{mantissa}e{power}")) if abs(power) < 4 else f"{mantissa}e{power}"  # noqa: PLR2004


def epoch_axis(first: float, last: float, columns: int) -> Axis:
    """Return an axis for epochs on so many columns of cells, with labels at whole ones."""
    widest = len(str(math.ceil(last))) + MIN_TICK_GAP
    step = max(1, math.ceil(round_step(max((last - first) * widest / max(1, columns), 1e-9))))
    epochs = range(math.ceil(first / step) * step, math.floor(last) + 1, step)
    return Axis(first, last, tuple(((epoch - first) / (last - first), str(epoch)) for epoch in epochs))


def time_axis(first: float, last: float, columns: int) -> Axis:
    """Return an axis for seconds on so many columns of cells."""
    widest = len(_seconds_label(last, 1)) + MIN_TICK_GAP + 1
    step = _round_seconds(max((last - first) * widest / max(1, columns), 1e-9))
    numbers = range(math.ceil(first / step - 1e-9), math.floor(last / step + 1e-9) + 1)
    ticks = [((number * step - first) / (last - first), _seconds_label(number * step, step)) for number in numbers]
    return Axis(first, last, tuple(ticks))


def _round_seconds(minimum: float) -> float:
    if minimum <= 1:
        return round_step(minimum)
    days = 86_400 * round_step(max(minimum / 86_400, 1))
    return next((float(step) for step in ROUND_SECONDS if step >= minimum), days)


def _seconds_label(seconds: float, step: float) -> str:
    return f"{_label(seconds, step)}s" if step < 1 else form.duration(seconds).replace(" ", "")
