"""Trains a preset as users do, kept on the disk, under the screen or without; writes when its epochs ended as JSON."""

import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory

from bench.jobs import measured_job
from fitmon.engine.events import EpochEnded, Event
from fitmon.engine.runs.runs import Runs
from fitmon.engine.training.kept_run import KeptRun
from fitmon.engine.training.options import RunOptions


def main() -> int:
    """Read preset, `jit` or `no-jit`, `screen` or `no-screen`, and the file's path from the command line."""
    preset, jit, frontend, path = sys.argv[1], sys.argv[2] == "jit", sys.argv[3], Path(sys.argv[4])
    ends: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, EpochEnded):
            ends.append(time.perf_counter())

    job = measured_job(preset, jit)
    with TemporaryDirectory() as root:
        folder = Runs(Path(root)).create(job=preset, settings=job.settings)
        with KeptRun(job, folder, RunOptions(on_event=note, summarize_epochs=frontend != "screen")) as run:
            code = _under_the_screen(run, preset) if frontend == "screen" else _alone(run)
    path.write_text(json.dumps([later - earlier for earlier, later in pairwise(ends)]))
    return code


def _under_the_screen(run: KeptRun, preset: str) -> int:
    from fitmon.tui.launch import run_screen
    from fitmon.tui.options import ScreenOptions

    with NamedTemporaryFile(suffix=".log") as log:
        return run_screen(run, name=preset, options=ScreenOptions(exit_when_over=True, log_path=Path(log.name)))


def _alone(run: KeptRun) -> int:
    run.start()
    return 0 if run.join() else 1


sys.exit(main())
