"""The vertical axis of a histogram: counts at round values, linear or logarithmic."""

import math

from fitmon.text import format as form

GUTTER = 6
"""Cells left of the bars, for the counts and the line of the axis."""
ROWS_PER_TICK = 3
"""At most one count is written in so many rows."""

STEPS = (1, 2, 5)


def bar_heights(counts: list[int], rows: int, *, log_scale: bool) -> list[int]:
    """Return the height of each bar in eighths of a row; the tallest takes all `rows`, and no sample is invisible."""
    tallest = _scaled(max(counts, default=0), log_scale=log_scale) or 1.0
    return [math.ceil(_scaled(count, log_scale=log_scale) / tallest * rows * 8) for count in counts]


def count_labels(tallest: int, rows: int, *, log_scale: bool) -> list[str]:
    """Return what is written left of each row, from the top, in `GUTTER` cells each: round counts where bars reach."""
    labels: dict[int, str] = {}
    for tick in _ticks(tallest, rows, log_scale=log_scale):
        part = _scaled(tick, log_scale=log_scale) / _scaled(tallest, log_scale=log_scale)
        labels.setdefault(min(rows - 1, max(0, rows - round(part * rows))), short_count(tick))
    return [f"{labels.get(row, ''):>{GUTTER - 1}}{'┤' if row in labels else '│'}" for row in range(rows)]


def _ticks(tallest: int, rows: int, *, log_scale: bool) -> list[int]:
    """Return the round counts that are written; the largest that fits and others below it, if there is room."""
    if tallest < 1:
        return []
    many = max(1, rows // ROWS_PER_TICK)
    if log_scale:
        powers = [10**power for power in range(len(str(tallest)))]
        return powers[:: -math.ceil(len(powers) / many)]
    steps = (step * 10**power for power in range(len(str(tallest)) + 1) for step in STEPS)
    step = next(step for step in steps if tallest // step <= many)
    return [*range(step, tallest + 1, step)][::-1] or [tallest]


def _scaled(count: int, *, log_scale: bool) -> float:
    return math.log1p(count) if log_scale else float(count)


def short_count(number: int) -> str:
    """Return a whole number in at most five cells, such as `9,999`, `12k` or `1.5M`."""
    for size, unit in ((1_000_000_000, "G"), (1_000_000, "M"), (10_000, "k")):
        if number >= size:
            return f"{number / (1000 if unit == 'k' else size):.3g}{unit}"
    return form.count(number)
