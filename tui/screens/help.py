"""The help: the table of keys, read out."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from fitmon.tui.keys import KEYS


class HelpScreen(Screen[None]):
    """Lists every key with what it does."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("escape,question_mark,q", "back", "back")]

    def __init__(self) -> None:
        super().__init__(classes="page")

    def compose(self) -> ComposeResult:
        with VerticalScroll():
            yield Static(Content.assemble(("Keys", "bold"), "   esc back   arrows scroll\n"))
            for key in KEYS:
                with Horizontal(id=f"help-{key.id}", classes="key"):
                    yield Static(Content.styled(key.shown, "bold"), classes="shown")
                    yield Static(Content(key.tooltip))

    def action_back(self) -> None:
        self.dismiss()
