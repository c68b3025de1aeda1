"""The epochs one can go back to, with what each reached: as values, as rows, and as the widget that shows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fitmon.engine.record.branch import BestEpoch, Branch, Stretch, other_stretches, path_to
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.metric_choice import second_metric
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row
from fitmon.tui.widgets.row_widget import RowWidget

CHOSEN, BEST = "▸", "◆"

NO_CHECKPOINT = "no checkpoint kept"

EPOCH_WIDTH, METRIC_WIDTH, REMARK_WIDTH = 8, 8, 16
"""Cells of the first column, the least of a metric's, and what is left for what there is to say of an epoch."""


@dataclass(frozen=True, slots=True)
class EpochChoice:
    """An epoch of the branch that trained it."""

    branch: Branch
    epoch: int
    """0: the model before training."""
    led_here: bool
    """Whether the branch under way has come from it."""
    refusal: str
    """Why one cannot go back to it; empty when one can."""


Line = EpochChoice | str
"""An epoch, or the heading of those that follow."""


def epoch_lines(snapshot: Snapshot, kept: Mapping[int, Collection[int]] | None) -> list[Line]:
    """Return the epochs of the branch under way, newest first, then those of the branches that were left.

    Args:
        snapshot: of the run.
        kept: by branch, the epochs with a checkpoint; None: all have one.
    """
    stretches = path_to(snapshot.branch, snapshot.other_branches)
    lines = [line for stretch in stretches for line in _lines_of(stretch, kept, _heading(stretch, snapshot), True)]
    for stretch in other_stretches(snapshot.branch, snapshot.other_branches):
        lines += _lines_of(
            stretch, kept, f"branch {stretch.branch.number}, left after epoch {stretch.epochs[-1]}", False
        )
    return lines if snapshot.other_branches else lines[1:]


def _heading(stretch: Stretch, snapshot: Snapshot) -> str:
    number = stretch.branch.number
    return f"branch {number}, under way" if stretch.branch is snapshot.branch else f"from branch {number}"


def _lines_of(stretch: Stretch, kept: Mapping[int, Collection[int]] | None, heading: str, led_here: bool) -> list[Line]:
    there = stretch.epochs if kept is None else kept.get(stretch.branch.number, ())
    choices = [
        EpochChoice(stretch.branch, epoch, led_here, "" if epoch in there else NO_CHECKPOINT)
        for epoch in reversed(stretch.epochs)
    ]
    return [heading, *choices]


def draw_epochs(lines: Sequence[Line], chosen: int, snapshot: Snapshot, width: int, height: int) -> list[Row]:
    """Return a heading and the lines around the chosen one, as many as there is room for."""
    metrics = _metrics_that_fit(snapshot, width)
    room = max(0, height - 1)
    first = max(0, min(chosen - room // 2, len(lines) - room))
    heading = "  epoch".ljust(EPOCH_WIDTH) + "".join(f"  {form.clean(name):>{METRIC_WIDTH}}" for name in metrics)
    shown = range(first, min(first + room, len(lines)))
    rows = [_row(lines[at], at == chosen, metrics, snapshot.best) for at in shown]
    return [row((heading, Role.FAINT)), *rows][:height]


def _metrics_that_fit(snapshot: Snapshot, width: int) -> list[str]:
    """Return what is shown of each epoch, in order: as much as leaves room for a remark, validation before training."""
    second = second_metric(snapshot)
    pairs = [name for name in ("loss", second) if name]
    known = {name for branch in (snapshot.branch, *snapshot.other_branches) for name in branch.metrics}
    names = [name for name in (*pairs, *(f"val_{name}" for name in pairs)) if name in known]
    kept: list[str] = []
    room = width - EPOCH_WIDTH - REMARK_WIDTH
    for name in sorted(names, key=lambda name: not name.startswith("val_")):
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
    return row((text, role), *((f"  {said}", said_role) for said, said_role in _remarks(line, best)))


def _value(choice: EpochChoice, metric: str) -> str:
    curve = choice.branch.metrics.get(metric)
    at = -1 if curve is None else int(np.searchsorted(curve.epochs, choice.epoch))
    if curve is None or at >= len(curve) or curve.epochs[at] != choice.epoch:
        return form.ABSENT
    return form.measured(float(curve.values[at]))


def _remarks(choice: EpochChoice, best: BestEpoch | None) -> list[tuple[str, Role]]:
    changed = [
        f"{form.knob_label(receipt.knob)} {form.knob_value(receipt.previous)} → {form.knob_value(receipt.value)}"
        for receipt in choice.branch.receipts
        if receipt.epoch == choice.epoch
    ]
    if not choice.led_here:
        best = choice.branch.best
    of_branch = "" if choice.led_here else f" of branch {choice.branch.number}"
    said = (
        (choice.refusal, Role.FAINT),
        (f"{BEST} best{of_branch}" if best is not None and best.epoch == choice.epoch else "", Role.MARK),
        ("before training" if choice.epoch == 0 else "", Role.FAINT),
        (", ".join(changed), Role.GOOD),
    )
    return [(text, role) for text, role in said if text]


class EpochList(RowWidget):
    """Shows the epochs and keeps the chosen one; those one cannot go back to are passed over."""

    def __init__(self, widget_id: str, snapshot: Snapshot, kept: Mapping[int, Collection[int]] | None) -> None:
        """Begin with the best epoch of the branch under way, or the newest where that one cannot be gone back to."""
        super().__init__(widget_id)
        self._snapshot = snapshot
        self.lines = epoch_lines(snapshot, kept)
        self._places = [at for at, line in enumerate(self.lines) if isinstance(line, EpochChoice) and not line.refusal]
        self._chosen = 0
        if snapshot.best is not None:
            self.choose_epoch(snapshot.best.epoch)

    @property
    def chosen(self) -> EpochChoice | None:
        """The epoch chosen; None where there is none to go back to."""
        line = self.lines[self._places[self._chosen]] if self._places else None
        return line if isinstance(line, EpochChoice) else None

    def choose_epoch(self, epoch: int) -> bool:
        """Choose an epoch that the branch under way has come from; return whether one can go back to it."""
        for index, at in enumerate(self._places):
            line = self.lines[at]
            if isinstance(line, EpochChoice) and line.led_here and line.epoch == epoch:
                self._chosen = index
                self.redraw()
                return True
        return False

    def move(self, by: int) -> None:
        """Choose another epoch, so many lines further down, as far as there are any."""
        self._chosen = max(0, min(self._chosen + by, len(self._places) - 1))
        self.redraw()

    def page(self, by: int) -> None:
        """Move by as many lines as are seen."""
        self.move(by * max(1, self.size.height - 2))

    def draw(self, width: int, height: int) -> list[Row]:
        chosen = self._places[self._chosen] if self._places else 0
        return draw_epochs(self.lines, chosen, self._snapshot, width, height)
