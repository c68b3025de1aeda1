"""The panel that says what the numbers mean."""

from fitmon.text.rows import Row
from fitmon.tui.drawing.meaning import draw_meaning
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget


class MeaningPanel(RowWidget):
    """Shows the strongest finding of the last epoch."""

    _frame: Frame | None = None

    def show(self, frame: Frame) -> None:
        """Show a new frame."""
        self._frame = frame
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return draw_meaning(self._frame, width, height)
