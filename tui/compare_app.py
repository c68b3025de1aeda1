"""The application of `fitmon compare`: shows the list of runs first if none was named, then the comparison."""

import signal
from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import App
from textual.driver import Driver
from textual.events import Event, Key, Paste

from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.tui.bindings import interrupt_binding
from fitmon.tui.ordered_keys import OrderedKeys
from fitmon.tui.screens.compare import CompareScreen

POLL_SECONDS = 0.25
"""How often a signal is looked for."""


class CompareApp(App[int], inherit_bindings=False):
    """Compares runs; its result is the exit code of the process."""

    TITLE = "fitmon"
    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar = [interrupt_binding()]

    def __init__(
        self,
        folders: Sequence[RunFolder],
        runs: Runs,
        *,
        exit_request: Callable[[], int | None] = lambda: None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """Build the application.

        Args:
            folders: Of the runs to compare; empty: they are chosen from a list.
            runs: All runs.
            exit_request: Returns the exit code once a signal requests the end of the process or the terminal is lost;
                None before.
            driver_class: How Textual reaches the terminal; None: as Textual chooses.
        """
        super().__init__(driver_class=driver_class, ansi_color=True)
        self._folders = folders
        self._runs = runs
        self._exit_request = exit_request
        self.ordered_keys = OrderedKeys(self, super().on_event)
        """Keys that have not had their effect yet."""

    async def on_event(self, event: Event) -> None:
        """Queue keys and pastes from the terminal; handle every other event at once."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self.ordered_keys.add(event)
        else:
            await super().on_event(event)

    def on_mount(self) -> None:
        self.theme = "ansi-dark"
        self.set_interval(POLL_SECONDS, self._exit_if_requested)
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

    def _exit_if_requested(self) -> None:
        code = self._exit_request()
        if code is not None:
            self.exit(code)

    def action_interrupt(self) -> None:
        self.exit(128 + signal.SIGINT)
