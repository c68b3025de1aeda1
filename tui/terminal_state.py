"""What the application knows of the terminal, and asks of it; `terminal.Terminal` satisfies it."""

from typing import Protocol

from fitmon.text.roles import Color


class TerminalState(Protocol):
    """The terminal, as the application sees it."""

    @property
    def shows_unicode(self) -> bool:
        """Whether it shows more than ASCII."""

    def background(self) -> Color | None:
        """Return the color of its background; None while it is not known."""

    def forget_cells(self) -> None:
        """Send every cell anew when it is drawn the next time."""


class UnknownTerminal:
    """A terminal of which nothing is known, as in a test."""

    shows_unicode = True

    def background(self) -> Color | None:
        """Return None."""
        return None

    def forget_cells(self) -> None:
        """Do nothing."""


UNKNOWN_TERMINAL = UnknownTerminal()
