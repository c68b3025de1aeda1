"""The chunk means of finished epochs: few enough for any run, with the lowest and the highest of every stretch kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fitmon.engine.record.series import Curve, Series

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_POINTS = 2048
"""A metric keeps at most this many; a chart has at most some hundred columns."""


class ChunkHistory:
    """Keeps the chunk means of the epochs that led to the current one."""

    def __init__(self) -> None:
        """Start without any."""
        self._series: dict[str, Series] = {}
        self._widths: dict[str, float] = {}
        """The length of the stretches, in epochs, of which only the lowest and the highest mean are kept."""
        self._left: dict[int, dict[str, Curve]] = {}
        """The means of the branches that were left, by their numbers."""

    def add(self, chunks: Mapping[str, Curve]) -> None:
        """Add the chunk means of an epoch that has ended; what is not finite is left out."""
        import numpy as np

        for name, curve in chunks.items():
            finite = np.isfinite(curve.values)
            series = self._series.setdefault(name, Series())
            series.extend(Curve(curve.epochs[finite], curve.values[finite]))
            if len(series) > MAX_POINTS:
                self._series[name] = Series.of(self._thinned(name, series.curve()))

    def curves(self) -> dict[str, Curve]:
        """Return the means by the metric's name, each a point at the middle of its chunk."""
        return {name: series.curve() for name, series in self._series.items()}

    def return_to(self, epoch: int) -> None:
        """Drop everything after the end of an epoch."""
        self._series = {name: Series.until(curve, epoch) for name, curve in self.curves().items()}
        self._widths.clear()

    def leave(self, branch: int, parent: int, epoch: int) -> None:
        """Go on from the end of an epoch of `parent`, which is the current branch `branch` or was left before."""
        self._left[branch] = self.curves()
        self._widths.clear()
        self._series = {name: Series.until(curve, epoch) for name, curve in self._left.get(parent, {}).items()}

    def _thinned(self, name: str, curve: Curve) -> Curve:
        """Return at most three quarters of the limit, so that not every epoch must be thinned."""
        width = self._widths.get(name, 0.0)
        thin = lowest_and_highest(curve, width) if width else curve
        while len(thin) > MAX_POINTS * 3 // 4:
            width = 2 * width or 4 * float(curve.epochs[-1] - curve.epochs[0]) / MAX_POINTS
            thin = lowest_and_highest(thin, width)
        self._widths[name] = width
        return thin


def lowest_and_highest(curve: Curve, width: float) -> Curve:
    """Return the lowest and the highest point of each stretch of `width` epochs, above 0; all values are finite."""
    import numpy as np

    stretch = np.floor(curve.epochs / width)
    order = np.lexsort((curve.values, stretch))
    starts = np.flatnonzero(np.diff(stretch[order], prepend=-1.0))
    ends = np.append(starts[1:], len(order)) - 1
    kept = np.unique(np.concatenate([order[starts], order[ends]]))
    return Curve(epochs=curve.epochs[kept], values=curve.values[kept])
