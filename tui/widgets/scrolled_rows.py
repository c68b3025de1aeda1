"""A panel whose rows may be more than fit: keys and the wheel scroll them."""

from __future__ import annotations

from fitmon.text.rows import Row
from fitmon.tui.widgets.row_widget import RowWidget

FRAME_ROWS = 2


class ScrolledRows(RowWidget):
    """The base of panels that scroll."""

    _first = 0

    def scroll_by(self, rows: int) -> None:
        """Scroll down by a number of rows; up if negative."""
        self._first += rows
        self.redraw()

    def wheel(self, rows: int) -> None:
        self.scroll_by(rows)

    def page(self, pages: int) -> None:
        """Scroll down by a number of pages; up if negative."""
        self.scroll_by(pages * max(1, self.size.height - FRAME_ROWS - 1))

    def scrolled(self, lines: list[Row], height: int) -> tuple[list[Row], str]:
        """Return the rows that are shown in a frame of that height, and which they are; empty if all are."""
        room = max(1, height - FRAME_ROWS)
        self._first = max(0, min(self._first, len(lines) - room))
        shown = lines[self._first : self._first + room]
        position = f"  {self._first + 1}–{self._first + len(shown)} of {len(lines)} rows" if len(lines) > room else ""
        return shown, position
