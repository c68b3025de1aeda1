"""The header widget."""

from fitmon.text.rows import Row
from fitmon.tui.drawing.header import draw_header
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget


class Header(RowWidget):
    """Shows the state of the run in up to four rows; the only panel on a terminal too small for others."""

    _frame: Frame | None = None

    def show(self, frame: Frame) -> None:
        """Show a new frame."""
        self._frame = frame
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return [] if self._frame is None else draw_header(self._frame, width, height)
