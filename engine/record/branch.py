"""A branch of a run: the epochs trained from one point on without a rewind."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitmon.engine.values import KnobValue

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitmon.engine.events import EpochEnded, KnobApplied
    from fitmon.engine.record.series import Curve


SECONDS, LEARNING_RATE = PER_EPOCH = ("seconds", "learning_rate")
"""What is kept of every epoch besides metrics and measures: the time it took, without pauses, and the learning rate
that it was trained with."""


@dataclass(frozen=True, slots=True)
class BestEpoch:
    """The epoch with the lowest data loss of the validation set (the lowest training loss when nothing is validated).

    Keras's loss contains the penalty, which L1 and L2 change: raised during a run, they would make every later epoch
    look worse than those before.
    """

    epoch: int
    metric: str
    """`val_loss`, or `loss` when nothing is validated."""
    value: float
    """The value of `metric`, as Keras reports it."""
    penalty: float | None = None
    """L1, L2 and activity penalties in `value`; None: unknown, or nothing is validated."""

    @property
    def data_loss(self) -> float:
        """`value` without the penalty; `value` itself where the penalty is unknown."""
        return self.value - (self.penalty or 0.0)


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
    per_epoch: dict[str, Curve] = field(default_factory=dict)
    """As `Snapshot.per_epoch`, like `metrics`."""

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


def better_of(best: BestEpoch | None, ended: EpochEnded) -> BestEpoch | None:
    """Return an epoch that has just ended if it is better than the best before it, else that one."""
    return _better(best, ended.epoch, ended.metrics, ended.measures.penalty if ended.measures else None)


def best_of(metrics: Mapping[str, Curve], measures: Mapping[str, Curve]) -> BestEpoch | None:
    """Return the best epoch of a branch, as `better_of` finds it epoch by epoch; None when no loss is finite.

    Args:
        metrics: as `Branch.metrics`.
        measures: as `Branch.measures`.
    """
    losses = {name: _by_epoch(metrics.get(name)) for name in ("val_loss", "loss")}
    penalties, best = _by_epoch(measures.get("penalty")), None
    for epoch in sorted(losses["val_loss"] | losses["loss"]):
        ended = {name: values[epoch] for name, values in losses.items() if epoch in values}
        best = _better(best, epoch, ended, penalties.get(epoch))
    return best


def _by_epoch(curve: Curve | None) -> dict[int, float]:
    return {} if curve is None else dict(zip(curve.epochs.astype(int).tolist(), curve.values.tolist(), strict=True))


def _better(
    best: BestEpoch | None, epoch: int, metrics: Mapping[str, float], penalty: float | None
) -> BestEpoch | None:
    """Decide which epoch is the best; the first of several equals, and none whose loss is not finite.

    Where one of two penalties is unknown, as of epochs that an earlier fitmon trained, both losses are compared with
    their penalties: the one without would always win.
    """
    metric = "val_loss" if "val_loss" in metrics else "loss"
    value = metrics.get(metric, math.nan)
    ended = BestEpoch(epoch, metric, value, penalty if metric == "val_loss" else None)
    if not math.isfinite(ended.data_loss):
        return best
    if best is None:
        return ended
    alike = best.penalty is not None and ended.penalty is not None
    is_better = ended.data_loss < best.data_loss if alike else ended.value < best.value
    return ended if is_better else best
