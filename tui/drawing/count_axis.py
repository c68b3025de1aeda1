"""The vertical axis of a histogram: counts at round values, linear or logarithmic."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fitmon.text import format as form

GUTTER = 6
"""Cells left of the bars, for the counts and the line of the axis."""
ROWS_PER_TICK = 3
"""On a logarithmic axis, at most one count is written in so many rows."""
MIN_STEP_ROWS = 2
"""On a linear axis, counts are written at least so many rows apart."""

STEPS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class CountAxis:
    """An axis of some rows, from no sample at its foot to the count at its top."""

    rows: int
    top: float
    """The count at the top, at least that of the fullest bin."""
    ticks: Mapping[int, int]
    """The counts that are written, by the row in which a bar of so many ends, from the top."""
    log_scale: bool

    def eighths(self, count: int) -> int:
        """Return the height of a bar in eighths of a row; a single sample has at least one."""
        return math.ceil(_scaled(count, self.log_scale) / _scaled(self.top, self.log_scale) * self.rows * 8 - 1e-9)

    def labels(self) -> list[str]:
        """Return what is written left of each row, from the top, in `GUTTER` cells each."""
        texts = [short_count(self.ticks[row]) if row in self.ticks else "" for row in range(self.rows)]
        return [f"{text:>{GUTTER - 1}}{'┤' if text else '│'}" for text in texts]


def count_axis(tallest: int, rows: int, *, log_scale: bool) -> CountAxis:
    """Return an axis for bins of up to `tallest` samples; its ticks are on whole rows."""
    if tallest < 1 or rows < 1:
        return CountAxis(rows=rows, top=1.0, ticks={}, log_scale=log_scale)
    return _logarithmic(tallest, rows) if log_scale else _linear(tallest, rows)


def _linear(tallest: int, rows: int) -> CountAxis:
    """Return the axis whose ticks are a whole number of rows apart and whose tallest bar is as high as possible."""
    sizes = [step * 10**power for power in range(len(str(tallest)) + 1) for step in STEPS]
    apart = {size: min(rows, rows * size // tallest) for size in sizes}
    fitting = [size for size in sizes if apart[size] >= min(MIN_STEP_ROWS, rows)]
    # Of axes that use their height about equally well, the one with more ticks.
    step = max(fitting, key=lambda size: (round(tallest * apart[size] / (rows * size), 1), -size))
    top = rows * step / apart[step]
    ticks = {rows - apart[step] * place: step * place for place in range(1, rows // apart[step] + 1)}
    return CountAxis(rows=rows, top=max(top, tallest), ticks=ticks, log_scale=False)


def _logarithmic(tallest: int, rows: int) -> CountAxis:
    powers = [10**power for power in range(len(str(tallest)))]
    shown = powers[:: -math.ceil(len(powers) / max(1, rows // ROWS_PER_TICK))]
    parts = {power: math.log1p(power) / math.log1p(tallest) for power in shown}
    ticks = {min(rows - 1, max(0, rows - round(part * rows))): power for power, part in reversed(parts.items())}
    return CountAxis(rows=rows, top=tallest, ticks=ticks, log_scale=True)


def _scaled(count: float, log_scale: bool) -> float:
    return math.log1p(count) if log_scale else count


def short_count(number: int) -> str:
    """Return a whole number in at most five cells, such as `9,999`, `12k` or `1.5M`."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if number >= size:
            return f"{number / (1000 if unit == 'k' else size):.3g}{unit}"
    return form.count(number)
