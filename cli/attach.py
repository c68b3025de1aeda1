"""`fitmon attach`: watch and steer a run from another terminal."""

from __future__ import annotations

import gc
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitmon.cli.next_steps import next_steps
from fitmon.cli.options import screen_options
from fitmon.cli.run_command import find_run, run_command, runs_of
from fitmon.engine.errors import DataError, UsageError

if TYPE_CHECKING:
    from fitmon.engine.attach.recorded import RecordedRun
    from fitmon.engine.attach.remote_run import RemoteRun
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.tui.options import RewindOptions


def _attach(**given: Any) -> int:
    # Loading creates many objects and frees none; `run_screen` enables the collector when the screen is loaded.
    gc.disable()
    from fitmon.tui.terminal import refusal_here

    refusal = refusal_here()
    if refusal is not None:
        raise UsageError(
            f"Cannot show a run here, because {refusal}. Use `fitmon ctl RUN status` for a one-line status."
        )
    from fitmon.engine.attach.open import open_run
    from fitmon.tui.launch import run_screen
    from fitmon.tui.options import ScreenOptions

    folder = find_run(given) if given["run"] else _latest(given)
    run = open_run(folder, read_only=given["read_only"])
    # The first snapshot arrives while the screen loads, so that the first frame is complete.
    run.start()
    options = ScreenOptions(
        threshold=_threshold(folder),
        mouse=not given["no_mouse"],
        theme=given["theme"],
        ascii_only=given["ascii"],
        viewer=True,
        read_only=run.read_only,
        folder=folder,
        rewind=_rewind_options(folder, run, given["read_only"]),
        next_steps=lambda snapshot: next_steps(folder, snapshot),
    )
    return run_screen(run, name=folder.name, options=options)


def _rewind_options(folder: RunFolder, run: RemoteRun | RecordedRun, read_only_requested: bool) -> RewindOptions:
    from fitmon.tui.options import RewindOptions

    def saved_epochs() -> dict[int, dict[int, Path]]:
        # Imported on demand: it takes a tenth of the time to the first frame.
        from fitmon.engine.checkpoints.find import kept_epochs

        return kept_epochs(folder)

    def refusal() -> str:
        if read_only_requested:
            return "this view is read-only"
        return f"the run is not training; use `fitmon resume {folder.name} --from-epoch EPOCH`" if run.read_only else ""

    return RewindOptions(kept_epochs=saved_epochs, why_not=refusal)


def _latest(given: dict[str, Any]) -> RunFolder:
    """Return a run that a process is training, else the most recent unfinished one, else the most recent one."""
    from fitmon.engine.runs.lock import holder_of

    runs = runs_of(given)
    folders = runs.newest_first()
    if not folders:
        raise UsageError(f"No runs in {runs.root}. Start one with `fitmon mnist`.")
    in_progress = (folder for folder in folders if holder_of(folder) is not None)
    unfinished = (folder for folder in folders if not folder.finished())
    return next(chain(in_progress, unfinished, folders))


def _threshold(folder: RunFolder) -> float:
    with suppress(DataError):
        return folder.description().settings.threshold
    return 0.5


attach = run_command(
    "attach",
    [
        click.Argument(["run"], required=False),
        click.Option(["--read-only"], is_flag=True, help="Watch without sending commands."),
        *screen_options(),
    ],
    _attach,
    "Watch and steer RUN (a name, an id or a folder). Without RUN: the run in progress, else the most recent one. "
    "Quitting does not stop the run.",
)
