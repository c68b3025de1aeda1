"""Shows the comparison of runs on the terminal and returns the exit code of the process.

Textual and numpy load only after a first line is on screen.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from fitmon.text.format import clean, to_ascii
from fitmon.tui.terminal import owned_terminal
from fitmon.tui.terminal_output import accepts_output
from fitmon.tui.textual_driver import driver_for, keep_prints, screen_error

if TYPE_CHECKING:
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.engine.runs.runs import Runs


def run_comparison(folders: Sequence[RunFolder], runs: Runs, *, mouse: bool = True) -> int:
    """Compare runs until the user quits, and return the exit code.

    Call it in the main thread of a process whose descriptors 0 and 1 are a terminal (see `terminal.refusal_here`).

    Args:
        folders: Of the runs to compare; empty: they are chosen from a list.
        runs: All runs.
        mouse: Whether the terminal reports the mouse.
    """
    with owned_terminal(None) as terminal:
        terminal.show_first_line("fitmon · compare   starting")
        from fitmon.tui.compare_app import CompareApp

        app = CompareApp(folders, runs, exit_request=terminal.exit_code, driver_class=driver_for(terminal))
        keep_prints(app)
        code = app.run(mouse=mouse)
        error = screen_error(app)
    if error is not None and accepts_output(2):
        print(to_ascii(f"The screen failed: {clean(repr(error))}."), file=sys.stderr)  # noqa: T201
    return 1 if code is None else code
