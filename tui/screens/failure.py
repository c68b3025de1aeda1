"""The screen that shows an error and its traceback."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from fitmon.engine.events import RunFailed
from fitmon.text.format import clean


class FailureScreen(Screen[None]):
    """Shows the message and the traceback of a failed run; the arrow keys scroll."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,f", "back", "back"),
        ("q", "app.quit", "quit"),
    ]

    def __init__(self, failure: RunFailed) -> None:
        super().__init__(classes="page")
        self._failure = failure

    def compose(self) -> ComposeResult:
        epochs = self._failure.epochs_done
        with VerticalScroll():
            yield Static(Content.styled(f"The run failed after {epochs} epoch{'' if epochs == 1 else 's'}", "bold"))
            yield Static(Content("esc or f back to the panels   q quit   arrows scroll\n"), classes="faint")
            yield Static(Content(clean(self._failure.message, line_breaks=True) + "\n"), id="message")
            yield Static(Content(clean(self._failure.traceback, line_breaks=True)), id="traceback")

    def action_back(self) -> None:
        self.dismiss()
