"""The dialog that changes a knob."""

from collections.abc import Callable
from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from fitmon.engine.commands import SetKnob
from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import EPOCHS, KNOBS, Knob, knob_named
from fitmon.engine.record.snapshot import KnobState, Snapshot
from fitmon.text import format as form
from fitmon.text.sentences import knob_name
from fitmon.tui.screens.number_dialog import NumberDialog


class KnobDialog(NumberDialog[SetKnob]):
    """Asks for a knob's new value; with several knobs, tab goes from one to the next.

    What the run would refuse as it stands is refused here, by the newest snapshot, since the run goes on meanwhile.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "next_knob", "other knob", priority=True)]

    def __init__(self, knobs: tuple[KnobState, ...], seen: Callable[[], Snapshot]) -> None:
        super().__init__()
        self._knobs = knobs
        self._seen = seen
        self._chosen = next((index for index, knob in enumerate(knobs) if not knob.unavailable), 0)

    @property
    def knob(self) -> KnobState:
        """The knob that would be changed now."""
        return self._knobs[self._chosen]

    def wanted(self) -> list[str]:
        knob = self.knob
        lines = [knob_name(knob.name), f"now {form.knob_value(knob.value)}"]
        if knob.pending is not None:
            lines[1] += f", {form.setting(knob.pending)} asked for {form.pending_epoch(knob)}"
        if knob.name in KNOBS and not knob.unavailable:
            wanted = self._wanted_knob()
            lines.append(f"wanted: {wanted.wanted()}, such as {wanted.example}")
        return lines

    def refusal(self) -> str:
        return f"It cannot be changed: {self.knob.unavailable}" if self.knob.unavailable else ""

    def keys_hint(self) -> str:
        others = [form.knob_label(knob.name) for knob in self._knobs if knob is not self.knob]
        return super().keys_hint() + (f"   tab {', '.join(others)}" if others else "")

    def read(self, text: str) -> SetKnob:
        value = self._wanted_knob().parse(text)
        seen = self._seen()
        last = _last_epoch(seen)
        if self.knob.name != EPOCHS.name and seen.epoch >= last:
            raise UsageError(f"There is no epoch {seen.epoch + 1}: the run ends with epoch {last}. Raise epochs first.")
        return SetKnob(knob=self.knob.name, value=value)

    def _wanted_knob(self) -> Knob:
        """Return the knob with the range it has now: the epochs that have begun cannot be undone."""
        knob, begun = knob_named(self.knob.name), self._seen().epoch
        if knob is not EPOCHS or begun <= 1:
            return knob
        return replace(knob, minimum=begun, example=str(begun + int(EPOCHS.example)))

    def action_next_knob(self) -> None:
        self._chosen = (self._chosen + 1) % len(self._knobs)
        self.describe()
        if not self.refusal():
            self.query_one(Input).focus()


def _last_epoch(seen: Snapshot) -> int:
    """Return the last epoch there will be, a change of it at the next epoch taken into account."""
    epochs = seen.knob(EPOCHS.name)
    if epochs is None or epochs.pending is None or epochs.pending_epoch != seen.epoch + 1:
        return seen.epochs
    return int(epochs.pending)
