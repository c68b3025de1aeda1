"""The help screen, made from the table of keys."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from fitmon.text.rows import Row
from fitmon.tui.drawing.help import draw_help
from fitmon.tui.layout import View
from fitmon.tui.widgets.row_widget import RowWidget


class HelpScreen(Screen[None]):
    """Lists every key and what it does, those of a view first."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,question_mark,q,enter", "back", "back"),
        *(Binding(key, f"scroll({rows})", "scroll") for key, rows in (("up", -1), ("down", 1))),
        *(Binding(key, f"page({pages})", "scroll") for key, pages in (("pageup", -1), ("pagedown", 1))),
        *(Binding(key, f"page({pages})", "scroll") for key, pages in (("home", -1000), ("end", 1000))),
    ]

    def __init__(self, view: View) -> None:
        super().__init__(classes="page")
        self._rows = HelpRows(view)

    def compose(self) -> ComposeResult:
        yield self._rows

    def action_scroll(self, rows: int) -> None:
        self._rows.scroll_rows(rows)

    def action_page(self, pages: int) -> None:
        self._rows.scroll_rows(pages * max(1, self._rows.size.height - 1))

    def action_back(self) -> None:
        self.dismiss()


class HelpRows(RowWidget):
    """The rows of the help; one widget, since one per key would take a quarter of a second to mount."""

    def __init__(self, view: View) -> None:
        super().__init__("help")
        self._view = view
        self._first = 0

    def scroll_rows(self, rows: int) -> None:
        """Scroll down by a number of rows, up if negative, as far as there is more to see."""
        self._first += rows
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        lines = draw_help(self._view, width)
        self._first = max(0, min(self._first, len(lines) - height))
        return lines[self._first : self._first + height]
