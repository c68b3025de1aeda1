"""The panel with the output of TensorFlow and the model: the end of the run's log file."""

from pathlib import Path

from fitmon.text.rows import Row
from fitmon.tui.drawing.log import draw_log
from fitmon.tui.log_tail import LogTail
from fitmon.tui.widgets.row_widget import RowWidget


class LogPane(RowWidget):
    """Shows the end of the log while it is visible; reads nothing while it is not."""

    def __init__(self, widget_id: str, log_path: Path | None) -> None:
        super().__init__(widget_id)
        self._path = "" if log_path is None else str(log_path)
        self._rows_back = 0
        self._tail = None if log_path is None else LogTail(log_path)

    def refresh_log(self) -> None:
        """Read what was added and draw it."""
        if self.display and (self._tail is None or self._tail.read() or not self.shown_rows):
            self.redraw()

    def wheel(self, rows: int) -> None:
        """Show rows further down, up if negative; at the end, new output is followed again."""
        self._rows_back = max(0, self._rows_back - rows)
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        room = max(0, height - 2)
        lines = [] if self._tail is None else self._tail.last(width - 4, room + self._rows_back)
        self._rows_back = max(0, min(self._rows_back, len(lines) - room))
        lines = lines[max(0, len(lines) - room - self._rows_back) : len(lines) - self._rows_back]
        return draw_log(lines, self._path, width, height)
