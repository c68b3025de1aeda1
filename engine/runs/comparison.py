"""Compares runs: in which settings they differ, how well they did, and the curves of each. Pure."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from fitmon.engine.record.branch import LEARNING_RATE, other_stretches
from fitmon.engine.record.data_loss import data_losses, penalties, penalties_matter
from fitmon.engine.record.series import Curve, empty_curve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from fitmon.engine.record.branch import BestEpoch, Branch
    from fitmon.engine.record.snapshot import Snapshot
    from fitmon.engine.runs.description import RunDescription
    from fitmon.engine.runs.run_status import RunState

Setting = str | int | float | bool | tuple[float, ...] | None
"""The value of a setting."""

STORAGE = frozenset({"checkpoint_every", "keep_disk"})
"""The arguments of a run that affect neither training nor its results."""

DATA = ("job", "dataset", "data", "split", "training_samples", "validation_samples")
"""The settings that say what is trained and validated on: where they differ, losses cannot be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedRun:
    """One run, as far as it is known."""

    name: str
    id: str | None
    """None when the description cannot be read."""
    path: Path
    """Its folder, which identifies it."""
    state: RunState
    started: datetime | None
    """None when the description cannot be read."""
    settings: Mapping[str, Setting]
    """What it was started with, by name; see `settings_of`."""
    snapshot: Snapshot

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The current branch, then the others, newest first."""
        return (self.snapshot.branch, *reversed(self.snapshot.other_branches))


@dataclass(frozen=True, slots=True)
class ComparedBranch:
    """One branch of a run: what is compared with others."""

    run: ComparedRun
    branch: Branch

    @property
    def key(self) -> tuple[Path, int]:
        """Identifies it among those of all runs, also when the run goes on."""
        return self.run.path, self.branch.number

    @property
    def is_current(self) -> bool:
        """Whether the run trains it, or trained it last."""
        return self.branch.number == self.run.snapshot.branch.number

    @property
    def has_siblings(self) -> bool:
        """Whether the run has other branches."""
        return bool(self.run.snapshot.other_branches)

    @property
    def curves(self) -> dict[str, Curve]:
        """All its curves by name: Keras's metrics, and the learning rate if it is known."""
        rate = self.branch.per_epoch.get(LEARNING_RATE)
        return self.branch.metrics if rate is None else self.branch.metrics | {LEARNING_RATE: rate}

    def setting(self, name: str) -> tuple[Setting, ...]:
        """Return the values of a setting in the order in which they were in effect; empty when it has none."""
        start = (self.run.settings[name],) if name in self.run.settings else ()
        receipts = [receipt for receipt in self.branch.receipts if receipt.knob == name]
        changes = [value for receipt in receipts for value in (receipt.previous, receipt.value)]
        values = [*start, *map(_one_value, changes)]
        return tuple(value for at, value in enumerate(values) if not at or value != values[at - 1])


def compared_branches(runs: Sequence[ComparedRun]) -> list[ComparedBranch]:
    """Return all branches of runs, in the order of the runs."""
    return [ComparedBranch(run, branch) for run in runs for branch in run.branches]


def settings_of(description: RunDescription | None, snapshot: Snapshot) -> dict[str, Setting]:
    """Return what a run was started with, as far as it is known: job, data, settings, model, machine, versions."""
    settings: dict[str, Setting] = {}
    if description is not None:
        arguments = {name: value for name, value in description.arguments.items() if name not in STORAGE}
        settings |= {"job": description.job, **arguments, **asdict(description.settings)}
    started = snapshot.started
    if started is not None:
        counts = {name: getattr(started, name) for name in ("training_samples", "validation_samples", "parameters")}
        settings |= {name: number for name, number in counts.items() if number}
        settings |= {"device": started.device, **started.flags}
    versions = started.versions if started is not None else {} if description is None else description.versions
    return settings | dict(versions)


def differing(branches: Sequence[ComparedBranch]) -> list[str]:
    """Return the names of the settings in which branches differ, or that changed during training."""
    names = dict.fromkeys(name for branch in branches for name in branch.run.settings)
    names |= dict.fromkeys(receipt.knob for branch in branches for receipt in branch.branch.receipts)
    # One that a run does not know is as good as one without a value.
    return [name for name in names if len({branch.setting(name) or (None,) for branch in branches}) > 1]


def incomparable(branches: Sequence[ComparedBranch]) -> list[str]:
    """Return why the best losses of branches cannot be compared: names of `DATA`, `loss` or `penalty`; empty if they
    can.
    """
    different = differing(branches)
    reasons = [name for name in DATA if name in different]
    if len({branch.branch.best.metric for branch in branches if branch.branch.best}) > 1:
        reasons.append("loss")
    factors = {(branch.branch.knobs.get("l1"), branch.branch.knobs.get("l2")) for branch in branches}
    if len(factors) > 1 and not without_penalty(branches):
        reasons.append("penalty")
    return reasons


def without_penalty(branches: Sequence[ComparedBranch]) -> bool:
    """Return whether losses are to be compared without their penalties: some have one, and all are known."""
    return penalties_matter([branch.branch for branch in branches])


def best_loss(best: BestEpoch | None, *, data_loss: bool) -> float:
    """Return the loss of a best epoch; NaN when there is none.

    Args:
        best: of a branch or run.
        data_loss: whether to leave out its penalty.
    """
    if best is None:
        return math.nan
    return best.data_loss if data_loss else best.value


def lowest(branches: Sequence[ComparedBranch]) -> ComparedBranch | None:
    """Return the branch with the lowest loss; None when none has a finite one or they cannot be compared."""
    if incomparable(branches):
        return None
    data_loss = without_penalty(branches)
    losses = [(best_loss(branch.branch.best, data_loss=data_loss), branch) for branch in branches]
    return min(((loss, branch) for loss, branch in losses if math.isfinite(loss)), key=_first, default=(0, None))[1]


def metric_names(branches: Sequence[ComparedBranch]) -> list[str]:
    """Return the names of all curves: the loss first, the learning rate last, each validation metric before that of
    training.
    """
    known = dict.fromkeys(name for branch in branches for name in branch.curves)
    plain = dict.fromkeys(name.removeprefix("val_") for name in known)
    ordered = sorted(plain, key=lambda name: (name == LEARNING_RATE, name != "loss", "acc" not in name))
    return [name for each in ordered for name in (f"val_{each}", each) if name in known]


def curve_of(branch: ComparedBranch, metric: str, *, data_loss: bool) -> Curve:
    """Return one of its curves by epoch; possibly empty.

    Of a branch that the run left by a rewind these are only the epochs that no later branch shares, and the one before
    them.

    Args:
        branch: whose curve.
        metric: one of `metric_names`.
        data_loss: whether to leave out the penalty of a loss.
    """
    curve = branch.curves.get(metric, empty_curve())
    if data_loss and metric.removeprefix("val_") == "loss":
        curve = data_losses(curve, penalties(branch.branch.measures))
    if branch.is_current:
        return curve
    snapshot = branch.run.snapshot
    stretches = other_stretches(snapshot.branch, snapshot.other_branches)
    own = next((stretch.epochs for stretch in stretches if stretch.branch.number == branch.branch.number), range(0))
    here = (curve.epochs >= own.start - 1) & (curve.epochs < own.stop)
    return Curve(epochs=curve.epochs[here], values=curve.values[here])


def value_at(curve: Curve, epoch: int) -> float | None:
    """Return the value of an epoch, which may be NaN; None when the curve lacks it."""
    at = int(curve.epochs.searchsorted(epoch))
    return float(curve.values[at]) if at < len(curve) and curve.epochs[at] == epoch else None


def at_best(branch: ComparedBranch, metric: str) -> float | None:
    """Return a metric at the best epoch of a branch; None when it is not known."""
    curve, best = branch.curves.get(metric), branch.branch.best
    return None if curve is None or best is None else value_at(curve, best.epoch)


def _first(pair: tuple[float, ComparedBranch]) -> float:
    return pair[0]


def _one_value(value: Setting) -> Setting:
    """Return the value of all layers if it is the same for all."""
    distinct = set(value) if isinstance(value, tuple) else set()
    return distinct.pop() if len(distinct) == 1 else value
