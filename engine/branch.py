"""A stretch of a run: what was trained from one point on without going back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitmon.engine.events import KnobValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fitmon.engine.events import KnobApplied
    from fitmon.engine.series import Curve


@dataclass(frozen=True, slots=True)
class BestEpoch:
    """The epoch with the lowest validation loss (training loss when nothing is validated)."""

    epoch: int
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a run, with all that led to it; everything in it is immutable or read-only."""

    number: int
    """One-based, in the order in which they were begun."""
    parent: int | None
    """The branch whose epoch it set out from; None for the first."""
    from_epoch: int
    """The epoch it set out from; 0: the model as it was before training."""
    epochs_done: int
    metrics: dict[str, Curve]
    """Keras's epoch metrics by name, one point an epoch at x = epoch, those of its parents up to `from_epoch` too."""
    best: BestEpoch | None
    """Over all these epochs; None while there is none."""
    knobs: dict[str, KnobValue]
    """The values its last epoch was trained with, or those it is about to be trained with."""
    receipts: tuple[KnobApplied, ...]
    """The knobs that took effect in it and in its parents up to `from_epoch`, oldest first."""


def best_of(metrics: Mapping[str, Curve]) -> BestEpoch | None:
    """Return the epoch with the lowest finite loss; the first of several equals; None when there is none."""
    import numpy as np

    metric = "val_loss" if "val_loss" in metrics else "loss"
    curve = metrics.get(metric)
    if curve is None or not np.isfinite(curve.values).any():
        return None
    place = int(np.argmin(np.where(np.isfinite(curve.values), curve.values, np.inf)))
    return BestEpoch(epoch=int(curve.epochs[place]), metric=metric, value=float(curve.values[place]))
