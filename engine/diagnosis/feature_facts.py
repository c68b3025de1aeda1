"""Statistics of the inputs: constant features, scales, NaN and infinity. Read once, in blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.diagnosis.non_finite import non_finite_in
from fitmon.engine.diagnosis.row_blocks import Block, Rows, rows_of

Floats = npt.NDArray[Any]

LARGE = 1e15
"""Squares of larger numbers overflow float32."""


class Columns:
    """Minimum, maximum, mean and standard deviation of each feature of one array, block by block."""

    def __init__(self, first: Floats) -> None:
        """Start with a block, (r, F) floats, whose means become the origin of all sums."""
        finite = np.where(np.isfinite(first), first, 0)
        # Sums of squares around the mean keep their digits, whatever the mean.
        self._shift = finite.mean(axis=0, dtype=np.float64)
        self._low = np.full(first.shape[1], np.inf)
        self._high = np.full(first.shape[1], -np.inf)
        self._sum = np.zeros(first.shape[1])
        self._squares = np.zeros(first.shape[1])
        self._rows = 0
        self.non_finite = 0

    def add(self, block: Floats) -> None:
        """Add a block; values that are not finite are counted and left out."""
        total = float(np.abs(block).max(initial=0))
        if not np.isfinite(total):
            finite = np.isfinite(block)
            self.non_finite += int(finite.size - np.count_nonzero(finite))
            block = np.where(finite, block, self._shift.astype(block.dtype))
        elif total > LARGE:
            block = block.astype(np.float64)
        self._rows += len(block)
        np.minimum(self._low, block.min(axis=0), out=self._low)
        np.maximum(self._high, block.max(axis=0), out=self._high)
        away = block - self._shift.astype(block.dtype)
        self._sum += away.sum(axis=0)
        self._squares += np.einsum("ij,ij->j", away, away)

    @property
    def low(self) -> Floats:
        """Return the smallest value of each feature, (F,)."""
        return self._low

    @property
    def high(self) -> Floats:
        """Return the largest value of each feature, (F,)."""
        return self._high

    def means(self) -> Floats:
        """Return the mean of each feature, (F,)."""
        means: Floats = self._shift + self._sum / self._rows
        return means

    def scales(self) -> Floats:
        """Return the standard deviation of each feature, (F,); 0 for a constant one."""
        variances = self._squares / self._rows - (self._sum / self._rows) ** 2
        scales: Floats = np.where(self._low == self._high, 0, np.sqrt(np.maximum(variances, 0)))
        return scales


def feature_facts(x: Any, x_validation: Any, feature_names: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields of `Facts` about the inputs; only counts of NaN where not all of them are numbers."""
    training = rows_of(x)
    columns = None if training is None else _columns(training)
    if training is None or columns is None:
        return _non_finite_facts(non_finite_in(x), non_finite_in(x_validation))
    low, high, means, scales = (
        np.concatenate([getter(part) for part in columns])
        for getter in (lambda c: c.low, lambda c: c.high, Columns.means, Columns.scales)
    )
    constant = low == high
    names = [feature_names[i] for i in np.flatnonzero(constant)] if len(feature_names) == len(low) else []
    return {
        "features": len(low),
        "input_axes": max(len(array.shape) - 1 for array in training.arrays),
        "constant_features": int(np.count_nonzero(constant)) if training.whole else None,
        "constant_names": tuple(names[:MAX_NAMES]) if training.whole else (),
        "padding_features": 0 if names else sum(map(_padding, training.arrays, columns)),
        "largest_scale": _finite(scales.max(initial=0)),
        "smallest_scale": _finite(scales[~constant].min()) if not constant.all() else None,
        "largest_mean": _finite(np.abs(means).max(initial=0)),
        "largest_value": _finite(max(np.abs(low).max(initial=0), np.abs(high).max(initial=0))),
        "smallest_value": _finite(low.min(initial=np.inf)),
        **_non_finite_facts(sum(part.non_finite for part in columns), non_finite_in(x_validation)),
    }


def _non_finite_facts(training: int | None, validation: int | None) -> dict[str, Any]:
    if training is None and validation is None:
        return {}
    parts = {"training inputs": training or 0, "validation inputs": validation or 0}
    return {
        "non_finite_values": sum(parts.values()),
        "non_finite_parts": {name: count for name, count in parts.items() if count},
    }


def _padding(array: Any, columns: Columns) -> int:
    """Return how many constant features are zeros that fill up a sequence or surround an image."""
    zero = (columns.low == 0) & (columns.high == 0)
    if len(array.shape) > 2:  # noqa: PLR2004 - sequences and images
        return int(np.count_nonzero(zero))
    filled = int(np.argmin(zero)) + int(np.argmin(zero[::-1]))
    return filled if filled >= MIN_PADDING and not zero.all() else 0


MIN_PADDING = 2
"""A single column of zeros at an end of a table is no padding."""
MAX_NAMES = 3
"""How many constant features are named."""


def _columns(rows: Rows) -> list[Columns] | None:
    columns: list[Columns] = []
    for block in rows.blocks():
        numbers = _numbers(block)
        if numbers is None:
            return None
        if not columns:
            columns = [Columns(part) for part in numbers]
        for column, part in zip(columns, numbers, strict=True):
            column.add(part)
    return columns


def _numbers(block: Block) -> list[Floats] | None:
    """Return each array as a matrix of floats; None where one is not numeric."""
    if any(part.dtype.kind not in "buif" or part.ndim < 1 for part in block):
        return None
    return [_floats(part.reshape(len(part), -1)) for part in block]


def _floats(part: Floats) -> Floats:
    if part.dtype.kind == "f":
        return part.astype(np.float32) if part.dtype.itemsize < 4 else part  # noqa: PLR2004 - half precision
    return part.astype(np.float32 if part.dtype.itemsize < 4 else np.float64)  # noqa: PLR2004 - 24 bits and more


def _finite(value: Any) -> float | None:
    """Return a finite number with six digits, else None."""
    return float(f"{float(value):.6g}") if np.isfinite(value) else None
