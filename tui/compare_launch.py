"""Shows the comparison of runs on the terminal and returns the exit code of the process.

Textual and numpy load only after a first line is on screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fitmon.tui.app_run import print_screen_failure, quick_imports, run_app
from fitmon.tui.terminal import owned_terminal
from fitmon.tui.terminal_output import accepts_output
from fitmon.tui.textual_driver import driver_for

if TYPE_CHECKING:
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.engine.runs.runs import Runs


def run_comparison(
    folders: Sequence[RunFolder], runs: Runs, *, mouse: bool = True, theme: str | None = None, ascii_only: bool = False
) -> int:
    """Compare runs until the user quits, and return the exit code.

    Call it in the main thread of a process whose descriptors 0 and 1 are a terminal (see `terminal.refusal_here`).

    Args:
        folders: Of the runs to compare; empty: they are chosen from a list.
        runs: All runs.
        mouse: See `ScreenOptions.mouse`, also of the next two.
        theme: The name of a theme.
        ascii_only: Whether only ASCII is drawn.
    """
    with owned_terminal(None, ascii_only=ascii_only) as terminal:
        terminal.show_first_line("fitmon · compare   starting")
        with quick_imports():
            from fitmon.tui.compare_app import CompareApp
        app = CompareApp(
            folders,
            runs,
            theme=theme,
            exit_request=terminal.exit_code,
            driver_class=driver_for(terminal),
            terminal=terminal,
        )
        code, error = run_app(app, mouse=mouse)
    if error is not None and accepts_output(2):
        print_screen_failure(error, None)
    return 1 if code is None else code
