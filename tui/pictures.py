"""Whether the terminal can show pictures in colors of their own."""

from textual.app import App

from fitmon.tui.terminal_output import speaks_utf_8

MANY_COLORS = frozenset({"256", "truecolor"})
"""Rich's names of the color systems with gray levels; with sixteen colors there are four at most."""


def can_paint(app: App[int]) -> bool:
    """Return whether half blocks in gray levels or color can be sent: many colors, UTF-8, and no NO_COLOR."""
    return app.console.color_system in MANY_COLORS and not app.no_color and speaks_utf_8()
