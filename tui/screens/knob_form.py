"""The form that changes several knobs at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Input

from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import KNOBS
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.rows import Row
from fitmon.tui.drawing.knob_rows import LABEL_WIDTH, KnobFormContent, draw_form
from fitmon.tui.knob_fields import KnobField, present_range, read_field, step_words, stepped
from fitmon.tui.widgets.number_field import NumberField
from fitmon.tui.widgets.row_widget import RowWidget

BORDER_ROWS = 2

ROOMY_WIDTH = 64
"""On a narrower terminal the hints are shorter."""

Check = Callable[[dict[str, float]], None]
"""Raises UsageError if the run would refuse the changes."""


class KnobForm(ModalScreen[dict[str, float] | None]):
    """A field for each knob, with its present value; the result is what was changed, None if the form was left.

    It rejects what the run would reject, by the newest snapshot, since the run continues meanwhile. One text field
    moves from row to row: to mount one for each knob would take a tenth of a second while the run is training.
    """

    CSS_PATH = "dialog.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "move(1)", "next field", priority=True),
        Binding("shift+tab", "move(-1)", "previous field", priority=True),
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
        self._texts = [field.text for field in fields]
        self._error = ""
        self._rows = FormRows("knobs")
        self._input = NumberField(self._texts[self._chosen], "text", self._step)

    @property
    def chosen(self) -> str:
        """The knob whose field has the focus."""
        return self._fields[self._chosen].name

    @property
    def texts(self) -> list[str]:
        """The texts of the fields, from top to bottom."""
        return [self._input.value if at == self._chosen else text for at, text in enumerate(self._texts)]

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self._rows
            yield self._input

    def on_mount(self) -> None:
        self._describe()
        self.set_focus(self._input)

    def on_resize(self, _event: Resize) -> None:
        self._describe()

    def _step(self, text: str, up: bool) -> str:
        knob = present_range(self.chosen, self._newest())
        try:
            value = knob.parse(text)
        except UsageError:
            return text
        return form.setting(stepped(knob, value, up=up))

    def _describe(self) -> None:
        """Draw the rows, and put the text field over the text of the chosen one."""
        knob = present_range(self.chosen, self._newest())
        example = f"{knob.interval()}, such as {knob.example}"
        roomy = self.app.size.width >= ROOMY_WIDTH
        content = KnobFormContent(
            title=self._title,
            fields=self._fields,
            texts=self.texts,
            chosen=self._chosen,
            error=self._error,
            range=f"{example} · {step_words(knob)}" if roomy else example,
            keys=f"{self._apply}{'   tab next field' * (len(self._fields) > 1 and roomy)}   esc back",
        )
        row = self._rows.show(content, self.app.size.height - BORDER_ROWS)
        self._input.styles.offset = (LABEL_WIDTH, row)

    def _choose(self, at: int, *, select: bool) -> None:
        """Move to a field; its text is replaced by what is typed if `select`, else typing appends to it."""
        self._texts = self.texts
        self._chosen = at
        with self.prevent(Input.Changed):
            self._input.value = self._texts[at]
        if select:
            self._input.action_select_all()
        else:
            self._input.action_end()

    def action_move(self, by: int) -> None:
        self._choose((self._chosen + by) % len(self._fields), select=True)
        self._describe()

    def on_input_changed(self, _event: Input.Changed) -> None:
        if self._error:
            self._error = ""
            self._describe()

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        try:
            changes = self._changes()
            self._check(changes)
        except UsageError as error:
            self._error = str(error)
            self._describe()
        else:
            self.dismiss(changes)

    def _changes(self) -> dict[str, float]:
        """Return what was typed in all fields; on an error, the focus moves to the field that has it."""
        changes: dict[str, float] = {}
        snapshot = self._newest()
        for at, (field, text) in enumerate(zip(self._fields, self.texts, strict=True)):
            try:
                changes |= read_field(field, text, present_range(field.name, snapshot), snapshot.knobs)
            except UsageError:
                self._choose(at, select=False)
                raise
        return {name: changes[name] for name in KNOBS if name in changes}

    def action_back(self) -> None:
        self.dismiss(None)


class FormRows(RowWidget):
    """The rows of the form, as high as they need to be."""

    def __init__(self, widget_id: str) -> None:
        super().__init__(widget_id)
        self._content: KnobFormContent | None = None
        self._max_height = 1

    def show(self, content: KnobFormContent, max_height: int) -> int:
        """Draw what the form shows; return the row of the chosen field."""
        self._content, self._max_height = content, max_height
        rows, chosen = draw_form(content, max(1, self.size.width), max_height)
        self.styles.height = len(rows)
        self.redraw()
        return chosen

    def draw(self, width: int, height: int) -> list[Row]:
        del height
        return [] if self._content is None else draw_form(self._content, width, self._max_height)[0]
