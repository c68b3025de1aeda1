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
        Binding("enter", "choose(0)", "apply the first", priority=True),
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
        ready = [choice.number for choice in self._choices if choice.ready]
        if not ready:
            return "esc back"
        digits = f"{ready[0]}" if len(ready) == 1 else f"{ready[0]}…{ready[-1]}"
        if self.app.size.width < ROOMY_WIDTH:
            return f"{digits} apply   esc back   ↑ ↓ scroll"
        return f"{digits} apply   enter applies {ready[0]}   esc back   ↑ ↓ scroll"

    def action_choose(self, number: int) -> None:
        """Apply the remedy with that digit; 0: the first that can be applied."""
        offered = [choice for choice in self._choices if choice.number is not None]
        matching = [choice for choice in offered if (choice.number == number if number else choice.ready)]
        if matching and matching[0].ready:
            self.dismiss(matching[0])
        elif matching:
            self._show_error(f"Cannot be applied: {matching[0].refusal}.")
        else:
            self._show_error(f"There is no fix {number}." if number else "None of these can be applied now.")

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
    digit = Text(f"{choice.number}", "bold magenta") if choice.ready else Text("·", "dim")
    command = words.remedy_command(choice.remedy)
    expected = (f"\n{form.clean(choice.remedy.expect)}", "dim")
    advice = f"{form.clean(choice.remedy.advice)}{refusal}"
    return digit, Text.assemble(advice, f"\n{command}" if command else "", expected)
