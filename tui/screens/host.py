"""What the main screen asks of the application around it."""

from collections.abc import Callable
from typing import Any, Protocol

from textual.screen import Screen

from fitmon.engine.commands import Command
from fitmon.tui.run import Run

READ_ONLY = "read-only: this view asks nothing of the run"


class Host(Protocol):
    """The application, as the main screen sees it; `MonitorApp` is one."""

    run_under_way: Run
    run_name: str
    """Free of control characters."""
    threshold: float
    """In [0, 1]; the view's own, the training knows none."""
    log_scale: bool
    """Whether the charts' vertical axes are logarithmic."""
    held: bool
    """Whether the panels are frozen."""
    viewer: bool
    """Whether the run is another process's."""
    read_only: bool
    """Whether nothing can be asked of the run."""

    def draw_now(self) -> None:
        """Draw the newest snapshot without waiting for the timer."""

    def say(self, notice: str) -> None:
        """Show a sentence in the header for a moment."""

    def ask(self, command: Command, notice: str) -> None:
        """Send a command to the run, if this view may, and show the notice until the run answers."""

    def push_screen(self, screen: Screen[Any], callback: Callable[[Any], None]) -> object:
        """Show a dialog on top, and hand its answer to the callback."""

    def leave(self) -> None:
        """Leave with the exit code that the state of the run calls for."""
