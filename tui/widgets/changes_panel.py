"""The panel of changes, and of the summary once the run is over."""

from fitmon.text.rows import Row
from fitmon.tui.drawing.changes import all_rows, draw_changes, framed_changes
from fitmon.tui.frame import Frame
from fitmon.tui.layout import View
from fitmon.tui.widgets.scrolled_rows import ScrolledRows


class ChangesPanel(ScrolledRows):
    """Lists the summary once the run is over, what is pending, what took effect, and what is being trained."""

    _frame: Frame | None = None

    def show(self, frame: Frame) -> None:
        """Show a new frame."""
        self._frame = frame
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        if self._frame is None or self._frame.view is not View.CHANGES:
            return draw_changes(self._frame, width, height)
        shown, position = self.scrolled(all_rows(self._frame.snapshot, width - 4), height)
        return framed_changes(self._frame, shown, width, height, position)
