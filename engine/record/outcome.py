"""The outcome of each change: requested value, epoch, loss before and after. Pure functions of branches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fitmon.engine.events import KnobApplied
    from fitmon.engine.record.branch import Branch
    from fitmon.engine.record.series import Curve
    from fitmon.engine.values import KnobValue

EPOCHS_TO_SETTLE = 3
"""A change is judged by the third epoch trained with it: the first ones may only disturb the optimizer."""

REWIND = "rewind"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One change and how the loss responded, as far as known."""

    what: str
    """The knob's name, or `rewind`."""
    requested: float
    """The requested value; for a rewind, the epoch rewound to."""
    previous: KnobValue
    """The value before; for a rewind, the number of finished epochs."""
    value: KnobValue
    """The value read back from the compiled step."""
    branch: int
    """The branch of the change; for a rewind, the one that it started."""
    epoch: int
    """The first epoch trained with it."""
    because: str
    """The finding whose remedy it was; empty when the user requested it."""
    metric: str
    """The metric of `before` and `after`: `validation_loss`, the data loss without penalty, if measured, else
    `val_loss` or `loss`; empty while neither is known."""
    before: float | None
    """At the epoch before the change or, if `against` is a branch, that branch's at `after_epoch`; None: there is no
    such epoch. May be NaN."""
    after: float | None
    """At `after_epoch`; None before the first epoch trained with it. May be NaN."""
    after_epoch: int | None
    """The third epoch trained with it, or the last one until then."""
    against: int | None
    """The branch left by a rewind, if both have the epoch to compare; None: compared with the previous epoch."""
    together_with: tuple[str, ...]
    """What else changed from its epoch up to `after_epoch`, and contributed to the outcome."""
    settled: bool
    """Whether the third epoch with it is trained."""

    @property
    def change(self) -> float | None:
        """How much higher the loss is than without the change, negative if lower; None while unknown."""
        return None if self.before is None or self.after is None else self.after - self.before


@dataclass(frozen=True, slots=True)
class _AppliedChange:
    what: str
    requested: float
    previous: KnobValue
    value: KnobValue
    epoch: int
    because: str


def outcomes_of(branch: Branch, left: Sequence[Branch]) -> tuple[Outcome, ...]:
    """Return the outcomes of all changes in a run, oldest first.

    Args:
        branch: the current branch.
        left: the branches left by a rewind, in the order of their numbers; their changes are included.
    """
    branches = (*left, branch)
    return tuple(outcome for each in branches for outcome in _of_branch(each, _left_for(each, branches)))


def _of_branch(branch: Branch, left: Branch | None) -> Iterator[Outcome]:
    changes = list(_changes_of(branch, left))
    for change in changes:
        yield _outcome(change, changes, branch, left)


def _left_for(branch: Branch, branches: Sequence[Branch]) -> Branch | None:
    """Return the branch that was current when another one started."""
    earlier = [other for other in branches if other.number < branch.number]
    return None if branch.parent is None else max(earlier, key=lambda other: other.number, default=None)


def _changes_of(branch: Branch, left: Branch | None) -> Iterator[_AppliedChange]:
    """Yield the changes made in one branch itself, by epoch."""
    if branch.parent is not None:
        previous = None if left is None else left.epochs_done
        target = branch.from_epoch
        yield _AppliedChange(REWIND, target, previous, target, branch.first_epoch, branch.because)
    for receipt in sorted(branch.receipts, key=lambda receipt: receipt.epoch):
        if receipt.epoch >= branch.first_epoch:
            yield _change_of(receipt)


def _change_of(receipt: KnobApplied) -> _AppliedChange:
    return _AppliedChange(
        receipt.knob, receipt.requested, receipt.previous, receipt.value, receipt.epoch, receipt.because
    )


def _outcome(change: _AppliedChange, changes: Sequence[_AppliedChange], branch: Branch, left: Branch | None) -> Outcome:
    settles_at = change.epoch + EPOCHS_TO_SETTLE - 1
    at_start = branch.parent is not None and change.epoch == branch.first_epoch
    against = left if at_start and left is not None and left.epochs_done >= change.epoch else None
    last = min(settles_at, branch.epochs_done, branch.epochs_done if against is None else against.epochs_done)
    after_epoch = last if last >= change.epoch else None
    metric, before, after = _values(
        branch if against is None else against,
        change.epoch - 1 if against is None else after_epoch,
        branch,
        after_epoch,
    )
    others = [o for o in changes if o is not change and change.epoch <= o.epoch <= (after_epoch or change.epoch)]
    return Outcome(
        what=change.what,
        requested=change.requested,
        previous=change.previous,
        value=change.value,
        branch=branch.number,
        epoch=change.epoch,
        because=change.because,
        metric=metric,
        before=before,
        after=after,
        after_epoch=after_epoch,
        against=None if against is None else against.number,
        together_with=tuple(dict.fromkeys(other.what for other in others)),
        settled=branch.epochs_done >= settles_at,
    )


def _values(
    branch_before: Branch, before_epoch: int | None, branch_after: Branch, after_epoch: int | None
) -> tuple[str, float | None, float | None]:
    """Return the metric with most values known, the first of several equals, and its two values."""
    found = [
        (name, _value(_curve(branch_before, name), before_epoch), _value(_curve(branch_after, name), after_epoch))
        for name in ("validation_loss", "val_loss", "loss")
    ]
    best = max(found, key=lambda values: (values[1] is not None) + (values[2] is not None))
    return best if best[1:] != (None, None) else ("", None, None)


def _curve(branch: Branch, name: str) -> Curve | None:
    return (branch.measures if name == "validation_loss" else branch.metrics).get(name)


def _value(curve: Curve | None, epoch: int | None) -> float | None:
    import numpy as np

    if curve is None or epoch is None:
        return None
    place = int(np.searchsorted(curve.epochs, epoch))
    return float(curve.values[place]) if place < len(curve) and curve.epochs[place] == epoch else None
