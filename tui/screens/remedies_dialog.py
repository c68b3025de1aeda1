"""The dialog of suggested fixes; a digit applies one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Static

from fitmon.text import finding_words as words
from fitmon.text import format as form
from fitmon.text.remedies import RemedyChoice

ROWS_AROUND_LIST = 5
"""Border, title, error, and keys."""
ROOMY_WIDTH = 64
"""On a narrower terminal the hint is shorter."""


class RemediesDialog(ModalScreen[RemedyChoice | None]):
    """Lists the remedies at the time it was opened; its result is the one to apply."""

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(digit), f"choose({digit})", "apply") for digit in range(1, 10)),
        Binding("enter", "choose(1)", "apply the first", priority=True),
        ("escape,q,a", "back", "back"),
    ]

    def __init__(self, choices: Sequence[RemedyChoice]) -> None:
        """List the remedies of all findings, at least one, those of the strongest finding first."""
        super().__init__(classes="dialog wide")
        self._choices = choices

    def compose(self) -> ComposeResult:
        with Vertical():
            yield Static(Content.styled("suggested fixes", "bold"))
            with VerticalScroll():
                yield Static(_table(self._choices))
            yield Static(id="error", classes="error")
            yield Static(Content(self._keys_hint()), id="hint", classes="faint")

    def on_mount(self) -> None:
        self.query_one("#error").display = False
        self._set_height()

    def on_resize(self, _event: Resize) -> None:
        self._set_height()

    def _set_height(self) -> None:
        self.query_one("#hint", Static).update(Content(self._keys_hint()))
        # Otherwise the list would push the keys off a low terminal.
        self.query_one(VerticalScroll).styles.max_height = max(1, self.app.size.height - ROWS_AROUND_LIST)

    def _keys_hint(self) -> str:
        last = max((choice.number or 0 for choice in self._choices), default=0)
        if not last:
            return "esc back"
        digits = "1" if last == 1 else f"1…{last}"
        if self.app.size.width < ROOMY_WIDTH:
            return f"{digits} apply   esc back   ↑ ↓ scroll"
        return f"{digits} apply   enter applies 1   esc back   ↑ ↓ scroll"

    def action_choose(self, number: int) -> None:
        """Apply the remedy with that digit."""
        ready = {choice.number: choice for choice in self._choices if choice.number}
        if number in ready:
            self.dismiss(ready[number])
        else:
            self._show_error(f"There is no fix {number}." if ready else "None of these can be applied now.")

    def _show_error(self, text: str) -> None:
        line = self.query_one("#error", Static)
        line.update(Content(form.clean(text)))
        line.display = True

    def action_back(self) -> None:
        self.dismiss(None)


def _table(choices: Sequence[RemedyChoice]) -> Table:
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=1, no_wrap=True)
    table.add_column(ratio=1)
    heading = None
    for choice in choices:
        if choice.finding is not heading:
            if heading is not None:
                table.add_row()
            heading = choice.finding
            confidence = f"  {words.confidence(heading)}"
            table.add_row("", Text.assemble((words.finding_name(heading), "bold"), (confidence, "dim")))
        table.add_row(*_entry(choice))
    return table


def _entry(choice: RemedyChoice) -> tuple[Text, Text]:
    refusal = f" ({form.clean(choice.refusal)})" if choice.refusal else ""
    digit = Text(f"{choice.number}", "bold magenta") if choice.number else Text("·", "dim")
    command = words.remedy_command(choice.remedy)
    expected = (f"\n{form.clean(choice.remedy.expect)}", "dim")
    return digit, Text.assemble(f"{words.advice(choice.remedy)}{refusal}", f"\n{command}" if command else "", expected)
