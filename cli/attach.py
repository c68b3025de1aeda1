"""`fitmon attach`: look at a run, and steer it, from any terminal."""

from __future__ import annotations

import gc
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from fitmon.cli.run_command import find_run, run_command, runs_of
from fitmon.engine.errors import DataError, UsageError

if TYPE_CHECKING:
    from fitmon.engine.attach.recorded import RecordedRun
    from fitmon.engine.attach.remote_run import RemoteRun
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.tui.options import RewindOptions


def _attach(**given: Any) -> int:
    # Loading makes many objects and frees none; `run_screen` enables it again when the screen is loaded.
    gc.disable()
    from fitmon.tui.terminal import refusal_here

    refusal = refusal_here()
    if refusal is not None:
        raise UsageError(
            f"A run cannot be shown here, because {refusal}. `fitmon ctl RUN status` says in a line how it stands."
        )
    from fitmon.engine.attach.open import open_run
    from fitmon.tui.launch import run_screen
    from fitmon.tui.options import ScreenOptions

    folder = find_run(given) if given["run"] else _latest(given)
    run = open_run(folder, read_only=given["read_only"])
    # It asks while the screen loads, so that the first picture is a full one.
    run.start()
    options = ScreenOptions(
        threshold=_threshold(folder),
        mouse=not given["no_mouse"],
        viewer=True,
        read_only=run.read_only,
        rewind=_rewind_options(folder, run, given["read_only"]),
    )
    return run_screen(run, name=folder.name, options=options)


def _rewind_options(folder: RunFolder, run: RemoteRun | RecordedRun, asked_read_only: bool) -> RewindOptions:
    from fitmon.tui.options import RewindOptions

    def kept() -> dict[int, dict[int, Path]]:
        # Loaded when it is asked for: it takes a tenth of the time until the first picture.
        from fitmon.engine.checkpoints.store import kept_epochs

        return kept_epochs(folder)

    def why_not() -> str:
        if asked_read_only:
            return "this view is read-only"
        return f"nobody trains this run; see fitmon resume {folder.name} --from-epoch" if run.read_only else ""

    return RewindOptions(kept_epochs=kept, why_not=why_not)


def _latest(given: dict[str, Any]) -> RunFolder:
    """Return a run that some process has, else the last that is not finished, else the last."""
    from fitmon.engine.runs.lock import holder_of

    runs = runs_of(given)
    found = runs.newest_first()
    if not found:
        raise UsageError(f"Expected a run to show; there is none in {runs.root}.")
    held = (folder for folder in found if holder_of(folder) is not None)
    unfinished = (folder for folder in found if not folder.finished())
    return next(chain(held, unfinished, found))


def _threshold(folder: RunFolder) -> float:
    with suppress(DataError):
        return folder.description().settings.threshold
    return 0.5


attach = run_command(
    "attach",
    [
        click.Argument(["run"], required=False),
        click.Option(["--read-only"], is_flag=True, help="Look only."),
        click.Option(["--no-mouse"], is_flag=True, help="Leave the mouse to the terminal."),
    ],
    _attach,
    "Show RUN (a name, an id or a folder; none: the one that trains, else the last) and steer it. "
    "Leaving leaves it alone.",
)
