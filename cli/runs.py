"""`fitmon runs`: list all runs as a table or as JSON; `engine.runs.run_status` says what state each is in."""

from __future__ import annotations

import json
import math
import os
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.cells import cell_len

from fitmon.cli.options import debug_option, run_dir_option
from fitmon.text.format import ABSENT, clean, clip, measured, share, to_ascii

if TYPE_CHECKING:
    from fitmon.engine.runs.run_status import RunStatus

GAP = "  "
MIN_NAME_WIDTH = 16
"""Cells that a long name keeps in a narrow terminal before columns are dropped."""
EXTRA = ("job", "started", "id", "process")
"""Columns shown only if they fit beside full names, in this order."""
SPANS = {"d": 86400, "h": 3600, "min": 60, "s": 1}


def _runs(**given: Any) -> int:
    from fitmon.engine.runs.run_status import run_status
    from fitmon.engine.runs.runs import Runs

    runs = Runs(None if given["run_dir"] is None else Path(given["run_dir"]))
    statuses = [run_status(folder) for folder in runs.newest_first()]
    if given["json"]:
        return _print(json.dumps([_facts(status) for status in statuses], allow_nan=False))
    if not statuses:
        return _print(f"No runs in {clean(str(runs.root))}. Start one with `fitmon mnist`.")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return _print("\n".join(table(statuses, width, now=datetime.now(UTC))))


def table(statuses: Sequence[RunStatus], width: int | None, *, now: datetime) -> list[str]:
    """Return runs as the lines of a table.

    Args:
        statuses: at least one.
        width: maximum cells of a line; None: no limit.
        now: the time that the last updates are relative to.
    """
    rows = [_cells(status, now) for status in statuses]
    needed = {title: max(cell_len(text) for text in (title, *(row[title] for row in rows))) for title in rows[0]}
    widths = needed if width is None else _fitting(needed, width)
    lines = [{title: title for title in widths}, *rows]
    return [GAP.join(_padded(line[title], cells) for title, cells in widths.items()).rstrip() for line in lines]


def age(seconds: float) -> str:
    """Return a time span in its largest unit, such as `5 min`; a negative one is `0 s`."""
    unit, length = next(((unit, length) for unit, length in SPANS.items() if seconds >= length), ("s", 1))
    return f"{max(0, int(seconds // length))} {unit}"


def _cells(status: RunStatus, now: datetime) -> dict[str, str]:
    """Return the cells of a run's row by column title, in order."""
    cells = {
        "name": status.name,
        "state": status.state,
        "epoch": f"{status.epoch}/{status.epochs or ABSENT}",
        "val loss": _metric(status, ("loss",), measured),
        "accuracy": _metric(status, ("accuracy", "acc"), share),
        "updated": f"{age((now - status.changed).total_seconds())} ago",
        "job": status.job or ABSENT,
        "started": f"{status.started.astimezone():%Y-%m-%d %H:%M}" if status.started else ABSENT,
        "id": status.id or ABSENT,
        "process": f"{status.pid} on {status.host}" if status.pid else ABSENT,
    }
    return {title: clean(text) for title, text in cells.items()}


def _metric(status: RunStatus, endings: tuple[str, ...], formatted: Callable[[float], str]) -> str:
    """Return the metric whose name has such an ending: the validation metric if there is one, else marked `train`."""
    names = [name for name in status.metrics if name.endswith(endings)]
    if not names:
        return ABSENT
    # The shortest name is the whole model's; its outputs prefix theirs.
    name = min(names, key=lambda name: (not name.startswith("val_"), len(name)))
    return formatted(status.metrics[name]) + ("" if name.startswith("val_") else " (train)")


def _fitting(needed: dict[str, int], width: int) -> dict[str, int]:
    """Return the columns that fit, and their widths: drops extra columns first, then cuts names, then drops others."""
    shown = dict(needed)
    name, *others = shown
    for title in reversed(others):
        minimum = needed[name] if title in EXTRA else min(needed[name], MIN_NAME_WIDTH)
        if _total(shown) - needed[name] + minimum <= width:
            break
        del shown[title]
    shown[name] = min(needed[name], max(1, width - _total(shown) + needed[name]))
    return shown


def _total(widths: dict[str, int]) -> int:
    return sum(widths.values()) + len(GAP) * (len(widths) - 1)


def _padded(text: str, width: int) -> str:
    text = clip(text, width)
    return text + " " * (width - cell_len(text))


def _facts(status: RunStatus) -> dict[str, Any]:
    """Return a run as plain data; unknown values, NaN and infinity become None."""
    return {
        "name": status.name,
        "id": status.id,
        "path": str(status.path),
        "job": status.job,
        "state": status.state,
        "epoch": status.epoch,
        "epochs": status.epochs,
        "metrics": {name: value if math.isfinite(value) else None for name, value in status.metrics.items()},
        "started": None if status.started is None else status.started.isoformat(),
        "changed": status.changed.isoformat(),
        "pid": status.pid,
        "host": status.host,
    }


def _print(text: str) -> int:
    """Print text and return the exit code."""
    utf_8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    try:
        click.echo(text if utf_8 else to_ascii(text))
    except BrokenPipeError:
        # The reader has closed the pipe, as `head` does; Python would try to write the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    return 0


runs = click.Command(
    "runs",
    params=[
        click.Option(["--json"], is_flag=True, help="Print a JSON list with one object per run."),
        run_dir_option(),
        debug_option(),
    ],
    callback=_runs,
    help="List all runs, most recent first, with the metrics of their last epoch.",
)
