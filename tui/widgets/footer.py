"""The footer widget."""

from fitmon.text.rows import Row
from fitmon.tui.drawing.footer import draw_footer
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget


class Footer(RowWidget):
    """Shows one row of keys and what they do."""

    _frame: Frame | None = None

    def show(self, frame: Frame) -> None:
        """Show a new frame."""
        self._frame = frame
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return [draw_footer(self._frame, width)] * min(height, 1)
