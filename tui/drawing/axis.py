"""Computes the range and the labels of an axis."""

import math
from dataclasses import dataclass

from fitmon.text.format import setting


@dataclass(frozen=True, slots=True)
class Axis:
    """A range in the units drawn (powers of ten on a logarithmic axis), with labels."""

    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]
    """Positions within the range, increasing, with their labels."""

    logarithmic: bool = False
    """Whether the units are powers of ten."""

    def share(self, position: float) -> float:
        """Return the relative position: 0 at `low`, 1 at `high`."""
        return (position - self.low) / (self.high - self.low)


def value_axis(low: float, high: float, max_ticks: int) -> Axis:
    """Return an axis for values from `low` to `high`, both finite."""
    if high - low < 1e-12 * max(abs(low), abs(high), 1e-290):
        room = abs(low) * 0.1 or 0.5
        low, high = low - room, high + room
    step = round_step((high - low) / max(1, max_ticks - 1))
    positions = _multiples(low, high, step)
    while len(positions) < 2:  # noqa: PLR2004 - a single number gives no scale
        step = round_step(step / 2.5)
        positions = _multiples(low, high, step)
    return Axis(low, high, tuple((position, _label(position, step)) for position in positions))


def _multiples(low: float, high: float, step: float) -> list[float]:
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def power_axis(low: float, high: float, max_ticks: int) -> Axis:
    """Return a logarithmic axis for values from `low` to `high`, both above 0."""
    bottom, top = math.log10(low), math.log10(high)
    if top - bottom < 1e-9:  # noqa: PLR2004
        bottom, top = bottom - 0.1, top + 0.1
    for mantissas in ((1, 2, 5), (1,)):
        values = [
            (math.log10(mantissa) + power, _power_label(mantissa, power))
            for power in range(math.floor(bottom), math.ceil(top) + 1)
            for mantissa in mantissas
            if bottom <= math.log10(mantissa) + power <= top
        ]
        if len(values) <= max_ticks:
            break
    stride = -(-len(values) // max(1, max_ticks)) or 1
    ticks = values[::stride]
    if len(ticks) < 2:  # noqa: PLR2004 - within one power of ten, label both ends
        ticks = [(bottom, setting(float(f"{10**bottom:.2g}"))), (top, setting(float(f"{10**top:.2g}")))]
    return Axis(bottom, top, tuple(ticks), logarithmic=True)


def _power_label(mantissa: int, power: int) -> str:
    # Formatted as text: the smallest powers underflow as floats.
    return setting(float(f"{mantissa}e{power}")) if abs(power) < 4 else f"{mantissa}e{power}"  # noqa: PLR2004


def epoch_axis(first: int, last: int, max_ticks: int) -> Axis:
    """Return an axis for whole epochs."""
    step = max(1, math.ceil(round_step((last - first) / max(1, max_ticks - 1))))
    epochs = [epoch for epoch in range(first, last + 1) if epoch % step == 0 or epoch == first]
    if len(epochs) > 1 and epochs[1] - epochs[0] < step / 2:
        epochs.pop(0)
    return Axis(first, last, tuple((epoch, str(epoch)) for epoch in epochs))


def round_step(minimum: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below `minimum`, which is at least 0."""
    if minimum <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(minimum))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= minimum * (1 - 1e-9))


def _label(value: float, step: float) -> str:
    if value == 0 or abs(value) < step / 2:
        return "0"
    if abs(value) >= 100_000 or step < 0.0001:  # noqa: PLR2004 - more digits would not fit beside the chart
        return setting(float(f"{value:.6g}"))
    return f"{value:.{max(0, -math.floor(math.log10(step) + 1e-9))}f}"
