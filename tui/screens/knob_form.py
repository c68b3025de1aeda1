"""The form that changes several knobs at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import DescendantFocus, Resize
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import KNOBS
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.sentences import knob_name
from fitmon.tui.knob_fields import KnobField, present_range, read_field, step_words, stepped
from fitmon.tui.widgets.number_field import NumberField

ROWS_AROUND_FIELDS = 5
"""Border, title, range or error, and keys."""

ROOMY_WIDTH = 64
"""On a narrower terminal the hints are shorter."""

Check = Callable[[dict[str, float]], None]
"""Raises UsageError if the run would refuse the changes."""


class KnobForm(ModalScreen[dict[str, float] | None]):
    """A field for each knob, with its present value; the result is what was changed, None if the form was left.

    It rejects what the run would reject, by the newest snapshot, since the run continues meanwhile.
    """

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "focus_field(1)", "next field", priority=True),
        Binding("shift+tab", "focus_field(-1)", "previous field", priority=True),
        ("escape", "back", "back"),
    ]

    def __init__(
        self,
        title: str,
        fields: Sequence[KnobField],
        newest: Callable[[], Snapshot],
        check: Check,
        *,
        first: str = "",
        apply: str = "enter apply",
    ) -> None:
        """Build the form.

        Args:
            title: what the changes are for.
            fields: at least one.
            newest: returns the newest snapshot, for the ranges of the knobs.
            check: of all changes together.
            first: the knob whose field has the focus at first; empty, or a knob without a field: the first field.
            apply: what enter does, for the line of keys.
        """
        super().__init__(classes="dialog form")
        self._title, self._fields, self._newest, self._check, self._apply = title, fields, newest, check, apply
        names = [field.name for field in fields]
        self._chosen = names.index(first) if first in names else 0

    def compose(self) -> ComposeResult:
        labels = "\n".join(f"{knob_name(field.name):15}" for field in self._fields)
        states = "\n".join(f"  {form.clean(field.state)}" for field in self._fields)
        with Vertical():
            yield Static(Content.styled(form.clean(self._title), "bold"), id="heading")
            with VerticalScroll(can_focus=False), Horizontal(id="fields"):
                yield Static(Content(labels), classes="labels")
                with Vertical(classes="texts"):
                    for field in self._fields:
                        yield NumberField(field.text, field.name, self._step_of(field.name))
                yield Static(Content(states), classes="faint")
            yield Static(id="error", classes="error")
            yield Static(id="range", classes="faint")
            yield Static(id="hint", classes="faint")

    def _step_of(self, name: str) -> Callable[[str, bool], str]:
        def step(text: str, up: bool) -> str:
            knob = present_range(name, self._newest())
            try:
                value = knob.parse(text)
            except UsageError:
                return text
            return form.setting(stepped(knob, value, up=up))

        return step

    def on_mount(self) -> None:
        self.set_focus(self._inputs()[self._chosen])
        self._fit()
        self._show_error("")

    def on_resize(self, _event: Resize) -> None:
        self._fit()

    def _fit(self) -> None:
        self.query_one(VerticalScroll).styles.max_height = max(1, self.app.size.height - ROWS_AROUND_FIELDS)
        self._describe()

    def _inputs(self) -> list[Input]:
        return list(self.query(Input))

    def _describe(self) -> None:
        """Update the range of the field with the focus, and the keys."""
        knob = present_range(self._fields[self._chosen].name, self._newest())
        example = f"{knob.interval()}, such as {knob.example}"
        roomy = self.app.size.width >= ROOMY_WIDTH
        self.query_one("#range", Static).update(Content(f"{example} · {step_words(knob)}" if roomy else example))
        several = "   tab next field" * (len(self._fields) > 1 and roomy)
        self.query_one("#hint", Static).update(Content(f"{self._apply}{several}   esc back"))

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        names = [field.name for field in self._fields]
        if event.widget.id in names:
            self._chosen = names.index(event.widget.id)
            self._describe()

    def action_focus_field(self, by: int) -> None:
        inputs = self._inputs()
        self._chosen = (self._chosen + by) % len(inputs)
        self.set_focus(inputs[self._chosen])
        self._describe()

    def _show_error(self, text: str) -> None:
        line = self.query_one("#error", Static)
        line.update(Content(form.clean(text)))
        line.display = bool(text)
        self.query_one("#range", Static).display = not text

    def on_input_changed(self, _event: Input.Changed) -> None:
        self._show_error("")

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        try:
            changes = self._changes()
            self._check(changes)
        except UsageError as error:
            self._show_error(str(error))
        else:
            self.dismiss(changes)

    def _changes(self) -> dict[str, float]:
        """Return what was typed in all fields; on an error, the focus moves to the field that has it."""
        changes: dict[str, float] = {}
        snapshot = self._newest()
        for field, text in zip(self._fields, self._inputs(), strict=True):
            try:
                changes |= read_field(field, text.value, present_range(field.name, snapshot), snapshot.knobs)
            except UsageError:
                self.set_focus(text)
                raise
        return {name: changes[name] for name in KNOBS if name in changes}

    def action_back(self) -> None:
        self.dismiss(None)
