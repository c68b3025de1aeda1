"""The dialog that asks for confirmation."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static


class ConfirmDialog(ModalScreen[bool]):
    """Asks a question; y or Enter confirms, every other key that closes a dialog cancels."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("y,enter", "answer(True)", "yes"),
        ("n,escape,q", "answer(False)", "no"),
    ]

    def __init__(self, question: str, verb: str) -> None:
        super().__init__(classes="dialog")
        self._question = question
        self._verb = verb

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content.styled(self._question, "bold"))
            yield Static(Content(f"y or enter {self._verb}   n or esc back"), classes="faint")

    def action_answer(self, confirmed: bool) -> None:
        self.dismiss(confirmed)
