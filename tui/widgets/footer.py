"""The footer widget."""

from fitmon.text.rows import Row
from fitmon.tui.drawing.footer import draw_footer
from fitmon.tui.drawing.footer_click import key_at
from fitmon.tui.frame import Frame
from fitmon.tui.keys import keys_in
from fitmon.tui.widgets.row_widget import RowWidget


class Footer(RowWidget):
    """Shows one row of keys and what they do."""

    _frame: Frame | None = None

    def show(self, frame: Frame) -> None:
        """Show a new frame."""
        self._frame = frame
        self.redraw()

    def click_at(self, column: int, row: int) -> bool:
        """Press the key whose hint is there."""
        if self._frame is None or row or not self.shown_rows:
            return False
        key = key_at(self.shown_rows[0], column, keys_in(self._frame.view))
        if key is not None:
            self.app.simulate_key(key)
        return key is not None

    def draw(self, width: int, height: int) -> list[Row]:
        return [draw_footer(self._frame, width)] * min(height, 1)
