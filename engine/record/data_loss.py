"""Losses without the penalty that Keras adds to them, so that epochs with different L1 and L2 can be compared."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fitmon.engine.record.series import Curve, empty_curve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from fitmon.engine.record.branch import Branch

DATA_LOSS = "data loss"
"""What a loss without its penalty is called, wherever it is shown."""


def penalties_matter(branches: Sequence[Branch]) -> bool:
    """Return whether losses of these branches should be shown as data losses.

    They should where a penalty above 0 was measured. They cannot where it is unknown, as in a run of an earlier fitmon:
    all must be shown alike, or they could not be compared.
    """
    trained = [branch for branch in branches if any(map(len, branch.metrics.values()))]
    known = [penalties(branch.measures) for branch in trained if _knows_penalty(branch)]
    return len(known) == len(trained) and any((penalty.values > 0).any() for penalty in known)


def _knows_penalty(branch: Branch) -> bool:
    known = penalties(branch.measures)
    first = min(float(curve.epochs[0]) for curve in branch.metrics.values() if len(curve))
    return len(known) > 0 and float(known.epochs[0]) <= first


def penalties(measures: Mapping[str, Curve]) -> Curve:
    """Return the known penalties by epoch, none of them NaN or infinite; possibly empty."""
    import numpy as np

    measured = measures.get("penalty", empty_curve())
    finite = np.isfinite(measured.values)
    return measured if finite.all() else Curve(epochs=measured.epochs[finite], values=measured.values[finite])


def data_losses(losses: Curve, penalty: Curve) -> Curve:
    """Return losses minus the penalty at the end of their epoch; inside an epoch, minus the last known penalty.

    The penalty of a training loss is a mean over the epoch, which is close to that at its end. Where this would make
    a positive loss negative, it is 0. Before the first known penalty it is NaN.
    """
    import numpy as np

    if not len(penalty):
        return Curve(epochs=losses.epochs, values=np.full(len(losses), np.nan))
    if np.array_equal(penalty.epochs, losses.epochs):  # much faster, and nearly always so
        values = losses.values - penalty.values
    else:
        known = np.searchsorted(penalty.epochs, losses.epochs, side="right") - 1
        values = losses.values - np.where(known >= 0, penalty.values[np.maximum(known, 0)], np.nan)
    return Curve(epochs=losses.epochs, values=np.where(losses.values > 0, np.maximum(values, 0.0), values))


def data_loss_at(branch: Branch, metric: str, epoch: int) -> float | None:
    """Return the data loss of an epoch, by Keras's name of the loss; None where loss or penalty is unknown."""
    losses = branch.metrics.get(metric, empty_curve())
    here = losses.epochs == epoch
    found = data_losses(Curve(losses.epochs[here], losses.values[here]), penalties(branch.measures)).values
    return float(found[0]) if len(found) and not math.isnan(found[0]) else None
