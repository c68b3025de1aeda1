"""Trains a preset with fitmon, under the screen or without, and writes when its epochs ended to a file as JSON."""

import json
import sys
import time
from itertools import pairwise
from pathlib import Path
from tempfile import NamedTemporaryFile

from bench.jobs import measured_job
from fitmon.engine.events import EpochEnded, Event
from fitmon.engine.session import Session


def main() -> int:
    """Read preset, `jit` or `no-jit`, `screen` or `no-screen`, and the file's path from the command line."""
    preset, jit, face, path = sys.argv[1], sys.argv[2] == "jit", sys.argv[3], Path(sys.argv[4])
    ends: list[float] = []

    def note(event: Event) -> None:
        if isinstance(event, EpochEnded):
            ends.append(time.perf_counter())

    session = Session(measured_job(preset, jit), on_event=note, summarize_epochs=face != "screen")
    code = _under_the_screen(session, preset) if face == "screen" else _alone(session)
    path.write_text(json.dumps([later - earlier for earlier, later in pairwise(ends)]))
    return code


def _under_the_screen(session: Session, preset: str) -> int:
    from fitmon.tui.launch import run_screen

    with NamedTemporaryFile(suffix=".log") as log:
        return run_screen(session, name=preset, exit_when_over=True, log_path=Path(log.name))


def _alone(session: Session) -> int:
    session.start()
    return 0 if session.join() else 1


sys.exit(main())
