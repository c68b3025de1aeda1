"""The help of the comparison, made from its table of keys."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from fitmon.tui.comparison_keys import COMPARISON_KEYS
from fitmon.tui.keys import key_named


class ComparisonHelp(Screen[None]):
    """Lists every key of the comparison and what it does."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("escape,question_mark,q", "back", "back")]

    def __init__(self) -> None:
        super().__init__(classes="page")

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(_table())

    def action_back(self) -> None:
        self.dismiss()


def _table() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_row(Text("Keys", "bold"), Text("esc back   arrows scroll"))
    for key in (*COMPARISON_KEYS, key_named("draw_again")):
        if key.tooltip:
            table.add_row(Text(key.shown, "bold"), Text(key.tooltip))
    return table
