"""The list of all runs to choose from, one line a run."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fitmon.engine.record.branch import BestEpoch
from fitmon.engine.runs.run_listing import ListedRun
from fitmon.engine.runs.run_status import RunStatus
from fitmon.text import format as form
from fitmon.text.comparison import Column, Table, fitting_columns
from fitmon.text.pattern import matches

SPANS = {"d": 86400, "h": 3600, "min": 60, "s": 1}


def age(seconds: float) -> str:
    """Return a time span in its largest unit, such as `5 min`; a negative one is `0 s`."""
    unit, length = next(((unit, length) for unit, length in SPANS.items() if seconds >= length), ("s", 1))
    return f"{max(0, int(seconds // length))} {unit}"


def run_list(listed: Sequence[ListedRun], marks: Sequence[str], now: datetime, width: int | None = None) -> Table:
    """Return a row for each run, of which there is at least one; columns that do not fit are dropped.

    Args:
        listed: the runs.
        marks: a text before each.
        now: the time that the last updates are relative to.
        width: in cells; None: no limit.
    """
    columns = [
        Column("", list(marks), 100),
        Column("run", [form.clean(run.status.name) for run in listed], 99, shrinks=True),
        Column("state", [str(run.status.state) for run in listed], 90),
        Column("epoch", [f"{run.status.epoch}/{run.status.epochs or form.ABSENT}" for run in listed], 70),
        Column("best loss", [best_text(run.best) for run in listed], 80),
        Column("job", [form.clean(run.status.job or form.ABSENT) for run in listed], 50),
        Column("updated", [f"{age((now - run.status.changed).total_seconds())} ago" for run in listed], 60),
    ]
    return fitting_columns(columns, width)


def best_text(best: BestEpoch | None) -> str:
    """Return the lowest loss of a run, without its penalty, and its epoch; a dash while there is none."""
    if best is None:
        return form.ABSENT
    return f"{form.measured(best.data_loss)} at {best.epoch}{'' if best.metric.startswith('val_') else ' (train)'}"


def listed_runs(listed: Sequence[ListedRun], words: str) -> list[ListedRun]:
    """Return the runs whose name, job or state has every one of the words; see `pattern.matches`."""
    return [run for run in listed if is_listed(run.status, words)]


def is_listed(status: RunStatus, words: str) -> bool:
    """Return whether name, job or state of a run has every one of the words; see `pattern.matches`."""
    return matches("\n".join([status.name, status.job or "", status.state]), words)
