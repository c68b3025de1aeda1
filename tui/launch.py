"""Shows a run on the terminal and returns the exit code of the process.

Textual and numpy load only after a first line stands on the screen.
"""

from __future__ import annotations

import gc
import signal
import sys
import time
from typing import TYPE_CHECKING, TextIO

from fitmon.text.format import NO_BREAK, clean, to_ascii
from fitmon.tui.terminal import (
    HANG_UP_EXIT_CODE,
    STALLED_SECONDS,
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
    from fitmon.tui.run import RewindOptions, Run

JOIN_SECONDS = 10.0
"""How long the training may take to end after it was asked to."""

HEADLESS_POLL_SECONDS = 0.5
"""How often a run without a screen is looked at: whether it is over, shall end, or has its terminal again."""

TRAINS_ON = (
    "fitmon: this terminal took nothing for too long, so the training goes on without a screen.\n"
    "ctrl+c stops it; in another terminal, `fitmon attach` shows it.\n"
)
GOES_ON = "The run goes on; `fitmon attach` shows it again."


def run_screen(
    run: Run,
    *,
    name: str,
    threshold: float = 0.5,
    exit_when_over: bool = False,
    mouse: bool = True,
    log_path: Path | None = None,
    outlives_terminal: bool = True,
    viewer: bool = False,
    read_only: bool = False,
    rewind_options: RewindOptions | None = None,
    stalled_seconds: float = STALLED_SECONDS,
) -> int:
    """Start the run under the screen, wait until the user leaves, print the summary and return the exit code.

    Must be called in the main thread of a process whose descriptors 0 and 1 are a terminal (see
    `terminal.refusal_here`). The run has been asked to stop and was waited for up to `JOIN_SECONDS`.

    When the terminal hangs up or stalls, the run gets a `Detach` and trains on without a screen; only then this waits
    for its end. From a terminal that hung up, descriptors 1 and 2 lead to the log for good. The exit code is then the
    run's own: 0 finished, that of its error, 128 + the signal that stopped it, 130 stopped by somebody else.

    Args:
        run: What to show; it is started after the first picture stands.
        name: What the run is called.
        threshold: In [0, 1], the probability that must be exceeded to answer class 1.
        exit_when_over: Leave as soon as the run is over.
        mouse: Whether the terminal reports the mouse; without, it lets the user select text.
        log_path: Where everything printed meanwhile goes; None: it is thrown away after the screen has gone.
        outlives_terminal: Whether the run trains on when the terminal hangs up. Else, as for a run that nobody could
            find again, it is stopped and 129 returned; a terminal that stalls is waited for.
        viewer: The run is another process's: leaving never stops it, nor is it waited for, and the exit code is 0.
        read_only: Ask nothing of the run, whatever key is pressed.
        way_back: What the run can go back to; None: to nothing, since it is not kept.
        stalled_seconds: How long the terminal may take no byte before it counts as gone.
    """
    keeps_going = outlives_terminal and not viewer
    with owned_terminal(log_path, stalled_seconds if keeps_going else None) as terminal:
        terminal.show_first_line(f"fitmon · {name}   starting")
        app = _load_app()(
            run,
            name,
            threshold=threshold,
            log_path=log_path,
            exit_when_over=exit_when_over,
            asked_to_leave=terminal.exit_code,
            viewer=viewer,
            read_only=read_only,
            rewind_options=rewind_options or _no_way_back(),
            driver_class=driver_for(terminal),
        )
        leave_prints_alone(app)
        code = app.run(mouse=mouse)
        error = screen_error(app)
        headless = keeps_going and code == HANG_UP_EXIT_CODE
        if headless:
            _train_on(run, terminal)
        else:
            terminal.give_back()
        # Still inside: what the last steps print belongs to the log, and a second signal must find its handler.
        ended = viewer or _end(run, terminal, stopping=app.stop_sent)
    if takes_more(1):
        _report(run, error, ended, log_path, viewer=viewer)
    if headless:
        return _own_exit_code(run, terminal)
    return 1 if code is None else code


def _no_way_back() -> RewindOptions:
    from fitmon.tui.run import NO_REWIND

    return NO_REWIND


def _load_app() -> type[MonitorApp]:
    # Loading makes many objects and frees none: looking for garbage meanwhile costs a tenth of the time.
    gc.disable()
    try:
        from fitmon.tui.app import MonitorApp
    finally:
        gc.enable()
    return MonitorApp


def _train_on(run: Run, terminal: Terminal) -> None:
    """Train on without a screen until the run is over or a signal asks for its end."""
    from fitmon.engine.commands import Detach

    run.send(Detach(reason=terminal.output.loss))
    terminal.let_go()
    while not (terminal.signals_received or run.join(HEADLESS_POLL_SECONDS) or run.snapshot().over):
        if terminal.output.gone:
            terminal.give_back(wait_seconds=0.0, farewell=TRAINS_ON)


def _own_exit_code(run: Run, terminal: Terminal) -> int:
    from fitmon.tui.run import exit_code_of

    return exit_code_of(run.snapshot().ending, terminal.signals_received)


def _end(run: Run, terminal: Terminal, *, stopping: bool) -> bool:
    """Wait for the training, which needs to notice that it shall stop; a second signal ends the wait."""
    from fitmon.engine.commands import Stop

    if not (stopping or run.snapshot().over):
        run.send(Stop(reason=_why_stopped(terminal)))
    give_up_at = time.monotonic() + JOIN_SECONDS
    signals = len(terminal.signals_received)
    dismissed = False
    while not (ended := run.join(0.1)):
        if time.monotonic() >= give_up_at or len(terminal.signals_received) > signals:
            break
        if run.snapshot().over and not dismissed:
            # A run that is over may still wait for somebody to go back to an epoch.
            run.send(Stop(reason="its screen has gone"))
            dismissed = True
    return ended


def _why_stopped(terminal: Terminal) -> str:
    if terminal.signals_received:
        return f"stopped by {signal.Signals(terminal.signals_received[0]).name}"
    return terminal.output.loss or "the screen failed"


def _report(run: Run, error: BaseException | None, ended: bool, log_path: Path | None, *, viewer: bool) -> None:
    from fitmon.engine.events import RunFailed
    from fitmon.text.summary import summary_lines

    snapshot = run.snapshot()
    for line in [GOES_ON] if viewer and not snapshot.over else summary_lines(snapshot):
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
