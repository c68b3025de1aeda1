"""Shows a run on the terminal and returns the exit code of the process.

Textual and numpy load only after a first line is on screen.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from fitmon.tui.app_run import for_stream, print_screen_failure, quick_imports, run_app
from fitmon.tui.options import ScreenOptions
from fitmon.tui.terminal import DETACHED, HANG_UP_EXIT_CODE, Terminal, owned_terminal
from fitmon.tui.terminal_output import accepts_output
from fitmon.tui.textual_driver import driver_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from fitmon.tui.run import Run

JOIN_SECONDS = 10.0
"""How long training may take to end after a stop was requested."""

HEADLESS_POLL_SECONDS = 0.5
"""How often a run without a screen is polled: whether it is over, must end, or has its terminal back."""

TERMINAL_LOST = (
    "fitmon: terminal not responding; training continues in the background.\n"
    "ctrl+c stops it; in another terminal, `fitmon attach` shows it.\n"
)
STILL_RUNNING = "The run continues."

DEFAULT_OPTIONS = ScreenOptions()


def run_screen(run: Run, *, name: str = "run", options: ScreenOptions = DEFAULT_OPTIONS) -> int:
    """Train a run under the screen until the user quits, print the summary and return the exit code.

    Call it in the main thread of a process whose descriptors 0 and 1 are a terminal (see `terminal.refusal_here`). When
    it returns, the run was sent a stop and was waited for up to `JOIN_SECONDS`.

    When the terminal hangs up or stalls, or the user detaches, the run receives `Detach` and continues without a
    screen; only then does this wait for its end. Descriptors 1 and 2 stay redirected to the log, unless the terminal
    only stalled. The exit code is then that of the run: 0 finished, the code of its error, 128 + the signal that
    stopped it, 130 stopped by another process.

    Args:
        run: The run to show; it starts once the first frame is on screen.
        name: The name of the run.
        options: How to show it, and what the user may do with it.
    """
    survives = options.continue_without_terminal and not options.viewer
    stalled_seconds = options.stalled_seconds if survives else None
    with owned_terminal(options.log_path, stalled_seconds, ascii_only=options.ascii_only) as terminal:
        terminal.show_first_line(f"fitmon · {name}   starting")
        with quick_imports():
            from fitmon.tui.app import MonitorApp
        app = MonitorApp(
            run,
            name,
            options,
            exit_request=terminal.exit_code,
            driver_class=driver_for(terminal),
            terminal=terminal,
        )
        code, error = run_app(app, mouse=options.mouse)
        headless = survives and code in {HANG_UP_EXIT_CODE, DETACHED}
        if code == DETACHED:
            terminal.give_back("detached by the user")
        if headless:
            _train_headless(run, terminal, options.detach.leave if code == DETACHED else None)
        else:
            terminal.restore()
        # Still inside: what the last steps print belongs in the log, and a second signal needs its handler.
        ended = options.viewer or _end(run, terminal, stopping=app.stop_sent)
    if accepts_output(1):
        _report(run, error, ended, options)
    if headless:
        return _headless_exit_code(run, terminal)
    return 1 if code is None else code


def _train_headless(run: Run, terminal: Terminal, leave: Callable[[], None] | None) -> None:
    """Continue without a screen until the run is over or a signal ends it.

    `leave` gives the terminal back to the shell; None: it is lost.
    """
    from fitmon.engine.commands import Detach

    run.send(Detach(reason=terminal.output.loss))
    terminal.detach()
    if leave is not None:
        # Only now: the shell sets modes of its own, which this process must not overwrite.
        leave()
    while not (terminal.signals_received or run.join(HEADLESS_POLL_SECONDS) or run.snapshot().over):
        if terminal.output.lost:
            terminal.restore(wait_seconds=0.0, farewell=TERMINAL_LOST)


def _headless_exit_code(run: Run, terminal: Terminal) -> int:
    from fitmon.tui.run import exit_code_of

    return exit_code_of(run.snapshot().ending, terminal.signals_received)


def _end(run: Run, terminal: Terminal, *, stopping: bool) -> bool:
    """Wait for training to end and return whether it did; a second signal ends the wait."""
    from fitmon.engine.commands import Stop

    if not (stopping or run.snapshot().over):
        run.send(Stop(reason=_stop_reason(terminal)))
    give_up_at = time.monotonic() + JOIN_SECONDS
    signals = len(terminal.signals_received)
    dismissed = False
    while not (ended := run.join(0.1)):
        if time.monotonic() >= give_up_at or len(terminal.signals_received) > signals:
            break
        if run.snapshot().over and not dismissed:
            # A run that is over may still wait for a rewind.
            run.send(Stop(reason="the screen closed"))
            dismissed = True
    return ended


def _stop_reason(terminal: Terminal) -> str:
    if terminal.signals_received:
        return f"stopped by {signal.Signals(terminal.signals_received[0]).name}"
    return terminal.output.loss or "the screen failed"


def _report(run: Run, error: BaseException | None, ended: bool, options: ScreenOptions) -> None:
    from fitmon.engine.events import RunFailed
    from fitmon.text.summary import summary_lines

    snapshot, log_path = run.snapshot(), options.log_path
    columns = os.get_terminal_size(1).columns if os.isatty(1) else None
    next_steps = options.next_steps(snapshot)
    goes_on = options.viewer and not snapshot.over
    lines = (not next_steps) * [STILL_RUNNING] if goes_on else summary_lines(snapshot, columns)
    for line in (*lines, *next_steps):
        print(for_stream(line, sys.stdout))  # noqa: T201 - the summary is the command's output
    if isinstance(snapshot.ending, RunFailed) and log_path is not None:
        print(f"Its output is in {log_path}.", file=sys.stderr)  # noqa: T201
    if error is not None:
        print_screen_failure(error, log_path)
    if not ended:
        print(f"Training did not stop within {JOIN_SECONDS:g} seconds.", file=sys.stderr)  # noqa: T201
