"""The panel with the output of TensorFlow and the model: the end of the run's log file."""

from pathlib import Path

from fitmon.text import format as form
from fitmon.text.rows import Row
from fitmon.tui.drawing.log import draw_log
from fitmon.tui.layout import View
from fitmon.tui.log_tail import LogTail
from fitmon.tui.widgets.row_widget import RowWidget

USUAL_ROWS = 6
"""The rows that it wants in the overview at most, its frame left out."""


class LogPane(RowWidget):
    """Shows the end of the log: all of it in its own view, in the overview only what a person may need."""

    _view = View.OVERVIEW

    def __init__(self, widget_id: str, log_path: Path | None) -> None:
        super().__init__(widget_id)
        self._path = "" if log_path is None else str(log_path)
        self._rows_back = 0
        self._text = ""
        self._tail = None if log_path is None else LogTail(log_path)

    def refresh_log(self, view: View) -> None:
        """Read what was added and draw it; the file is not read in views that do not show it."""
        if view not in {View.OVERVIEW, View.OUTPUT}:
            return
        is_new = self._tail is not None and self._tail.read()
        if self.display and (is_new or view is not self._view or not self.shown_rows):
            self._view = view
            self.redraw()

    def wanted_rows(self, width: int) -> int:
        """Return the rows that the overview should give it, frame included; 0 if there is nothing a person needs."""
        lines = [] if self._tail is None else self._tail.last_needed(width - 4, USUAL_ROWS)
        return len(lines) + 2 if lines else 0

    def wheel(self, rows: int) -> None:
        """Show rows further down, up if negative; at the end, new output is followed again."""
        self._rows_back = max(0, self._rows_back - rows)
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
        if self._tail is None:
            return draw_log([], self._path, width, height)
        room = max(0, height - 2)
        if self._view is View.OVERVIEW:
            needed = self._tail.last_needed(width - 4, room)
            return draw_log(needed, self._path, width, height, hidden=self._tail.harmless_lines)
        lines = self._tail.last(width - 4, room + self._rows_back, self._text)
        self._rows_back = max(0, min(self._rows_back, len(lines) - room))
        shown = lines[max(0, len(lines) - room - self._rows_back) : len(lines) - self._rows_back]
        return draw_log(shown, self._path, width, height, containing=self._text)
