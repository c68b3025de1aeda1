"""What the main screen uses of the application."""

from collections.abc import Callable
from typing import Any, Protocol

from textual.screen import Screen

from fitmon.engine.commands import Command
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.tui.options import DetachOptions
from fitmon.tui.run import Run
from fitmon.tui.theme_choice import ThemeChoice


class Host(Protocol):
    """The application, as the main screen sees it; `MonitorApp` is one."""

    monitored_run: Run
    run_name: str
    """Free of control characters."""
    threshold: float
    """In [0, 1]; a setting of the view, not of training."""
    log_scale: bool
    """Whether the charts' vertical axes are logarithmic."""
    frozen: bool
    """Whether the panels are frozen."""
    viewer: bool
    """Whether another process trains the run."""
    read_only: bool
    """Whether no command can be sent to the run."""
    theme_choice: ThemeChoice
    """The theme, and how to change it."""

    run_folder: RunFolder | None
    """Where the run is saved; None: nowhere."""
    detach_options: DetachOptions
    """Whether the user can leave the run training in the background."""

    def draw_now(self) -> None:
        """Draw the newest snapshot without waiting for the timer."""

    def say(self, notice: str) -> None:
        """Show a sentence in the header for a few seconds."""

    def ask(self, command: Command, notice: str) -> None:
        """Send a command to the run unless the view is read-only; show the notice until the run answers."""

    def push_screen(self, screen: Screen[Any], callback: Callable[[Any], None]) -> object:
        """Open a dialog, and pass its result to the callback."""

    def simulate_key(self, key: str) -> None:
        """Act as if a key was pressed, by Textual's name of it."""

    def copy_to_clipboard(self, text: str) -> None:
        """Ask the terminal to put a text on the clipboard."""

    def detach_app(self) -> None:
        """Close the screen and leave the run training in the background."""

    def quit_app(self) -> None:
        """Quit with the exit code that follows from the state of the run."""
