"""Draws the list of runs to choose from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from fitmon.engine.runs.run_listing import ListedRun
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.text.run_list import run_list

SELECTED, CHOSEN = "▸", "✓"
CURSOR = "▏"
FRAME_ROWS = 4
"""The rows of the framed list besides those of the runs: its edges, the filter, the heading."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunListFrame:
    """What is drawn at one moment."""

    listed: Sequence[ListedRun]
    """The runs that match the filter."""
    total: int
    """The number of runs without the filter."""
    complete: bool
    """Whether all runs are listed."""
    selected: int
    """The number of the selected run; 0 as well where there is none."""
    chosen: Collection[Path]
    """The folders of the runs that are chosen."""
    filter: str
    now: datetime


def draw_run_list(frame: RunListFrame, width: int, height: int) -> list[Row]:
    """Return the framed list, scrolled to the selected run."""
    runs = f"{frame.total} {'run' if frame.total == 1 else 'runs'}"
    place = f"{len(frame.listed)} of {runs}" if frame.filter else runs
    title = row(("choose runs to compare", Role.STRONG), f"  {place}{'' if frame.complete else ' …'}")
    typed = form.clean(frame.filter)
    search = row(" filter: ", (typed + CURSOR, Role.STRONG), ("" if typed else "type to filter", Role.FAINT))
    if not frame.listed:
        return framed(title, [search, row((f" {_nothing(frame)}", Role.FAINT))], width, height)
    marks = [_mark(run, number == frame.selected, frame.chosen) for number, run in enumerate(frame.listed)]
    table = run_list(frame.listed, marks, frame.now, width - 4)
    first = first_listed(frame, height)
    lines = [
        row((f" {table.row(at)}".ljust(width - 2), Role.SELECTED if at == frame.selected else Role.PLAIN))
        for at in range(first, min(len(frame.listed), first + height - FRAME_ROWS))
    ]
    return framed(title, [search, row((f" {table.heading}", Role.FAINT)), *lines], width, height)


def first_listed(frame: RunListFrame, height: int) -> int:
    """Return the number of the run at the top of a framed list of that height."""
    room = max(1, height - FRAME_ROWS)
    return max(0, min(frame.selected - room // 2, len(frame.listed) - room))


def _nothing(frame: RunListFrame) -> str:
    if not frame.complete:
        return "reading the runs …"
    return "no run matches the filter" if frame.total else "there is no other run"


def _mark(run: ListedRun, is_selected: bool, chosen: Collection[Path]) -> str:
    return f"{SELECTED if is_selected else ' '}{CHOSEN if run.folder.path in chosen else ' '}"
