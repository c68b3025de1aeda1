"""A curve that grows: numbers over epochs, appended by the training thread and read by others without copying.

Numpy loads with the first series, so that the first picture on a terminal does not wait for it.
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
    """(n,) float64, rising; a fraction such as 2.4 lies inside the third epoch. Read-only."""
    values: Floats
    """(n,) float64; may hold NaN and infinities. Read-only."""

    def __len__(self) -> int:
        return len(self.values)


class Series:
    """Numbers over epochs. Appending never moves what a `Curve` taken earlier sees."""

    def __init__(self) -> None:
        import numpy as np

        self._points = np.empty((2, 64), dtype=np.float64)
        self._length = 0

    @classmethod
    def until(cls, curve: Curve, epoch: float) -> Series:
        """Return a series of its own that begins with the points of a curve up to and with an epoch."""
        import numpy as np

        series, length = cls(), int(np.searchsorted(curve.epochs, epoch, side="right"))
        series._points = np.empty((2, length + 64), dtype=np.float64)
        series._points[:, :length] = curve.epochs[:length], curve.values[:length]
        series._length = length
        return series

    def append(self, epoch: float, value: float) -> None:
        """Add a point behind the last one."""
        import numpy as np

        if self._length == self._points.shape[1]:
            self._points = np.concatenate([self._points, np.empty_like(self._points)], axis=1)
        self._points[:, self._length] = epoch, value
        self._length += 1

    def curve(self) -> Curve:
        """Return the points so far. Costs the same however many there are."""
        seen = self._points[:, : self._length].view()
        seen.flags.writeable = False
        return Curve(epochs=seen[0], values=seen[1])


def empty_curve() -> Curve:
    """Return a curve without points."""
    return Series().curve()
