"""The panel with the output of TensorFlow and the model: the end of the run's log file."""

from pathlib import Path

from fitmon.text import format as form
from fitmon.text.rows import Row
from fitmon.tui.drawing.log import draw_log
from fitmon.tui.log_tail import LogTail
from fitmon.tui.widgets.row_widget import RowWidget


class LogPane(RowWidget):
    """Shows the end of the log while it is visible; reads nothing while it is not."""

    def __init__(self, widget_id: str, log_path: Path | None) -> None:
        super().__init__(widget_id)
        self._path = "" if log_path is None else str(log_path)
        self._text = ""
        self._tail = None if log_path is None else LogTail(log_path)

    def refresh_log(self) -> None:
        """Read what was added and draw it."""
        if self.display and (self._tail is None or self._tail.read() or not self.shown_rows):
            self.redraw()

    def search(self, text: str) -> str:
        """Show only the lines that contain the text, in any case; return how many, as a sentence. Empty: all lines."""
        self._text = text
        self.redraw()
        if not text:
            return "all lines"
        number = 0 if self._tail is None else len(self._tail.matching(text))
        noun = "line contains" if number == 1 else "lines contain"
        return f"{form.count(number)} {noun} {form.clean(text)} · / clears"

    def draw(self, width: int, height: int) -> list[Row]:
        lines = [] if self._tail is None else self._tail.last(width - 4, height - 2, self._text)
        return draw_log(lines, self._path, width, height, containing=self._text)
