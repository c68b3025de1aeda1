"""Named arrays, as a checkpoint stores them: built from sections, and checked one by one when they are restored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.errors import DataError

Arrays = dict[str, npt.NDArray[Any]]

ANY_LENGTH = -1


def under(section: str, arrays: Mapping[str, npt.NDArray[Any]]) -> Arrays:
    """Return arrays with `section/` before their names."""
    return {f"{section}/{name}": array for name, array in arrays.items()}


class Saved:
    """Arrays to restore; each is checked against what is expected before it is returned."""

    def __init__(self, arrays: Mapping[str, npt.NDArray[Any]], section: str, *, of: str = "") -> None:
        """Select the names under a section.

        Args:
            arrays: all that a checkpoint contains.
            section: what the names begin with, without the slash.
            of: what the section describes, for errors, such as `the diagnosis`; empty: taken from its name.
        """
        self._arrays, self._section = arrays, section
        self._of = of or f"the {section.partition('/')[0].replace('_', ' ')}"

    def __contains__(self, name: str) -> bool:
        return f"{self._section}/{name}" in self._arrays

    def __len__(self) -> int:
        return sum(name.startswith(f"{self._section}/") for name in self._arrays)

    def arrays(self) -> Arrays:
        """Return all of them by the rest of their names, unchecked."""
        before = f"{self._section}/"
        return {name.removeprefix(before): array for name, array in self._arrays.items() if name.startswith(before)}

    def part(self, name: str) -> Saved:
        """Return a section within this one."""
        return Saved(self._arrays, f"{self._section}/{name}", of=self._of)

    def array(self, name: str, dtype: npt.DTypeLike, *shape: int) -> npt.NDArray[Any]:
        """Return an array, read-only and not copied; raises DataError when it is missing or of another kind.

        A side of `ANY_LENGTH` in the shape is not compared.
        """
        full = f"{self._section}/{name}"
        expected = f"{full!r} as {np.dtype(dtype).name} of shape {_shape_in_words(shape)}"
        if full not in self._arrays:
            raise self._damaged(expected, "no such array")
        array = self._arrays[full]
        lengths = tuple(
            actual if side == ANY_LENGTH else side for side, actual in zip(shape, array.shape, strict=False)
        )
        if array.dtype != np.dtype(dtype) or array.shape != lengths or array.ndim != len(shape):
            raise self._damaged(expected, f"{array.dtype.name} of shape {array.shape}")
        view = array.view()
        view.flags.writeable = False
        return view

    def optional(self, name: str, dtype: npt.DTypeLike, *shape: int) -> npt.NDArray[Any] | None:
        """Return an array as `array` does, or None when it is missing."""
        return self.array(name, dtype, *shape) if name in self else None

    def whole(self, name: str, at_least: int = 0) -> int:
        """Return a whole number; raises DataError as `array`, also when it is too small."""
        number = int(self.array(name, np.int64))
        if number < at_least:
            raise self._damaged(f"'{self._section}/{name}' to be at least {at_least}", str(number))
        return number

    def rising(self, name: str) -> list[int]:
        """Return whole numbers that rise strictly from 0 or more, possibly none; raises DataError as `array`."""
        numbers: list[int] = self.array(name, np.int64, ANY_LENGTH).tolist()
        if any(later <= earlier for earlier, later in zip([-1, *numbers], numbers, strict=False)):
            raise self._damaged(f"'{self._section}/{name}' to rise", str(numbers))
        return numbers

    def _damaged(self, expected: str, received: str) -> DataError:
        return DataError(
            f"The checkpoint's data about {self._of} is damaged: expected {expected}, received {received}."
        )


def whole(number: int) -> npt.NDArray[np.int64]:
    """Return a whole number as the array that `Saved.whole` reads."""
    return np.array(number, dtype=np.int64)


def _shape_in_words(shape: tuple[int, ...]) -> str:
    sides = ", ".join("any" if side == ANY_LENGTH else str(side) for side in shape)
    return f"({sides},)" if len(shape) == 1 else f"({sides})"
