"""The table that compares the branches of a run, one row each."""

from __future__ import annotations

import math
from dataclasses import dataclass

from rich.cells import cell_len

from fitmon.engine.knobs.catalogue import EPOCHS
from fitmon.engine.record.branch import Branch
from fitmon.engine.record.data_loss import DATA_LOSS, data_loss_at, penalties_matter
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.metric_choice import second_metric
from fitmon.text.roles import Role

SHOWN_BRANCHES = 12
"""If there are more branches, only the newest are listed."""

WIDTH = 76
"""Width of the table without a screen, in cells."""

CURRENT, BEST = "▸", "◆"

PENALTIES_DIFFER = "losses include different penalties: no branch is marked as best"


@dataclass(frozen=True, slots=True)
class _Column:
    heading: str
    cells: list[str]
    importance: int
    """Columns with the smallest importance are dropped first."""

    @property
    def width(self) -> int:
        return max(cell_len(text) for text in (self.heading, *self.cells))

    def text(self, row: int) -> str:
        """Return a cell, or the heading for row -1, padded to the column's width."""
        text = self.heading if row < 0 else self.cells[row]
        return text + " " * (self.width - cell_len(text))


def branch_table(snapshot: Snapshot, width: int = WIDTH) -> list[tuple[str, Role]]:
    """Return the table's lines: a heading and a row for each branch, with the current one last and marked.

    Empty if there is only one branch. Columns that do not fit in `width` cells are dropped.
    """
    branches = (*snapshot.other_branches, snapshot.branch)
    if len(branches) == 1:
        return []
    shown = branches[-SHOWN_BRANCHES:]
    columns, gap = _fitting(_columns(snapshot, shown), width)
    roles = [Role.FAINT, *[Role.PLAIN] * (len(shown) - 1), Role.STRONG]
    lines = [gap.join(column.text(row) for column in columns).rstrip() for row in range(-1, len(shown))]
    earlier = len(branches) - len(shown)
    more = [(form.clip(f"and {form.count(earlier)} earlier branches", width), Role.FAINT)] if earlier else []
    return [*zip(lines, roles, strict=True), *more, *_warning(shown, width)]


def _warning(branches: tuple[Branch, ...], width: int) -> list[tuple[str, Role]]:
    """Return the warning that the losses include different penalties, if these could not be taken off."""
    if not _penalties_differ(branches):
        return []
    return [(form.clip(PENALTIES_DIFFER, width), Role.FAINT)]


def _penalties_differ(branches: tuple[Branch, ...]) -> bool:
    factors = {(branch.knobs.get("l1"), branch.knobs.get("l2")) for branch in branches}
    return len(factors) > 1 and not penalties_matter(branches)


def _fitting(columns: list[_Column], width: int) -> tuple[list[_Column], str]:
    """Return the columns that fit, and the gap between them: a narrow gap is better than dropping a column."""
    kept = list(columns)
    while len(kept) > 1 and _width(kept, 1) > width:
        kept.remove(min(kept, key=lambda column: column.importance))
    return kept, "  " if _width(kept, 2) <= width else " "


def _width(columns: list[_Column], gap: int) -> int:
    return sum(column.width + gap for column in columns) - gap


def _columns(snapshot: Snapshot, branches: tuple[Branch, ...]) -> list[_Column]:
    numbers = [f"{CURRENT if branch is snapshot.branch else ' '} {branch.number}" for branch in branches]
    return [
        _Column("  branch", numbers, 99),
        _Column("from", [_start_of(branch) for branch in branches], 50),
        *_knob_columns(branches),
        _Column("epochs", [str(branch.epochs_done) for branch in branches], 70),
        *_metric_columns(snapshot, branches),
    ]


def _start_of(branch: Branch) -> str:
    if branch.parent is None:
        return "start"
    return f"{branch.from_epoch} of {branch.parent}"


def _knob_columns(branches: tuple[Branch, ...]) -> list[_Column]:
    """Return the knobs in which the branches differ; the epochs have a column of their own."""
    names = dict.fromkeys(name for branch in branches for name in branch.knobs if name != EPOCHS.name)
    values = {name: [form.knob_value(branch.knobs.get(name)) for branch in branches] for name in names}
    return [_Column(form.knob_label(name), cells, 80) for name, cells in values.items() if len(set(cells)) > 1]


def _metric_columns(snapshot: Snapshot, branches: tuple[Branch, ...]) -> list[_Column]:
    loss = next((branch.best.metric for branch in branches if branch.best), "loss")
    validated = "val_" if loss.startswith("val_") else ""
    second, without_penalty = second_metric(snapshot), penalties_matter(branches)
    losses = [_best_loss(branch, without_penalty) for branch in branches]
    # Losses with different penalties cannot be compared.
    lowest = math.nan if _penalties_differ(branches) else min(filter(math.isfinite, losses), default=math.nan)
    best = [_best(branch, value, value == lowest) for branch, value in zip(branches, losses, strict=True)]
    columns = [_Column(f"best {DATA_LOSS if without_penalty else form.clean(loss)}", best, 90)]
    if second is not None:
        cells = [_at_best(branch, validated + second) for branch in branches]
        # The heading of the loss says whether the metrics are validation metrics.
        columns.append(_Column(form.clean(second), cells, 75))
    return [*columns, _Column("last", [_last(branch, loss, without_penalty) for branch in branches], 60)]


def _best_loss(branch: Branch, without_penalty: bool) -> float:
    if branch.best is None:
        return math.nan
    return branch.best.data_loss if without_penalty else branch.best.value


def _best(branch: Branch, loss: float, is_best_of_all: bool) -> str:
    if branch.best is None:
        return form.ABSENT
    return f"{form.measured(loss)} at {branch.best.epoch}{f' {BEST}' if is_best_of_all else ''}"


def _at_best(branch: Branch, metric: str) -> str:
    curve = branch.metrics.get(metric)
    if curve is None or branch.best is None:
        return form.ABSENT
    here = curve.values[curve.epochs == branch.best.epoch]
    return form.measured(float(here[0])) if len(here) else form.ABSENT


def _last(branch: Branch, metric: str, without_penalty: bool) -> str:
    curve = branch.metrics.get(metric)
    if curve is None or not len(curve):
        return form.ABSENT
    value = data_loss_at(branch, metric, int(curve.epochs[-1])) if without_penalty else float(curve.values[-1])
    return form.ABSENT if value is None else form.measured(value)
