"""Shows a run on the terminal and returns the exit code of the process.

Textual and numpy load only after a first line stands on the screen.
"""

from __future__ import annotations

import gc
import sys
import time
from typing import TYPE_CHECKING, TextIO

from fitmon.tui.format import NO_BREAK, clean, to_ascii
from fitmon.tui.terminal import (
    HANG_UP_EXIT_CODE,
    Terminal,
    driver_for,
    leave_prints_alone,
    owned_terminal,
    screen_error,
    takes_more,
)

if TYPE_CHECKING:
    from pathlib import Path

    from fitmon.tui.app import MonitorApp
    from fitmon.tui.run import Run

JOIN_SECONDS = 10.0
"""How long the training may take to end after the screen has gone."""


def run_screen(
    run: Run,
    *,
    name: str,
    threshold: float = 0.5,
    exit_when_over: bool = False,
    mouse: bool = True,
    log_path: Path | None = None,
) -> int:
    """Start the run under the screen, wait until the user leaves, print the summary and return the exit code.

    Must be called in the main thread of a process whose descriptors 0 and 1 are a terminal (see
    `terminal.refusal_here`). The run has been asked to stop and was waited for up to `JOIN_SECONDS`.

    Args:
        run: What to show; it is started after the first picture stands.
        name: What the run is called.
        threshold: In [0, 1], the probability that must be exceeded to answer class 1.
        exit_when_over: Leave as soon as the run is over.
        mouse: Whether the terminal reports the mouse; without, it lets the user select text.
        log_path: Where everything printed meanwhile goes; None: it is thrown away after the screen has gone.
    """
    with owned_terminal(log_path) as terminal:
        terminal.show_first_line(f"fitmon · {name}   starting")
        app = _load_app()(
            run,
            name,
            threshold=threshold,
            log_path=log_path,
            exit_when_over=exit_when_over,
            asked_to_leave=terminal.exit_code,
            driver_class=driver_for(terminal),
        )
        leave_prints_alone(app)
        code = app.run(mouse=mouse)
        error = screen_error(app)
        terminal.give_back()
        # Still inside: what the last steps print belongs to the log, and a second signal must find its handler.
        ended = _end(run, terminal)
    if terminal.exit_code() == HANG_UP_EXIT_CODE:
        return HANG_UP_EXIT_CODE
    if takes_more(1):
        _report(run, error, ended, log_path)
    return 1 if code is None else code


def _load_app() -> type[MonitorApp]:
    # Loading makes many objects and frees none: looking for garbage meanwhile costs a tenth of the time.
    gc.disable()
    try:
        from fitmon.tui.app import MonitorApp
    finally:
        gc.enable()
    return MonitorApp


def _end(run: Run, terminal: Terminal) -> bool:
    """Wait for the training, which needs to notice that it shall stop; a second signal ends the wait."""
    from fitmon.engine.commands import Stop

    if not run.snapshot().over:
        run.send(Stop())
    give_up_at = time.monotonic() + JOIN_SECONDS
    signals = len(terminal.signals_received)
    while not (ended := run.join(0.1)):
        if time.monotonic() >= give_up_at or len(terminal.signals_received) > signals:
            break
    return ended


def _report(run: Run, error: BaseException | None, ended: bool, log_path: Path | None) -> None:
    from fitmon.engine.events import RunFailed
    from fitmon.tui.widgets.summary import summary_lines

    snapshot = run.snapshot()
    for line in summary_lines(snapshot):
        print(_for_stream(line, sys.stdout))  # noqa: T201 - the summary is the command's output
    if isinstance(snapshot.ending, RunFailed) and log_path is not None:
        print(f"What it printed is in {log_path}.", file=sys.stderr)  # noqa: T201
    if error is not None:
        place = f"; more in {log_path}" if log_path is not None else ""
        print(_for_stream(f"The screen failed: {clean(repr(error))}{place}.", sys.stderr), file=sys.stderr)  # noqa: T201
    if not ended:
        print(f"The training did not stop within {JOIN_SECONDS:g} seconds.", file=sys.stderr)  # noqa: T201


def _for_stream(line: str, stream: TextIO) -> str:
    line = line.replace(NO_BREAK, " ")
    return line if (stream.encoding or "").lower().replace("-", "") == "utf8" else to_ascii(line)
