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
    """Asks for the new value of a knob; with several knobs, tab switches between them.

    The dialog rejects what the run would reject, by the newest snapshot, since the run continues meanwhile.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("tab", "next_knob", "other knob", priority=True)]

    def __init__(self, knobs: tuple[KnobState, ...], newest: Callable[[], Snapshot]) -> None:
        super().__init__()
        self._knobs = knobs
        self._newest = newest
        self._chosen = next((index for index, knob in enumerate(knobs) if not knob.unavailable), 0)

    @property
    def knob(self) -> KnobState:
        """The knob to change."""
        return self._knobs[self._chosen]

    def heading(self) -> list[str]:
        knob = self.knob
        lines = [knob_name(knob.name), f"now {form.knob_value(knob.value)}"]
        if knob.pending is not None:
            lines[1] += f", pending {form.setting(knob.pending)} {form.pending_epoch(knob)}"
        if knob.name in KNOBS and not knob.unavailable:
            valid = self._valid_knob()
            lines.append(f"expected: {valid.wanted()}, such as {valid.example}")
        return lines

    def refusal(self) -> str:
        return f"Cannot be changed: {self.knob.unavailable}" if self.knob.unavailable else ""

    def keys_hint(self) -> str:
        others = [form.knob_label(knob.name) for knob in self._knobs if knob is not self.knob]
        return super().keys_hint() + (f"   tab {', '.join(others)}" if others else "")

    def parse(self, text: str) -> SetKnob:
        value = self._valid_knob().parse(text)
        snapshot = self._newest()
        last = _last_epoch(snapshot)
        if self.knob.name != EPOCHS.name and snapshot.epoch >= last:
            raise UsageError(
                f"There is no epoch {snapshot.epoch + 1}: the run ends with epoch {last}. Increase epochs first."
            )
        return SetKnob(knob=self.knob.name, value=value)

    def _valid_knob(self) -> Knob:
        """Return the knob with its current range: at least the epochs that have begun."""
        knob, begun = knob_named(self.knob.name), self._newest().epoch
        if knob is not EPOCHS or begun <= 1:
            return knob
        return replace(knob, minimum=begun, example=str(begun + int(EPOCHS.example)))

    def action_next_knob(self) -> None:
        self._chosen = (self._chosen + 1) % len(self._knobs)
        self.describe()
        if not self.refusal():
            self.query_one(Input).focus()


def _last_epoch(snapshot: Snapshot) -> int:
    """Return the last epoch of the run, with a change that is pending for the next epoch taken into account."""
    epochs = snapshot.knob(EPOCHS.name)
    if epochs is None or epochs.pending is None or epochs.pending_epoch != snapshot.epoch + 1:
        return snapshot.epochs
    return int(epochs.pending)
