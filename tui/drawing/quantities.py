"""What charts can show of a run: Keras's metrics, and what else is measured of every epoch.

Where a penalty was measured, the chart of the loss shows data losses: raising L2 moves the loss by more than a whole
run of training does, so that the curve before and after would be two flat lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from fitmon.engine.record.branch import LEARNING_RATE, SECONDS, Branch, other_stretches
from fitmon.engine.record.data_loss import DATA_LOSS, data_losses, penalties, penalties_matter
from fitmon.engine.record.series import Curve, empty_curve
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text.metric_choice import second_metric

LOSS = "loss"
"""The loss as it is best compared: the data loss where a penalty was measured, else Keras's."""

KERAS_LOSS, ONLY_DATA_LOSS, PENALTY = ":loss", ":data loss", ":penalty"
ALIKE_LOSS, ALIKE_ACCURACY = ":alike loss", ":alike accuracy"
RATE, PACE = ":learning rate", ":seconds"
"""The keys of what is no metric of Keras; those are their own keys."""

TITLES = {
    KERAS_LOSS: "loss",
    ONLY_DATA_LOSS: DATA_LOSS,
    PENALTY: "penalty (L1 + L2)",
    ALIKE_LOSS: "data loss, both in inference mode",
    ALIKE_ACCURACY: "accuracy, both in inference mode",
    RATE: "learning rate",
    PACE: "seconds per epoch",
}

SHARES = ("acc", "auc", "precision", "recall", "f1", "iou", "cosine", "r2")
"""Parts of the names of metrics that are shares or the like: a logarithmic axis would say nothing of them."""

MAX_OTHERS = 3
"""At most this many other branches, the newest, are drawn: more could not be distinguished."""


class Placing(Enum):
    """Where in its epoch a training value is drawn."""

    MIDDLE = "a mean over the epoch"
    END = "measured at its end"
    STEP = "the same all through it"


@dataclass(frozen=True, slots=True)
class Quantity:
    """The curves of one branch, a point per epoch."""

    training: Curve
    validation: Curve
    """Empty where there is none."""


def loss_keys(snapshot: Snapshot) -> list[str]:
    """Return the keys that the chart of the loss can show, the usual one first."""
    branch = snapshot.branch
    keys = [LOSS]
    if resolved(snapshot, LOSS) == ONLY_DATA_LOSS:
        keys += [KERAS_LOSS, PENALTY]
    return keys + [ALIKE_LOSS] * bool(len(curves_of(branch, ALIKE_LOSS).training))


def metric_keys(snapshot: Snapshot) -> list[str]:
    """Return the keys that the other chart can show, the usual one first."""
    names = dict.fromkeys(name.removeprefix("val_") for name in (*snapshot.metrics, *snapshot.chunks))
    usual = second_metric(snapshot)
    keys = [name for name in ([usual] if usual else []) + list(names) if name != "loss"]
    own = [key for key in (ALIKE_ACCURACY, RATE, PACE) if len(curves_of(snapshot.branch, key).training)]
    return list(dict.fromkeys(keys + own))


def resolved(snapshot: Snapshot, key: str) -> str:
    """Return which loss is meant by `LOSS`; other keys as they are."""
    if key != LOSS:
        return key
    return ONLY_DATA_LOSS if _shows_data_loss(snapshot) else KERAS_LOSS


def _shows_data_loss(snapshot: Snapshot) -> bool:
    """Return whether the chart shows losses without their penalty: of every line it must be known."""
    # A branch whose first epoch is in progress may have a loss, but has no known penalty.
    if not len(penalties(snapshot.measures)):
        return False
    stretches = other_stretches(snapshot.branch, snapshot.other_branches)
    drawn = [stretch.branch for stretch in stretches if len(curve_drawn(stretch.branch, KERAS_LOSS))]
    return penalties_matter([snapshot.branch, *drawn[:MAX_OTHERS]])


def curves_of(branch: Branch, key: str) -> Quantity:
    """Return what a resolved key means of a branch; empty curves where nothing is known."""
    measures, nothing = branch.measures, empty_curve()
    match key:
        case ":loss" | ":data loss":
            return _losses(branch, without_penalty=key == ONLY_DATA_LOSS)
        case ":penalty":
            return Quantity(penalties(measures), nothing)
        case ":alike loss" | ":alike accuracy":
            names = [f"{part}_{key.removeprefix(':alike ')}" for part in ("training", "validation")]
            return Quantity(*(measures.get(name, nothing) for name in names))
        case ":learning rate" | ":seconds":
            name = LEARNING_RATE if key == RATE else SECONDS
            return Quantity(branch.per_epoch.get(name, nothing), nothing)
    return Quantity(branch.metrics.get(key, nothing), branch.metrics.get(f"val_{key}", nothing))


def _losses(branch: Branch, *, without_penalty: bool) -> Quantity:
    return Quantity(*(_loss(branch, name, without_penalty) for name in ("loss", "val_loss")))


def _loss(branch: Branch, name: str, without_penalty: bool) -> Curve:
    losses = branch.metrics.get(name, empty_curve())
    return data_losses(losses, penalties(branch.measures)) if without_penalty else losses


def curve_drawn(branch: Branch, key: str) -> Curve:
    """Return the curve by which another branch is shown: over validation data where there is one."""
    if key == ONLY_DATA_LOSS:
        return _loss(branch, "val_loss" if len(branch.metrics.get("val_loss", empty_curve())) else "loss", True)
    quantity = curves_of(branch, key)
    return quantity.validation if len(quantity.validation) else quantity.training


def placing_of(key: str) -> Placing:
    """Return where training values of a resolved key are drawn."""
    if key == RATE:
        return Placing.STEP
    return Placing.END if key in {PENALTY, ALIKE_LOSS, ALIKE_ACCURACY} else Placing.MIDDLE


def has_chunks(key: str) -> str:
    """Return the name of the chunk means of a resolved key; empty if it has none."""
    if key in {KERAS_LOSS, ONLY_DATA_LOSS}:
        return "loss"
    return "" if key.startswith(":") else key


def fits_log_scale(key: str) -> bool:
    """Return whether a logarithmic axis makes sense: for losses, errors and rates, not for shares."""
    return key != ALIKE_ACCURACY and not (has_chunks(key) and any(part in key.lower() for part in SHARES))
