"""The curves of a run by name, one value per epoch, as rules read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Self

import numpy as np

from fitmon.engine.diagnosis.evidence import Floats

if TYPE_CHECKING:
    from fitmon.engine.record.series import Curve

MIN_CAPACITY = 64


class EpochCurves:
    """Grows by one epoch at a time; arrays it returned never change."""

    def __init__(self) -> None:
        """Start before the first epoch."""
        self._epochs = 0
        self._columns: dict[str, Floats] = {}

    @classmethod
    def of(cls, curves: Mapping[str, Curve], epochs: int) -> Self:
        """Return the first epochs of a record's curves, which have at most one point per epoch."""
        found = cls()
        found._epochs = epochs
        for name, curve in curves.items():
            inside = (curve.epochs >= 1) & (curve.epochs <= epochs)
            found._column(name)[curve.epochs[inside].astype(np.int64) - 1] = curve.values[inside]
        return found

    def copied(self) -> EpochCurves:
        """Return an independent copy."""
        return self.until(self._epochs)

    def until(self, epochs: int) -> EpochCurves:
        """Return an independent copy of the first epochs."""
        other = EpochCurves()
        other._epochs = epochs
        for name, column in self._columns.items():
            other._column(name)[: min(epochs, len(column))] = column[:epochs]
        return other

    def append(self, values: Mapping[str, float]) -> None:
        """Add the values of the next epoch; a curve without a value has NaN there."""
        self._epochs += 1
        for name, value in values.items():
            self._column(name)[self._epochs - 1] = value

    def views(self) -> dict[str, Floats]:
        """Return each curve, (epochs,) float64, read-only."""
        views = {}
        for name in self._columns:
            view = self._column(name)[: self._epochs]
            view.flags.writeable = False
            views[name] = view
        return views

    def _column(self, name: str) -> Floats:
        """Return a curve with space for all epochs."""
        column = self._columns.get(name)
        if column is None or len(column) < self._epochs:
            grown = np.full(max(MIN_CAPACITY, 2 * self._epochs), np.nan)
            if column is not None:
                grown[: len(column)] = column
            self._columns[name] = column = grown
        return column
