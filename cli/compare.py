"""`fitmon compare`: several runs on one chart and in one table."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitmon.cli.options import OUTPUT, SectionOption, screen_options
from fitmon.cli.output import closable_pipe, print_output
from fitmon.cli.run_command import run_command, runs_of
from fitmon.engine.errors import DiskError, UsageError

if TYPE_CHECKING:
    from fitmon.engine.record.branch import BestEpoch
    from fitmon.engine.record.series import Curve
    from fitmon.engine.runs.comparison import ComparedBranch
    from fitmon.engine.runs.run_folder import RunFolder

STDOUT = "-"
"""What a user types in place of a file to write to the standard output."""


def _compare(**given: Any) -> int:
    formats = [flag for flag in ("plain", "json", "csv") if given[flag]]
    if len(formats) > 1:
        raise UsageError(f"Use one of {', '.join(f'--{flag}' for flag in formats)}, not several.")
    folders = _chosen(given)
    if not formats and os.isatty(1):
        return _show(folders, given)
    if not folders:
        raise UsageError("Expected at least one RUN where no screen is shown; `fitmon runs` lists them.")
    from fitmon.engine.runs.compared_runs import read_runs
    from fitmon.engine.runs.comparison import compared_branches

    branches = compared_branches(read_runs(folders))
    if given["csv"]:
        return _write_csv(branches, given["csv"])
    return print_output(json.dumps(facts(branches), allow_nan=False) if given["json"] else "\n".join(_lines(branches)))


def _chosen(given: dict[str, Any]) -> list[RunFolder]:
    """Return the runs that the arguments name, each once."""
    runs = runs_of(given)
    return list({folder.path.resolve(): folder for folder in map(runs.find, given["runs"])}.values())


def _show(folders: list[RunFolder], given: dict[str, Any]) -> int:
    from fitmon.tui.terminal import refusal_here

    refusal = refusal_here()
    if refusal is not None:
        raise UsageError(f"Cannot show the comparison here, because {refusal}. Use --plain for a table.")
    runs = runs_of(given)
    if not folders and not runs.newest_first():
        raise UsageError(f"No runs in {runs.root}. Start one with `fitmon mnist`.")
    from fitmon.tui.compare_launch import run_comparison

    return run_comparison(folders, runs, mouse=not given["no_mouse"], theme=given["theme"], ascii_only=given["ascii"])


def _lines(branches: Sequence[ComparedBranch]) -> Iterator[str]:
    from fitmon.engine.runs.comparison import differing
    from fitmon.text import comparison as text

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    marks = [text.mark_of(number)[0] for number in range(len(branches))]
    choice = text.TableChoice(settings=tuple(differing(branches)), width=width)
    table = text.comparison_table(branches, marks, choice)
    yield table.heading
    yield from (table.row(number) for number in range(len(branches)))
    if conclusion := text.conclusion(branches):
        yield f"{conclusion[0].upper()}{conclusion[1:]}."
    if table.dropped:
        yield f"No room for: {', '.join(table.dropped)}. See a wider terminal, or --json."


def facts(branches: Sequence[ComparedBranch]) -> dict[str, Any]:
    """Return a comparison as plain data; unknown values, NaN and infinity become None."""
    from fitmon.engine.runs.comparison import differing, incomparable, lowest

    best = lowest(branches)
    return {
        "differing": differing(branches),
        "incomparable": incomparable(branches),
        "lowest": None if best is None else {"run": best.run.name, "branch": best.branch.number},
        "branches": [_branch_facts(branch) for branch in branches],
    }


def _branch_facts(branch: ComparedBranch) -> dict[str, Any]:
    run, snapshot, best = branch.run, branch.run.snapshot, branch.branch.best
    return {
        "run": run.name,
        "id": run.id,
        "path": str(run.path),
        "state": run.state,
        "started": None if run.started is None else run.started.isoformat(),
        "branch": branch.branch.number,
        "current": branch.is_current,
        "parent": branch.branch.parent,
        "from_epoch": branch.branch.from_epoch,
        "epochs_done": branch.branch.epochs_done,
        "epochs": snapshot.epochs or None,
        "seconds_per_epoch": snapshot.seconds_per_epoch if branch.is_current else None,
        "settings": dict(run.settings),
        "changes": [
            {"epoch": receipt.epoch, "knob": receipt.knob, "from": receipt.previous, "to": receipt.value}
            for receipt in branch.branch.receipts
        ],
        "best": None if best is None else _best_facts(branch, best),
        "curves": {
            name: _curve_facts(curve) for name, curve in (branch.branch.metrics | branch.branch.per_epoch).items()
        },
    }


def _best_facts(branch: ComparedBranch, best: BestEpoch) -> dict[str, Any]:
    from fitmon.engine.runs.comparison import at_best

    metrics = {name: _finite(at_best(branch, name)) for name in branch.branch.metrics}
    return {"epoch": best.epoch, "data_loss": best.data_loss, "penalty": best.penalty, "metrics": metrics}


def _curve_facts(curve: Curve) -> dict[str, list[Any]]:
    return {
        "epochs": curve.epochs.astype(int).tolist(),
        "values": [_finite(value) for value in curve.values.tolist()],
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _write_csv(branches: Sequence[ComparedBranch], where: str) -> int:
    if where == STDOUT:
        with closable_pipe() as pipe:
            csv.writer(sys.stdout, lineterminator="\n").writerows(csv_rows(branches))
            sys.stdout.flush()
        return pipe.code
    try:
        with Path(where).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(csv_rows(branches))
    except OSError as error:
        raise DiskError(f"{where} could not be written ({error.strerror or error}).") from error
    return 0


def csv_rows(branches: Sequence[ComparedBranch]) -> Iterator[list[Any]]:
    """Yield a heading and a row for each epoch of each branch, its parents' epochs included; nothing is rounded.

    The columns are run, branch, epoch, Keras's metrics, seconds, the learning rate, and what the diagnosis measured,
    such as losses without penalty. A cell is empty where a branch lacks the value.
    """
    every = [each.branch.metrics | each.branch.per_epoch | each.branch.measures for each in branches]
    names = list(dict.fromkeys(name for curves in every for name in curves))
    yield ["run", "branch", "epoch", *names]
    for branch, curves in zip(branches, every, strict=True):
        values = [_by_epoch(curves[name]) if name in curves else {} for name in names]
        for epoch in sorted({epoch for column in values for epoch in column}):
            yield [branch.run.name, branch.branch.number, epoch, *(column.get(epoch, "") for column in values)]


def _by_epoch(curve: Curve) -> dict[int, float]:
    return dict(zip(curve.epochs.astype(int).tolist(), curve.values.tolist(), strict=True))


compare = run_command(
    "compare",
    [
        click.Argument(["runs"], required=False, nargs=-1, metavar="[RUN]..."),
        SectionOption(["--plain"], section=OUTPUT, is_flag=True, help="Print a table instead of the screen."),
        SectionOption(["--json"], section=OUTPUT, is_flag=True, help="Print settings, results and curves as JSON."),
        SectionOption(
            ["--csv"],
            section=OUTPUT,
            metavar="FILE",
            help="Write the metrics of every epoch to a CSV file; - for the standard output.",
        ),
        *screen_options(),
    ],
    _compare,
    "Compare runs (names, ids or folders): their curves on one chart, and a table of the settings that differ and the "
    "best results. Without RUN: choose them from a list. Runs in progress are followed.",
)
