"""What the comparison of runs shows: which rows and curves, in which order, and where its cursor is. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fitmon.engine.runs import comparison
from fitmon.engine.runs.comparison import ComparedBranch, ComparedRun
from fitmon.text.comparison import mark_of
from fitmon.text.comparison_order import GIVEN, in_order, matching, orders
from fitmon.text.roles import Role

Key = tuple[Path, int]
"""Identifies a branch of a run."""

MIN_EPOCHS = 2
"""The chart is not zoomed in further."""


@dataclass(frozen=True, slots=True)
class ComparedRow:
    """One row of the table, and its curve."""

    branch: ComparedBranch
    mark: str
    """One character, which stands on its curve."""
    role: Role
    shown: bool
    """Whether its curve is drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonFrame:
    """What is drawn at one moment."""

    rows: tuple[ComparedRow, ...]
    """Those that match the filter, in order."""
    total: int | None
    """The number of rows without the filter; None: the runs are not read yet."""
    selected: int
    """The number of the selected row; 0 as well where there is none."""
    settings: tuple[str, ...]
    """The names of the settings in which the runs differ."""
    metric: str
    """Keras's name of the metric that is drawn; empty while there is none."""
    data_loss: bool
    """Whether losses are without their penalties."""
    log_scale: bool
    first: int
    """The first epoch that is drawn."""
    last: int
    """The last one; above `first`."""
    zoomed: bool
    cursor: int | None
    """An epoch; None: there is no cursor."""
    order: str
    """One of `comparison_order.orders`."""
    filter: str
    typing: bool
    """Whether the filter is being typed."""
    notice: str = ""
    """The response to the last key; may be empty."""

    @property
    def row(self) -> ComparedRow | None:
        """The selected row; None where there is none."""
        return self.rows[self.selected] if self.rows else None

    @property
    def branches(self) -> list[ComparedBranch]:
        """The branches of all rows."""
        return [row.branch for row in self.rows]


class ComparisonView:
    """The choices of the user, applied to runs that may go on."""

    def __init__(self) -> None:
        """Show everything, in the order in which the runs were given."""
        self.filter = ""
        self.typing = False
        self.log_scale = False
        self.notice = ""
        self.cursor: int | None = None
        self._runs: tuple[ComparedRun, ...] | None = None
        self._branches: list[ComparedBranch] = []
        self._settings: list[str] = []
        self._numbers: dict[Key, int] = {}
        self._hidden: set[Key] = set()
        self._selected: Key | None = None
        self._metric = ""
        self._order = GIVEN
        self._zoom: tuple[int, int] | None = None

    def update(self, runs: Sequence[ComparedRun]) -> None:
        """Take over what is known of the runs now; marks stay with their rows."""
        self._runs = tuple(runs)
        self._branches = comparison.compared_branches(self._runs)
        self._settings = comparison.differing(self._branches)
        for branch in self._branches:
            self._numbers.setdefault(branch.key, len(self._numbers))

    def frame(self) -> ComparisonFrame:
        """Return what to draw."""
        rows = self._rows()
        selected = next((at for at, row in enumerate(rows) if row.branch.key == self._selected), 0)
        first, last = self._zoom or self._all_epochs(rows)
        return ComparisonFrame(
            rows=tuple(rows),
            total=None if self._runs is None else len(self._branches),
            selected=selected,
            settings=tuple(self._settings),
            metric=self._drawn_metric(),
            data_loss=comparison.without_penalty(self._branches),
            log_scale=self.log_scale,
            first=first,
            last=last,
            zoomed=self._zoom is not None,
            cursor=self.cursor,
            order=self._order,
            filter=self.filter,
            typing=self.typing,
            notice=self.notice,
        )

    def move(self, rows: int) -> None:
        """Select another row, further down if positive."""
        frame = self.frame()
        if frame.rows:
            self.select(min(len(frame.rows) - 1, max(0, frame.selected + rows)))

    def select(self, number: int) -> None:
        """Select a row by its number from the top; numbers without a row have no effect."""
        rows = self._rows()
        if 0 <= number < len(rows):
            self._selected = rows[number].branch.key

    def toggle(self) -> None:
        """Hide the curve of the selected row, or show it."""
        row = self.frame().row
        if row is not None:
            self._hidden ^= {row.branch.key}

    def toggle_others(self) -> None:
        """Show only the selected row's curve; if that is so, show all."""
        row = self.frame().row
        if row is not None:
            others = {branch.key for branch in self._branches} - {row.branch.key}
            self._hidden = set() if self._hidden == others else others

    def next_order(self) -> None:
        """Sort by the next of `comparison_order.orders`."""
        names = orders(self._settings)
        self._order = names[(names.index(self._order) + 1) % len(names)] if self._order in names else GIVEN

    def next_metric(self) -> None:
        """Draw the next metric."""
        names = comparison.metric_names(self._branches)
        if names:
            self._metric = names[(names.index(self._drawn_metric()) + 1) % len(names)]

    def move_cursor(self, epochs: int) -> None:
        """Move the cursor, to the right if positive; it appears at the last epoch, or the first if it moves right.

        The chart moves along if it is zoomed in.
        """
        frame, everything = self.frame(), self._all_epochs(self._rows())
        if self.cursor is None:
            self.cursor = frame.first if epochs > 0 else frame.last
            return
        self.cursor = min(everything[1], max(everything[0], self.cursor + epochs))
        if self._zoom is not None:
            before, after = min(0, self.cursor - frame.first), max(0, self.cursor - frame.last)
            self._zoom = frame.first + before + after, frame.last + before + after

    def zoom(self, factor: float) -> None:
        """Show fewer epochs for a factor below 1, around the cursor or at the end; more for one above."""
        first, last = self._all_epochs(self._rows())
        frame = self.frame()
        length = max(MIN_EPOCHS, math.ceil((frame.last - frame.first) * factor))
        if length >= last - first:
            self._zoom = None
            return
        middle = frame.last - length / 2 if self.cursor is None else self.cursor
        start = min(last - length, max(first, round(middle - length / 2)))
        self._zoom = start, start + length

    def show_all_epochs(self) -> None:
        """Zoom out."""
        self._zoom = None

    def _rows(self) -> list[ComparedRow]:
        ordered = in_order(matching(self._branches, self.filter, self._settings), self._order, self._settings)
        return [
            ComparedRow(branch, *mark_of(self._numbers[branch.key]), branch.key not in self._hidden)
            for branch in ordered
        ]

    def _drawn_metric(self) -> str:
        names = comparison.metric_names(self._branches)
        return self._metric if self._metric in names else names[0] if names else ""

    def _all_epochs(self, rows: Sequence[ComparedRow]) -> tuple[int, int]:
        curves = [row.branch.curves.get(self._drawn_metric()) for row in rows if row.shown]
        known = [curve for curve in curves if curve is not None and len(curve)]
        first = min((int(curve.epochs[0]) for curve in known), default=1)
        return first, max(first + 1, *(int(curve.epochs[-1]) for curve in known), 0)
