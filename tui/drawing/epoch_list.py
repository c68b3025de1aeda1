"""Lists the epochs that the run can rewind to, with the metrics of each, and draws them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fitmon.engine.record.branch import BestEpoch, Branch, Stretch, other_stretches, path_to
from fitmon.engine.record.data_loss import DATA_LOSS, data_loss_at, penalties_matter
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.metric_choice import second_metric
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row

CHOSEN, BEST = "▸", "◆"

NO_CHECKPOINT = "no checkpoint"

EPOCH_WIDTH, METRIC_WIDTH, REMARK_WIDTH = 8, 8, 16
"""Cells of the first column, the minimum of a metric's, and what is reserved for remarks."""


@dataclass(frozen=True, slots=True)
class EpochChoice:
    """An epoch, with the branch that trained it."""

    branch: Branch
    epoch: int
    """0: the model before training."""
    in_current_history: bool
    """Whether the current branch descends from it."""
    refusal: str
    """Why the run cannot rewind to it; empty if it can."""


Line = EpochChoice | str
"""An epoch, or the heading of the epochs below it."""


def epoch_lines(snapshot: Snapshot, kept: Mapping[int, Collection[int]] | None) -> list[Line]:
    """Return the epochs of the current branch, newest first, then those of the other branches.

    Args:
        snapshot: of the run.
        kept: the epochs with a checkpoint, by branch; None: unknown, so any may have one.
    """
    stretches = path_to(snapshot.branch, snapshot.other_branches)
    lines = [line for stretch in stretches for line in _lines_of(stretch, kept, _heading(stretch, snapshot), True)]
    for stretch in other_stretches(snapshot.branch, snapshot.other_branches):
        heading = f"branch {stretch.branch.number}, up to epoch {stretch.epochs[-1]}"
        lines += _lines_of(stretch, kept, heading, False)
    return lines if snapshot.other_branches else lines[1:]


def _heading(stretch: Stretch, snapshot: Snapshot) -> str:
    number = stretch.branch.number
    return f"branch {number} (current)" if stretch.branch is snapshot.branch else f"from branch {number}"


def _lines_of(
    stretch: Stretch, kept: Mapping[int, Collection[int]] | None, heading: str, in_current_history: bool
) -> list[Line]:
    available = stretch.epochs if kept is None else kept.get(stretch.branch.number, ())
    choices = [
        EpochChoice(stretch.branch, epoch, in_current_history, "" if epoch in available else NO_CHECKPOINT)
        for epoch in reversed(stretch.epochs)
    ]
    return [heading, *choices]


def draw_epochs(lines: Sequence[Line], chosen: int, snapshot: Snapshot, width: int, height: int) -> list[Row]:
    """Return a heading and the lines around the chosen one, as many as fit."""
    metrics = _metrics_that_fit(snapshot, width)
    room = max(0, height - 1)
    first = first_line(len(lines), chosen, height)
    heading = "  epoch".ljust(EPOCH_WIDTH) + "".join(f"  {form.clean(name):>{METRIC_WIDTH}}" for name in metrics)
    shown = range(first, min(first + room, len(lines)))
    rows = [_row(lines[at], at == chosen, metrics, snapshot.best) for at in shown]
    return [row((heading, Role.FAINT)), *rows][:height]


def first_line(lines: int, chosen: int, height: int) -> int:
    """Return the number of the first line below the heading, for a list of that height with the chosen line in it."""
    room = max(0, height - 1)
    return max(0, min(chosen - room // 2, lines - room))


def _metrics_that_fit(snapshot: Snapshot, width: int) -> list[str]:
    """Return the metrics to show, in order: as many as leave room for a remark, validation before training.

    With a penalty, that includes the data loss of the validation set, before all others.
    """
    second = second_metric(snapshot)
    pairs = [name for name in ("loss", second) if name]
    branches = (snapshot.branch, *snapshot.other_branches)
    known = {name for branch in branches for name in branch.metrics}
    names = [name for name in (*pairs, *(f"val_{name}" for name in pairs)) if name in known]
    # The best epoch is the one with the lowest data loss, so that is what to choose by.
    names += [DATA_LOSS] if "val_loss" in known and penalties_matter(branches) else []
    kept: list[str] = []
    room = width - EPOCH_WIDTH - REMARK_WIDTH
    for name in sorted(names, key=lambda name: (name != DATA_LOSS, not name.startswith("val_"))):
        room -= 2 + max(METRIC_WIDTH, len(name))
        if room >= 0:
            kept.append(name)
    return [name for name in names if name in kept]


def _row(line: Line, is_chosen: bool, metrics: list[str], best: BestEpoch | None) -> Row:
    if isinstance(line, str):
        return row((line, Role.STRONG))
    values = [f"  {_value(line, name):>{max(METRIC_WIDTH, len(name))}}" for name in metrics]
    text = f"{CHOSEN if is_chosen else ' '} {line.epoch}".ljust(EPOCH_WIDTH) + "".join(values)
    role = Role.FAINT if line.refusal else Role.STRONG if is_chosen else Role.PLAIN
    return row((text, role), *((f"  {remark}", remark_role) for remark, remark_role in _remarks(line, best)))


def _value(choice: EpochChoice, metric: str) -> str:
    if metric == DATA_LOSS:
        value = data_loss_at(choice.branch, "val_loss", choice.epoch)
        return form.ABSENT if value is None else form.signs(form.measured(value))
    curve = choice.branch.metrics.get(metric)
    at = -1 if curve is None else int(np.searchsorted(curve.epochs, choice.epoch))
    if curve is None or at >= len(curve) or curve.epochs[at] != choice.epoch:
        return form.ABSENT
    return form.signs(form.measured(float(curve.values[at])))


def _remarks(choice: EpochChoice, best: BestEpoch | None) -> list[tuple[str, Role]]:
    changed = [
        f"{form.knob_label(receipt.knob)} {form.knob_value(receipt.previous)} → {form.knob_value(receipt.value)}"
        for receipt in choice.branch.receipts
        if receipt.epoch == choice.epoch
    ]
    if not choice.in_current_history:
        best = choice.branch.best
    branch_words = "" if choice.in_current_history else f" of branch {choice.branch.number}"
    remarks = (
        (choice.refusal, Role.FAINT),
        (f"{BEST} best{branch_words}" if best is not None and best.epoch == choice.epoch else "", Role.MARK),
        ("before training" if choice.epoch == 0 else "", Role.FAINT),
        (", ".join(changed), Role.GOOD),
    )
    return [(text, role) for text, role in remarks if text]
