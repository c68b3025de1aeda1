"""The command palette: every command, found by a few letters of what it does.

Textual 8.2 has one, which searches in the background: of keys that arrive together, as on a slow link, Enter would run
a command that was found before the last letters.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Resize
from textual.fuzzy import FuzzySearch
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from fitmon.text.rows import Row
from fitmon.tui.drawing.command_list import PaletteCommand, commands_for, draw_commands, first_shown, matching
from fitmon.tui.layout import View
from fitmon.tui.widgets.number_field import NumberField
from fitmon.tui.widgets.row_widget import RowWidget

ROWS_AROUND_LIST = 4
"""Border, field, and keys."""
MOST_ROWS = 16


class CommandRows(RowWidget):
    """Lists the commands that match, and the chosen one."""

    def __init__(self, commands: list[PaletteCommand]) -> None:
        super().__init__("commands")
        self._all = commands
        self._search = FuzzySearch()
        self.commands = commands
        """Those that match what was typed, the best first."""
        self.place = 0
        """The number of the chosen one, from 0."""

    @property
    def chosen(self) -> PaletteCommand | None:
        """The chosen command; None if none matches."""
        return self.commands[self.place] if self.commands else None

    def find(self, typed: str) -> None:
        """List what matches, and choose the best."""
        found = matching(self._all, typed, lambda query, text: self._search.match(query, text)[0])
        if found != self.commands:
            self.commands, self.place = found, 0
            self.redraw()

    def move(self, rows: int) -> None:
        """Choose the command a number of rows further down, up if negative; the ends of the list are the limits."""
        self.place = max(0, min(self.place + rows, len(self.commands) - 1))
        self.redraw()

    def wheel(self, rows: int) -> None:
        self.move(rows)

    def click_at(self, column: int, row: int) -> bool:
        del column
        at = first_shown(len(self.commands), self.place, self.size.height) + row
        if at >= len(self.commands):
            return False
        self.place = at
        self.redraw()
        if isinstance(self.screen, CommandPalette):
            self.screen.action_run()
        return True

    def draw(self, width: int, height: int) -> list[Row]:
        return draw_commands(self.commands, self.place, width, height)


class CommandPalette(ModalScreen[PaletteCommand | None]):
    """Asks for a command; its result is the one to run."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", priority=True),
        Binding("down", "move(1)", "down", priority=True),
        Binding("pageup", "move(-10)", "page up", priority=True),
        Binding("pagedown", "move(10)", "page down", priority=True),
        ("escape", "back", "back"),
        Binding("ctrl+p", "back", "back", priority=True),
    ]

    def __init__(self, view: View) -> None:
        """List all commands.

        Args:
            view: The selected view, whose own commands come first.
        """
        super().__init__(classes="dialog wide")
        self._rows = CommandRows(commands_for(view))

    def compose(self) -> ComposeResult:
        with Vertical():
            field = NumberField("", "command")
            field.placeholder = "what to do"
            yield field
            yield self._rows
            yield Static(Content("enter run   ↑ ↓ choose   esc back"), classes="faint")

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._set_height()

    def on_resize(self, _event: Resize) -> None:
        self._set_height()

    def _set_height(self) -> None:
        self._rows.styles.height = max(1, min(MOST_ROWS, self.app.size.height - ROWS_AROUND_LIST))

    def on_input_changed(self, event: Input.Changed) -> None:
        self._rows.find(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        self._rows.find(event.value)
        self.action_run()

    def action_move(self, rows: int) -> None:
        """Choose another command."""
        self._rows.move(rows)

    def action_run(self) -> None:
        """Close, and run the chosen command; without one, stay."""
        if self._rows.chosen is not None:
            self.dismiss(self._rows.chosen)

    def action_back(self) -> None:
        """Close."""
        self.dismiss(None)
