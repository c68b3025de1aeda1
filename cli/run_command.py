"""What the commands that act on one run share: how the run is found, and their common options."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitmon.cli.options import debug_option, run_dir_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.engine.runs.runs import Runs


def runs_of(given: dict[str, Any]) -> Runs:
    """Return the runs in the folder of `--run-dir`, else in the user's state folder."""
    from fitmon.engine.runs.runs import Runs

    return Runs(None if given["run_dir"] is None else Path(given["run_dir"]))


def find_run(given: dict[str, Any]) -> RunFolder:
    """Return the run that the argument RUN names; raises UsageError when there is none."""
    return runs_of(given).find(given["run"])


def run_command(
    name: str, params: Sequence[click.Parameter], callback: Any, text: str, **settings: Any
) -> click.Command:
    """Return a command that acts on a run; `settings` are click's context settings."""
    return click.Command(
        name,
        params=[*params, run_dir_option(), debug_option()],
        callback=callback,
        help=text,
        context_settings=settings,
    )
