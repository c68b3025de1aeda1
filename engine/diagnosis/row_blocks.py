"""Rows of arrays of any kind, in blocks that fit a processor's cache; of very many rows, an even selection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Block = list[npt.NDArray[Any]]
"""The same rows of each array."""

BLOCK_BYTES = 1024**2
MAX_BYTES = 1024**3
"""How much of an array in memory is read: about two seconds on one slow core."""
MAX_BYTES_ELSEWHERE = 64 * 1024**2
"""The same for a file on disk, or for what may have to be copied from a device."""


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Arrays with the same number of rows, one per sample."""

    arrays: tuple[Any, ...]
    count: int
    bytes_each: int

    def __post_init__(self) -> None:
        """Raise ValueError where the arrays differ in length."""
        if not self.arrays or any(len(array) != self.count for array in self.arrays):
            raise ValueError(f"Expected arrays of {self.count} rows each.")

    @property
    def whole(self) -> bool:
        """Whether `blocks` yields every row."""
        return self.count * self.bytes_each <= self._max_bytes

    def blocks(self) -> Iterator[Block]:
        """Yield blocks of rows in order: all, or an evenly spread selection."""
        length = min(self.count, max(1, BLOCK_BYTES // max(1, self.bytes_each)))
        for start in self._starts(length):
            yield [np.asarray(array[start : start + length]) for array in self.arrays]

    def _starts(self, length: int) -> list[int]:
        if self.whole:
            return list(range(0, self.count, length))
        wanted = max(1, self._max_bytes // (length * self.bytes_each))
        return [int(start) for start in np.linspace(0, self.count - length, wanted)]

    @property
    def _max_bytes(self) -> int:
        in_memory = all(type(array) is np.ndarray for array in self.arrays)
        return MAX_BYTES if in_memory else MAX_BYTES_ELSEWHERE


def is_batches(x: Any) -> bool:
    """Return whether `x` yields batches, like `batch_source.gives_batches`, but without Keras."""
    is_array = isinstance(x, list | tuple | dict) or hasattr(x, "shape") or hasattr(x, "__array__")
    return x is not None and not is_array


def arrays_in(x: Any) -> list[Any]:
    """Return the arrays in a tuple, list or dict, by key or position; an array alone as the only one."""
    if x is None or is_batches(x):
        return []
    if isinstance(x, dict):
        return [array for key in sorted(x, key=str) for array in arrays_in(x[key])]
    if not isinstance(x, list | tuple):
        return [x]
    if any(isinstance(part, list | tuple | dict) or getattr(part, "shape", ()) for part in x):
        return [array for part in x for array in arrays_in(part)]
    return [np.asarray(x)]


def rows_of(x: Any) -> Rows | None:
    """Return the rows of an array, or of several together; None where there are none to read."""
    arrays = tuple(arrays_in(x))
    if not arrays or not all(getattr(array, "shape", ()) and len(array) for array in arrays):
        return None
    bytes_each = sum(np.asarray(array[:1]).nbytes for array in arrays)
    return Rows(arrays=arrays, count=len(arrays[0]), bytes_each=bytes_each)
