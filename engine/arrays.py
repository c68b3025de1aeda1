"""Arrays under names, as a checkpoint holds them: put together from parts, and taken apart with nothing trusted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.errors import DataError

Arrays = dict[str, npt.NDArray[Any]]

ANY_LENGTH = -1


def under(part: str, arrays: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """Return arrays with `part/` before their names."""
    return {f"{part}/{name}": array for name, array in arrays.items()}


class Saved:
    """Arrays that are to be restored; each is held against what is wanted before it is handed out."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], part: str) -> None:
        """Look only at the names under `part`."""
        self._arrays, self._part = arrays, part

    def __contains__(self, name: str) -> bool:
        return f"{self._part}/{name}" in self._arrays

    def __len__(self) -> int:
        return sum(name.startswith(f"{self._part}/") for name in self._arrays)

    def arrays(self) -> Arrays:
        """Return all of them by the rest of their names, as they are."""
        before = f"{self._part}/"
        return {name.removeprefix(before): array for name, array in self._arrays.items() if name.startswith(before)}

    def part(self, name: str) -> Saved:
        """Return those under a longer name."""
        return Saved(self._arrays, f"{self._part}/{name}")

    def array(self, name: str, dtype: npt.DTypeLike, *shape: int) -> npt.NDArray[Any]:
        """Return an array, read-only and not copied; raises DataError when it is missing or of another kind.

        A side of `ANY_LENGTH` in the shape is not compared.
        """
        full = f"{self._part}/{name}"
        wanted = f"{np.dtype(dtype).name} of shape {shape}"
        if full not in self._arrays:
            raise DataError(_refusal(f"{full!r} as {wanted}", "nothing of that name"))
        array = self._arrays[full]
        lengths = tuple(here if side == ANY_LENGTH else side for side, here in zip(shape, array.shape, strict=False))
        if array.dtype != np.dtype(dtype) or array.shape != lengths or array.ndim != len(shape):
            raise DataError(_refusal(f"{full!r} as {wanted}", f"{array.dtype.name} of shape {array.shape}"))
        view = array.view()
        view.flags.writeable = False
        return view

    def optional(self, name: str, dtype: npt.DTypeLike, *shape: int) -> npt.NDArray[Any] | None:
        """Return an array as `array` does, or None when it is not there."""
        return self.array(name, dtype, *shape) if name in self else None

    def whole(self, name: str, at_least: int = 0) -> int:
        """Return a whole number; raises DataError as `array`, also when it is too small."""
        number = int(self.array(name, np.int64))
        if number < at_least:
            raise DataError(_refusal(f"'{self._part}/{name}' to be at least {at_least}", str(number)))
        return number

    def rising(self, name: str) -> list[int]:
        """Return whole numbers that rise strictly from 0 or more; raises DataError as `array`, also where they do not.

        There may be none.
        """
        numbers: list[int] = self.array(name, np.int64, ANY_LENGTH).tolist()
        if any(later <= earlier for earlier, later in zip([-1, *numbers], numbers, strict=False)):
            raise DataError(_refusal(f"'{self._part}/{name}' to rise", str(numbers)))
        return numbers


def whole(number: int) -> npt.NDArray[np.int64]:
    """Return a whole number as the array that `Saved.whole` reads."""
    return np.array(number, dtype=np.int64)


def _refusal(expected: str, received: str) -> str:
    return (
        f"What the checkpoint knows of the validation samples does not fit: expected {expected}, received {received}."
    )
