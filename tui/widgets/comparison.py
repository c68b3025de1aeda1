"""The panels of the comparison: chart, table, details, and the lines above and below."""

from collections.abc import Callable

from textual.events import Click, MouseScrollDown, MouseScrollUp
from textual.message import Message

from fitmon.text.rows import Row
from fitmon.tui.comparison_view import ComparisonFrame
from fitmon.tui.widgets.row_widget import RowWidget

Draw = Callable[[ComparisonFrame, int, int], list[Row]]
"""Draws a frame in that many columns and rows."""


class ComparisonPanel(RowWidget):
    """A part of the comparison."""

    class Clicked(Message):
        """A place of the panel was clicked."""

        def __init__(self, panel: "ComparisonPanel", column: int, line: int) -> None:
            super().__init__()
            self.panel = panel
            self.column = column
            self.line = line

        @property
        def control(self) -> "ComparisonPanel":
            """The panel, for `on`."""
            return self.panel

    class Scrolled(Message):
        """The wheel was turned over the panel, down if positive."""

        def __init__(self, panel: "ComparisonPanel", rows: int) -> None:
            super().__init__()
            self.panel = panel
            self.rows = rows

        @property
        def control(self) -> "ComparisonPanel":
            """The panel, for `on`."""
            return self.panel

    def __init__(self, widget_id: str, draw: Draw) -> None:
        """Draw nothing yet.

        Args:
            widget_id: Its id.
            draw: Draws a frame.
        """
        super().__init__(widget_id)
        self._draw = draw
        self.frame: ComparisonFrame | None = None
        """What is drawn; None before the first."""

    def show(self, frame: ComparisonFrame) -> None:
        """Show a new frame; redraw if anything in it is new."""
        if frame != self.frame:
            self.frame = frame
            self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return [] if self.frame is None else self._draw(self.frame, width, height)

    def on_click(self, event: Click) -> None:
        self.post_message(self.Clicked(self, event.x, event.y))

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.post_message(self.Scrolled(self, 1))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.post_message(self.Scrolled(self, -1))
