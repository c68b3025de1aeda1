"""The command that lists all runs, as a table or as JSON. How one stands is `engine.durable.run_status`'s business."""

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

from fitmon.cli.options import run_dir_option
from fitmon.text.format import ABSENT, clean, clip, measured, share, to_ascii

if TYPE_CHECKING:
    from fitmon.engine.runs.run_status import RunStatus

GAP = "  "
SHORTEST_NAME = 16
"""Cells that a long name keeps in a narrow terminal before columns go."""
EXTRA = ("job", "started", "id", "process")
"""Columns that are shown only where there is room for them and whole names, the first ones first."""
SPANS = {"d": 86400, "h": 3600, "min": 60, "s": 1}


def _runs(**given: Any) -> int:
    from fitmon.engine.runs.run_status import run_status
    from fitmon.engine.runs.runs import Runs

    runs = Runs(None if given["run_dir"] is None else Path(given["run_dir"]))
    found = [run_status(folder) for folder in runs.newest_first()]
    if given["json"]:
        return _say(json.dumps([_facts(status) for status in found], allow_nan=False))
    if not found:
        return _say(f"There are no runs in {clean(str(runs.root))} yet; `fitmon mnist` begins one.")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return _say("\n".join(table(found, width, now=datetime.now(UTC))))


def table(found: Sequence[RunStatus], width: int | None, *, now: datetime) -> list[str]:
    """Return runs as the lines of a table.

    Args:
        found: at least one.
        width: cells that a line may take; None: as many as it needs.
        now: the time from which ages are counted.
    """
    rows = [_cells(status, now) for status in found]
    needed = {title: max(cell_len(text) for text in (title, *(row[title] for row in rows))) for title in rows[0]}
    widths = needed if width is None else _fitting(needed, width)
    lines = [{title: title for title in widths}, *rows]
    return [GAP.join(_padded(line[title], cells) for title, cells in widths.items()).rstrip() for line in lines]


def age(seconds: float) -> str:
    """Return a span in its largest unit, such as `5 min`; less than none is `0 s`."""
    unit, length = next(((unit, length) for unit, length in SPANS.items() if seconds >= length), ("s", 1))
    return f"{max(0, int(seconds // length))} {unit}"


def _cells(status: RunStatus, now: datetime) -> dict[str, str]:
    """Return what stands in a run's row by the columns' titles, in their order."""
    cells = {
        "name": status.name,
        "state": status.state,
        "epoch": f"{status.epoch}/{status.epochs or ABSENT}",
        "last val loss": _metric(status, ("loss",), measured),
        "last accuracy": _metric(status, ("accuracy", "acc"), share),
        "age": age((now - status.changed).total_seconds()),
        "job": status.job or ABSENT,
        "started": f"{status.started.astimezone():%Y-%m-%d %H:%M}" if status.started else ABSENT,
        "id": status.id or ABSENT,
        "process": f"{status.pid} on {status.host}" if status.pid else ABSENT,
    }
    return {title: clean(text) for title, text in cells.items()}


def _metric(status: RunStatus, endings: tuple[str, ...], shown: Callable[[float], str]) -> str:
    """Return the metric with such an ending, the validated one if there is; else it is said to be of the training."""
    found = [name for name in status.metrics if name.endswith(endings)]
    if not found:
        return ABSENT
    # The shortest name is the whole model's; those of its outputs have theirs in front.
    name = min(found, key=lambda name: (not name.startswith("val_"), len(name)))
    return shown(status.metrics[name]) + ("" if name.startswith("val_") else " train")


def _fitting(needed: dict[str, int], width: int) -> dict[str, int]:
    """Return the columns that have room, and their widths: first the extra ones go, then names are cut, then others."""
    shown = dict(needed)
    name, *others = shown
    for title in reversed(others):
        least = needed[name] if title in EXTRA else min(needed[name], SHORTEST_NAME)
        if _total(shown) - needed[name] + least <= width:
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
    """Return a run as plain data; what is not known, and a number that JSON does not have, is None."""
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


def _say(text: str) -> int:
    """Print a text and return the exit code."""
    utf_8 = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    try:
        click.echo(text if utf_8 else to_ascii(text))
    except BrokenPipeError:
        # Whoever reads has had enough, as `head` has; Python would try to write the rest once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 128 + signal.SIGPIPE
    return 0


runs = click.Command(
    "runs",
    params=[
        click.Option(["--json"], is_flag=True, help="Print a JSON list, an object a run."),
        run_dir_option(),
        click.Option(["--debug"], is_flag=True, help="Show Python's traceback with an error."),
    ],
    callback=_runs,
    help="List all runs, the one that wrote last in front; metrics are those of its last epoch, not of its best.",
)
