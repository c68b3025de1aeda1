"""The help screen, made from the table of keys."""

from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from fitmon.tui.keys import KEYS


class HelpScreen(Screen[None]):
    """Lists every key and what it does."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("escape,question_mark,q", "back", "back")]

    def __init__(self) -> None:
        super().__init__(classes="page")

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            # One widget: one per key would take Textual a quarter of a second to mount during training.
            yield Static(help_table())

    def action_back(self) -> None:
        self.dismiss()


def help_table() -> Table:
    """Return one row per key: the key as the user sees it, and what it does."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    table.add_row(Text("Keys", "bold"), Text("esc back   arrows scroll"))
    for key in KEYS:
        table.add_row(Text(key.shown, "bold"), Text(key.tooltip))
    return table
