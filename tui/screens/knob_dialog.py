"""The dialog that changes a knob."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from fitmon.engine.commands import SetKnob
from fitmon.engine.knobs.catalogue import KNOBS, knob_named
from fitmon.engine.record import KnobState
from fitmon.tui import format as form
from fitmon.tui.screens.number_dialog import NumberDialog


class KnobDialog(NumberDialog[SetKnob]):
    """Asks for a knob's new value; with several knobs, tab goes from one to the next."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "next_knob", "other knob", priority=True)]

    def __init__(self, knobs: tuple[KnobState, ...]) -> None:
        super().__init__()
        self._knobs = knobs
        self._chosen = next((index for index, knob in enumerate(knobs) if not knob.unavailable), 0)

    @property
    def knob(self) -> KnobState:
        """The knob that would be changed now."""
        return self._knobs[self._chosen]

    def wanted(self) -> list[str]:
        knob = self.knob
        lines = [_title(knob), f"now {form.knob_value(knob.value)}"]
        if knob.pending is not None:
            lines[1] += f", {form.setting(knob.pending)} asked for at epoch {knob.pending_epoch}"
        if knob.name in KNOBS and not knob.unavailable:
            lines.append(f"wanted: {KNOBS[knob.name].wanted()}, such as {KNOBS[knob.name].example}")
        return lines

    def refusal(self) -> str:
        return f"It cannot be changed: {self.knob.unavailable}" if self.knob.unavailable else ""

    def keys_hint(self) -> str:
        others = [form.knob_label(knob.name) for knob in self._knobs if knob is not self.knob]
        return super().keys_hint() + (f"   tab {', '.join(others)}" if others else "")

    def read(self, text: str) -> SetKnob:
        return SetKnob(knob=self.knob.name, value=knob_named(self.knob.name).parse(text))

    def action_next_knob(self) -> None:
        self._chosen = (self._chosen + 1) % len(self._knobs)
        self.describe()
        if not self.refusal():
            self.query_one(Input).focus()


def _title(knob: KnobState) -> str:
    label, name = form.knob_label(knob.name), knob.name.replace("_", " ")
    return name if label.lower() in name else f"{name} ({label})"
