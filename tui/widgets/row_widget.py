"""The base of all panels: rows drawn by a pure function; only changed cells are sent to the terminal."""

from rich.cells import cell_len
from rich.segment import Segment
from textual.events import Click, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from fitmon.text.rows import Row, filled
from fitmon.tui.palette import style_of

WHEEL_ROWS = 3
"""How far one step of the mouse wheel scrolls."""


class RowWidget(Widget):
    """A widget that keeps its rows and repaints only those that changed."""

    def __init__(self, widget_id: str) -> None:
        super().__init__(id=widget_id)
        self.shown_rows: list[Row] = []
        """The rows on the screen, to find out what changed and for tests."""
        self._strips: list[Strip] = []

    def draw(self, width: int, height: int) -> list[Row]:
        """Return the rows for this size; missing rows are blank, long ones are clipped."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw again and repaint what changed. Has no effect while the widget is hidden."""
        width, height = self.size
        if not self.display or not width or not height:
            return
        rows = filled(self.draw(width, height), width, height)
        regions = changed_regions(self.shown_rows, rows)
        self.shown_rows = rows
        if regions is None:
            self._strips = [_strip(line, width) for line in rows]
            self.refresh()
            return
        for region in regions:
            self._strips[region.y] = _strip(rows[region.y], width)
        if regions:
            self.refresh(*regions)

    def wheel(self, rows: int) -> None:
        """Scroll down by a number of rows, up if negative; a widget that can scroll overrides it."""

    def click_at(self, column: int, row: int) -> bool:
        """Select what is at a place in the widget, in cells from 0; return whether there was anything to select.

        A widget that has something to select overrides it.
        """
        del column, row
        return False

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.wheel(WHEEL_ROWS)

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.wheel(-WHEEL_ROWS)

    def on_click(self, event: Click) -> None:
        if event.chain == 1 and self.click_at(event.x, event.y):
            event.stop()

    def restyle(self) -> None:
        """Repaint every cell, since roles look different now."""
        self._strips = [_strip(line, self.size.width) for line in self.shown_rows]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)

    def on_resize(self, _event: Resize) -> None:
        self.shown_rows = []
        self.redraw()


def changed_regions(before: list[Row], after: list[Row]) -> list[Region] | None:
    """Return the cells that differ, at most one region per row; None if the two cannot be compared."""
    if len(before) != len(after):
        return None
    changed = [(y, old, new) for y, (old, new) in enumerate(zip(before, after, strict=True)) if old != new]
    return [_changed_cells(y, old, new) for y, old, new in changed]


def _changed_cells(y: int, old: Row, new: Row) -> Region:
    width = sum(cell_len(text) for text, _ in new)
    first = _cells_alike(old, new)
    last = _cells_alike(old[::-1], new[::-1])
    return Region(first, y, max(1, width - first - last), 1)


def _cells_alike(old: Row, new: Row) -> int:
    cells = 0
    for old_piece, new_piece in zip(old, new, strict=False):
        if old_piece != new_piece:
            break
        cells += cell_len(new_piece[0])
    return cells


def _strip(line: Row, width: int) -> Strip:
    return Strip([Segment(text, style_of(role)) for text, role in line], width)
