"""The panel of changes, and of the summary once the run is over."""

from fitmon.text.rows import Row
from fitmon.tui.drawing.changes import draw_changes
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget


class ChangesPanel(RowWidget):
    """Lists the summary once the run is over, what is pending, what took effect, and what is being trained."""

    _frame: Frame | None = None

    def show(self, frame: Frame) -> None:
        """Show a new frame."""
        self._frame = frame
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return draw_changes(self._frame, width, height)
