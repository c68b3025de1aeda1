"""`fitmon rm`: delete runs."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from fitmon.cli.messages import print_message
from fitmon.cli.output import print_output
from fitmon.cli.run_command import run_command, runs_of
from fitmon.engine.errors import DataError, RunInUseError, UsageError
from fitmon.text.format import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.engine.runs.runs import Runs

SECONDS = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
"""The units of `--older-than`."""
NAMED = 5
"""The question names this many runs."""


def read_span(text: str) -> float:
    """Read a time span such as `30d`, `12h` or `2w`, in seconds."""
    parts = re.fullmatch(r"\s*(\d{1,6})\s*([mhdw])\s*", text)
    if parts is None:
        raise UsageError(f"Expected a time span such as 30d, 12h or 2w; received {text!r}.")
    return float(int(parts[1]) * SECONDS[parts[2]])


def _rm(**given: Any) -> int:
    from fitmon.engine.runs.deletion import delete_runs, size_of

    folders = _chosen(given)
    if not folders:
        return print_output("No run is that old.")
    size = _size_text(sum(map(size_of, folders)))
    what = _named(folders)
    if not given["yes"] and not _confirmed(f"Delete {what} ({size})?"):
        return print_output("Nothing was deleted.")
    for path in delete_runs(folders):
        print_message(f"{path} is kept: it has files that fitmon did not write there")
    return print_output(f"Deleted {what} ({size}).")


def _chosen(given: dict[str, Any]) -> list[RunFolder]:
    """Return the runs to delete, each once; raises when one of them must not be deleted."""
    runs, span = runs_of(given), given["older_than"]
    if bool(given["runs"]) == (span is not None):
        raise UsageError("Expected the names of the runs to delete, or --older-than; `fitmon runs` lists all runs.")
    if span is not None:
        return _older_than(runs, span)
    folders = {folder.path.resolve(): folder for folder in map(runs.find, given["runs"])}
    for folder in folders.values():
        _check(folder, runs)
    return list(folders.values())


def _older_than(runs: Runs, seconds: float) -> list[RunFolder]:
    """Return the runs that no process uses and whose journal was last written that long ago."""
    from fitmon.engine.runs.lock import holder_of

    latest = datetime.now(UTC).timestamp() - seconds
    return [folder for folder in runs.newest_first() if folder.changed() < latest and holder_of(folder) is None]


def _check(folder: RunFolder, runs: Runs) -> None:
    """Raise when a run is in use, or a folder elsewhere may not be one of fitmon's."""
    from fitmon.engine.runs.lock import holder_of

    holder = holder_of(folder)
    if holder is not None:
        raise RunInUseError(
            f"The run {folder.name} is in use by {holder}. Stop it first: `fitmon ctl {folder.name} stop`."
        )
    if folder.path.parent.resolve() != runs.root.resolve():
        try:
            folder.description()
        except DataError as error:
            raise DataError(f"{error} Delete the folder yourself if it is a run.") from error


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("Expected --yes where nobody can be asked: the input is not a terminal.")
    return click.confirm(question, default=False)


def _named(folders: Sequence[RunFolder]) -> str:
    if len(folders) == 1:
        return f"the run {clean(folders[0].name)}"
    more = f" and {len(folders) - NAMED} more" if len(folders) > NAMED else ""
    return f"{len(folders)} runs: {', '.join(clean(folder.name) for folder in folders[:NAMED])}{more}"


def _size_text(size: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":  # noqa: PLR2004 - as `--keep-disk` reads it
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


rm = run_command(
    "rm",
    [
        click.Argument(["runs"], required=False, nargs=-1, metavar="[RUN]..."),
        click.Option(["--older-than"], type=read_span, metavar="SPAN", help="All runs unchanged for that long: 30d."),
        click.Option(["--yes", "-y"], is_flag=True, help="Delete without asking."),
    ],
    _rm,
    "Delete runs (names, ids or folders) with their checkpoints; asks first. A run in use is never deleted. Files that "
    "fitmon did not write into their folders are kept.",
)
