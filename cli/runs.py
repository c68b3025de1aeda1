"""`fitmon runs`: list all runs as a table or as JSON; `engine.runs.run_status` says what state each is in."""

from __future__ import annotations

import json
import math
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.cells import cell_len

from fitmon.cli.options import debug_option, number_reader, run_dir_option
from fitmon.cli.output import print_output
from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import Knob
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.text.format import ABSENT, clean, clip, measured, share
from fitmon.text.run_list import age, best_text, is_listed

if TYPE_CHECKING:
    from fitmon.engine.record.branch import BestEpoch
    from fitmon.engine.runs.run_status import RunStatus

GAP = "  "
MIN_NAME_WIDTH = 16
"""Cells that a long name keeps in a narrow terminal before columns are dropped."""
EXTRA = ("job", "started", "id", "process")
"""Columns shown only if they fit beside full names, in this order."""
LIMIT = Knob(name="--limit", label="runs", minimum=1, maximum=10**9, whole=True, example="20")


BEST = "best"
SORTS: dict[str, Callable[[RunStatus], Any]] = {
    "updated": lambda status: -status.changed.timestamp(),
    "started": lambda status: -status.started.timestamp() if status.started else math.inf,
    "name": lambda status: status.name,
}
"""What runs can be sorted by besides their best loss, with the key."""


def _best_epochs(statuses: Sequence[RunStatus]) -> dict[Path, BestEpoch | None]:
    from fitmon.engine.runs.best_epoch import best_epoch

    return {status.path: best_epoch(RunFolder(status.path).journal_path) for status in statuses}


def _loss_key(best: BestEpoch | None) -> float:
    return math.inf if best is None else best.data_loss


def _runs(**given: Any) -> int:
    from fitmon.engine.runs.run_status import run_status
    from fitmon.engine.runs.runs import Runs

    runs = Runs(None if given["run_dir"] is None else Path(given["run_dir"]))
    found = [run_status(folder) for folder in runs.newest_first()]
    statuses = [status for status in found if is_listed(status, given["filter"])]
    # The best epochs take a moment, so that those of runs that are not listed are only read to sort by them.
    if given["sort"] == BEST:
        best = _best_epochs(statuses)
        statuses = sorted(statuses, key=lambda status: _loss_key(best[status.path]))[: given["limit"]]
    else:
        statuses = sorted(statuses, key=SORTS[given["sort"]])[: given["limit"]]
        best = _best_epochs(statuses)
    if given["json"]:
        return print_output(json.dumps([_facts(status, best[status.path]) for status in statuses], allow_nan=False))
    if not found:
        return print_output(f"No runs in {clean(str(runs.root))}. Start one with `fitmon mnist`.")
    if not statuses:
        return print_output(f"None of {len(found)} runs matches {clean(given['filter'])}.")
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return print_output("\n".join(table(statuses, width, now=datetime.now(UTC), best=best)))


def read_sort(text: str) -> str:
    """Read what to sort by."""
    if text not in (BEST, *SORTS):
        raise UsageError(f"Expected --sort {', '.join((BEST, *SORTS))}; received {text!r}.")
    return text


def table(
    statuses: Sequence[RunStatus],
    width: int | None,
    *,
    now: datetime,
    best: Mapping[Path, BestEpoch | None],
) -> list[str]:
    """Return runs as the lines of a table.

    Args:
        statuses: at least one.
        width: maximum cells of a line; None: no limit.
        now: the time that the last updates are relative to.
        best: the best epoch of each run, by its folder.
    """
    rows = [_cells(status, best.get(status.path), now) for status in statuses]
    needed = {title: max(cell_len(text) for text in (title, *(row[title] for row in rows))) for title in rows[0]}
    widths = needed if width is None else _fitting(needed, width)
    lines = [{title: title for title in widths}, *rows]
    return [GAP.join(_padded(line[title], cells) for title, cells in widths.items()).rstrip() for line in lines]


def _cells(status: RunStatus, best: BestEpoch | None, now: datetime) -> dict[str, str]:
    """Return the cells of a run's row by column title, in order."""
    cells = {
        "name": status.name,
        "state": status.state,
        "epoch": f"{status.epoch}/{status.epochs or ABSENT}",
        "best loss": best_text(best),
        "val loss": _metric(status, ("loss",), measured),
        "val acc": _metric(status, ("accuracy", "acc"), share),
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


def _facts(status: RunStatus, best: BestEpoch | None) -> dict[str, Any]:
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
        "best": None if best is None else {"epoch": best.epoch, "metric": best.metric, "loss": best.data_loss},
        "started": None if status.started is None else status.started.isoformat(),
        "changed": status.changed.isoformat(),
        "pid": status.pid,
        "host": status.host,
    }


runs = click.Command(
    "runs",
    params=[
        click.Option(["--filter"], default="", metavar="TEXT", help="Only runs whose name, job or state match."),
        click.Option(
            ["--sort"],
            default="updated",
            type=read_sort,
            metavar="|".join([*SORTS, BEST]),
            help="Most recently updated or started first, by name, or lowest loss first.",
        ),
        click.Option(["--limit"], type=number_reader(LIMIT), metavar="N", help="Only the first N."),
        click.Option(["--json"], is_flag=True, help="Print a JSON list with one object per run."),
        run_dir_option(),
        debug_option(),
    ],
    callback=_runs,
    help="List all runs, most recent first, with their best loss and the metrics of their last epoch.",
)
