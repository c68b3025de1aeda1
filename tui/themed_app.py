"""What the screen of a run and that of a comparison share: theme, keys in their order, drawing everything again."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType
from textual.driver import Driver
from textual.events import Event, Key, Paste

from fitmon.tui.bindings import app_bindings
from fitmon.tui.ordered_keys import OrderedKeys
from fitmon.tui.terminal_state import UNKNOWN_TERMINAL, TerminalState
from fitmon.tui.theme_choice import ThemeChoice


class ThemedApp(App[int], inherit_bindings=False):
    """An application on the terminal of this process; its result is the exit code."""

    TITLE = "fitmon"
    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*app_bindings()]

    def __init__(
        self,
        theme: str | None,
        *,
        exit_request: Callable[[], int | None] = lambda: None,
        driver_class: type[Driver] | None = None,
        terminal: TerminalState = UNKNOWN_TERMINAL,
    ) -> None:
        """Build the application; subclasses show its first screen.

        Args:
            theme: See `ScreenOptions.theme`.
            exit_request: Returns the exit code once a signal requests the end of the process, `HANG_UP_EXIT_CODE` once
                the terminal is lost; None before.
            driver_class: How Textual reaches the terminal; None: as Textual chooses.
            terminal: What is known of the terminal.
        """
        # Passed here as well as in the theme: NO_COLOR is honoured while the application is built.
        super().__init__(driver_class=driver_class, ansi_color=True)
        self.theme_choice = ThemeChoice(self, theme, terminal.background)
        """The theme, and how to change it."""
        self._exit_request = exit_request
        self._terminal = terminal
        self.ordered_keys = OrderedKeys(self, super().on_event)
        """Keys that have not had their effect yet."""

    async def on_event(self, event: Event) -> None:
        """Queue keys and pastes from the terminal; handle every other event at once."""
        if isinstance(event, Key | Paste) and not event.is_forwarded:
            self.ordered_keys.add(event)
        else:
            await super().on_event(event)

    def action_draw_again(self) -> None:
        """Send every cell to the terminal again, in case something else wrote to it."""
        self._terminal.forget_cells()
        self.screen.refresh()
