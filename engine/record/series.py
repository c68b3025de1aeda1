"""Growing curves: numbers over epochs, appended by the training thread and read by others without copying.

Numpy is imported with the first series, so that the first screen does not wait for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Curve:
    """A frozen view of a series."""

    epochs: Floats
    """(n,) float64, ascending; a fraction such as 2.4 is inside the third epoch. Read-only."""
    values: Floats
    """(n,) float64; may hold NaN and infinities. Read-only."""

    def __len__(self) -> int:
        return len(self.values)


class Series:
    """Numbers over epochs. Appending does not change the curves taken before."""

    def __init__(self) -> None:
        import numpy as np

        self._points = np.empty((2, 64), dtype=np.float64)
        self._length = 0

    @classmethod
    def until(cls, curve: Curve, epoch: float) -> Series:
        """Return a new series with the points of a curve up to and including an epoch."""
        import numpy as np

        length = int(np.searchsorted(curve.epochs, epoch, side="right"))
        return cls.of(Curve(curve.epochs[:length], curve.values[:length]))

    @classmethod
    def of(cls, curve: Curve) -> Series:
        """Return a new series with the points of a curve."""
        import numpy as np

        series, length = cls(), len(curve)
        series._points = np.empty((2, length + 64), dtype=np.float64)
        series._points[:, :length] = curve.epochs, curve.values
        series._length = length
        return series

    def __len__(self) -> int:
        return self._length

    def append(self, epoch: float, value: float) -> None:
        """Append a point."""
        import numpy as np

        if self._length == self._points.shape[1]:
            self._points = np.concatenate([self._points, np.empty_like(self._points)], axis=1)
        self._points[:, self._length] = epoch, value
        self._length += 1

    def extend(self, curve: Curve) -> None:
        """Append the points of a curve."""
        import numpy as np

        length = self._length + len(curve)
        if length > self._points.shape[1]:
            room = np.empty((2, 2 * length - self._length), dtype=np.float64)
            room[:, : self._length] = self._points[:, : self._length]
            self._points = room
        self._points[:, self._length : length] = curve.epochs, curve.values
        self._length = length

    def curve(self) -> Curve:
        """Return the points so far, without copying."""
        points = self._points[:, : self._length].view()
        points.flags.writeable = False
        return Curve(epochs=points[0], values=points[1])


def empty_curve() -> Curve:
    """Return a curve without points."""
    return Series().curve()
