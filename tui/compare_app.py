"""The application of `fitmon compare`: shows the list of runs first if none was named, then the comparison."""

import signal
from collections.abc import Callable, Sequence

from textual.driver import Driver

from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.tui.screens.compare import CompareScreen
from fitmon.tui.terminal_state import UNKNOWN_TERMINAL, TerminalState
from fitmon.tui.themed_app import ThemedApp

POLL_SECONDS = 0.25
"""How often a signal is looked for, and what the terminal has told of its background."""


class CompareApp(ThemedApp):
    """Compares runs; its result is the exit code of the process."""

    def __init__(
        self,
        folders: Sequence[RunFolder],
        runs: Runs,
        *,
        theme: str | None = None,
        exit_request: Callable[[], int | None] = lambda: None,
        driver_class: type[Driver] | None = None,
        terminal: TerminalState = UNKNOWN_TERMINAL,
    ) -> None:
        """Build the application.

        Args:
            folders: Of the runs to compare; empty: they are chosen from a list.
            runs: All runs.
            theme: See `ScreenOptions.theme`.
            exit_request: Returns the exit code once a signal requests the end of the process, `HANG_UP_EXIT_CODE` once
                the terminal is lost; None before.
            driver_class: How Textual reaches the terminal; None: as Textual chooses.
            terminal: What is known of the terminal.
        """
        super().__init__(theme, exit_request=exit_request, driver_class=driver_class, terminal=terminal)
        self._folders = folders
        self._runs = runs

    def on_mount(self) -> None:
        self.theme_choice.follow()
        self.set_interval(POLL_SECONDS, self.tick)
        if self._folders:
            self._compare(self._folders)
        else:
            from fitmon.tui.screens.run_picker import RunPicker

            self.push_screen(RunPicker(self._runs), self._compare)

    def _compare(self, folders: Sequence[RunFolder] | None) -> None:
        if folders:
            self.push_screen(CompareScreen(folders, self._runs, leave="quit"), self._end)
        else:
            self.exit(0)

    def _end(self, _result: None) -> None:
        self.exit(0)

    def tick(self) -> None:
        """Quit if requested; else draw in the theme that fits what is known of the terminal."""
        code = self._exit_request()
        if code is None:
            self.theme_choice.follow()
        else:
            self.exit(code)

    def action_interrupt(self) -> None:
        self.exit(128 + signal.SIGINT)
