"""The base of the dialogs that ask for one number."""

from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from fitmon.engine.errors import UsageError
from fitmon.text.format import clean
from fitmon.tui.widgets.number_field import NumberField

Answer = TypeVar("Answer")


class NumberDialog(ModalScreen[Answer | None], Generic[Answer]):
    """Asks for a number; if it is invalid, the error is shown and the text stays, so that it can be corrected."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [("escape", "back", "back")]

    def __init__(self) -> None:
        super().__init__(classes="dialog")

    def heading(self) -> list[str]:
        """Return the lines above the field: what to enter, the current value, the valid range."""
        raise NotImplementedError

    def parse(self, text: str) -> Answer:
        """Return the result for a text, or raise UsageError saying what is expected."""
        raise NotImplementedError

    def present(self) -> str:
        """Return the text that the field begins with."""
        return ""

    def step(self, text: str, up: bool) -> str:
        """Return the text after the up or down arrow, given the text before."""
        del up
        return text

    def keys_hint(self) -> str:
        """Return the line at the bottom."""
        return "enter apply   ↑ ↓ more, less   esc back"

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(id="heading")
            yield NumberField(self.present(), "number", self.step)
            yield Static(id="error", classes="error")
            yield Static(id="hint", classes="faint")

    def on_mount(self) -> None:
        self.describe()
        self.query_one(Input).focus()

    def describe(self) -> None:
        """Update every line."""
        head, *rest = self.heading()
        self.query_one("#heading", Static).update(
            Content.assemble((clean(head), "bold"), *(f"\n{clean(line)}" for line in rest))
        )
        self._show_error("")
        self.query_one("#hint", Static).update(Content(self.keys_hint()))

    def _show_error(self, text: str) -> None:
        line = self.query_one("#error", Static)
        line.update(Content(clean(text)))
        line.display = bool(text)

    def on_input_changed(self, _event: Input.Changed) -> None:
        self._show_error("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        try:
            answer = self.parse(event.value)
        except UsageError as error:
            self._show_error(str(error))
            return
        self.dismiss(answer)

    def action_back(self) -> None:
        self.dismiss(None)
