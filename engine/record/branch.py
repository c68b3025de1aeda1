"""A branch of a run: the epochs trained from one point on without a rewind."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitmon.engine.values import KnobValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitmon.engine.events import KnobApplied
    from fitmon.engine.record.series import Curve


@dataclass(frozen=True, slots=True)
class BestEpoch:
    """The epoch with the lowest validation loss (training loss when nothing is validated)."""

    epoch: int
    metric: str
    value: float


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch of a run, with everything that led to it; immutable or read-only throughout."""

    number: int
    """One-based, in the order in which the branches started."""
    parent: int | None
    """The branch that it started from; None for the first."""
    from_epoch: int
    """The epoch whose end it started from; 0: the untrained model."""
    epochs_done: int
    metrics: dict[str, Curve]
    """Keras's epoch metrics by name, one point per epoch at x = epoch, including its parents' up to `from_epoch`."""
    best: BestEpoch | None
    """Among all these epochs; None while there is none."""
    knobs: dict[str, KnobValue]
    """The values of its last epoch, or those of its first before that is trained."""
    receipts: tuple[KnobApplied, ...]
    """The changes of knobs that took effect in it and in its parents up to `from_epoch`, oldest first."""
    measures: dict[str, Curve] = field(default_factory=dict)
    """What the diagnosis measured, by the fields of `measures.Measures`, like `metrics`."""
    because: str = ""
    """The finding whose remedy started it; empty when the user did, and for the first."""

    @property
    def first_epoch(self) -> int:
        """The first epoch that it trained itself; for the first branch 0, the untrained model."""
        return 0 if self.parent is None else self.from_epoch + 1

    def knobs_at(self, epoch: int) -> dict[str, KnobValue]:
        """Return the values in an epoch, as far as receipts show: a schedule's rate is the last one."""
        later = [receipt for receipt in self.receipts if receipt.epoch > epoch]
        return self.knobs | {receipt.knob: receipt.previous for receipt in reversed(later)}


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some of the epochs that one branch trained."""

    branch: Branch
    epochs: range
    """Ascending, never empty; 0 is the untrained model."""


def path_to(branch: Branch, others: Sequence[Branch]) -> list[Stretch]:
    """Return what led to the last epoch of a branch: its own epochs, then its parent's before those, and so on."""
    known = {other.number: other for other in others}
    path: list[Stretch] = []
    at: Branch | None = branch
    last = branch.epochs_done
    while at is not None:
        path.append(Stretch(at, range(at.first_epoch, last + 1)))
        last = min(last, at.from_epoch)
        at = None if at.parent is None else known.pop(at.parent, None)
    return [stretch for stretch in path if stretch.epochs]


def other_stretches(branch: Branch, left: Sequence[Branch]) -> list[Stretch]:
    """Return the epochs of other branches that did not lead to the current one, the newest branch first."""
    shared = {stretch.branch.number: stretch.epochs.stop for stretch in path_to(branch, left)}
    rest = [
        Stretch(other, range(max(other.first_epoch, shared.get(other.number, 0)), other.epochs_done + 1))
        for other in reversed(left)
    ]
    return [stretch for stretch in rest if stretch.epochs]


def better_of(best: BestEpoch | None, epoch: int, metrics: Mapping[str, float]) -> BestEpoch | None:
    """Return an epoch that has just ended if its loss is finite and the lowest so far, else the best before it."""
    metric = "val_loss" if "val_loss" in metrics else "loss"
    value = metrics.get(metric, math.nan)
    if math.isfinite(value) and (best is None or value < best.value):
        return BestEpoch(epoch=epoch, metric=metric, value=value)
    return best


def best_of(metrics: Mapping[str, Curve]) -> BestEpoch | None:
    """Return the epoch with the lowest finite loss; the first of several equals; None when there is none."""
    import numpy as np

    metric = "val_loss" if "val_loss" in metrics else "loss"
    curve = metrics.get(metric)
    if curve is None or not np.isfinite(curve.values).any():
        return None
    place = int(np.argmin(np.where(np.isfinite(curve.values), curve.values, np.inf)))
    return BestEpoch(epoch=int(curve.epochs[place]), metric=metric, value=float(curve.values[place]))
