"""The fields of a form of knobs: the texts they begin with, the steps of the arrow keys, and what was typed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import BATCH_SIZE, DROPOUT, EPOCHS, KNOBS, L1, L2, Knob
from fitmon.engine.record.snapshot import KnobState, Snapshot
from fitmon.engine.values import KnobValue
from fitmon.text import format as form
from fitmon.tui.typed_changes import parse_changes

ORDER = [name for name in KNOBS if name != L1.name]
ORDER.insert(ORDER.index(L2.name) + 1, L1.name)
"""The knobs from top to bottom: L2 before L1, which is used less."""

SMALLEST_PENALTY, LARGEST_DROPOUT_STEP = 1e-7, 0.95
"""Halving a penalty below the one gives 0; the arrow keys stop at the other, though any rate below 1 can be typed."""


@dataclass(frozen=True, slots=True)
class KnobField:
    """One field."""

    name: str
    """Of the knob."""
    text: str
    """What it begins with: the pending value, else the present one."""
    state: str
    """What stands beside it: the present value, and from when on a pending one takes effect."""


def present_fields(knobs: Sequence[KnobState]) -> list[KnobField]:
    """Return a field for every knob that can be changed, with its present value."""
    return [KnobField(knob.name, _pending_or_present(knob), _state(knob)) for knob in _changeable(knobs)]


def fields_at(values: Mapping[str, KnobValue], knobs: Sequence[KnobState]) -> list[KnobField]:
    """Return the same with the values that the knobs had at another time."""
    changeable = [knob for knob in _changeable(knobs) if values.get(knob.name) is not None]
    return [
        KnobField(knob.name, form.knob_value(values[knob.name]), f"now {form.knob_value(knob.value)}")
        for knob in changeable
    ]


def _changeable(knobs: Sequence[KnobState]) -> list[KnobState]:
    known = [knob for knob in knobs if knob.name in KNOBS and not knob.unavailable]
    return sorted(known, key=lambda knob: ORDER.index(knob.name))


def _pending_or_present(knob: KnobState) -> str:
    return form.knob_value(knob.value) if knob.pending is None else form.setting(knob.pending)


def _state(knob: KnobState) -> str:
    now = f"now {form.knob_value(knob.value)}"
    return now if knob.pending is None else f"{now}, pending {form.setting(knob.pending)} {form.pending_epoch(knob)}"


def read_field(field: KnobField, text: str, knob: Knob, knobs: Sequence[KnobState]) -> dict[str, float]:
    """Return the changes that the text of a field means; none if it says what it said at first.

    Args:
        field: as it was shown.
        text: a number; or changes by name, such as `lr=1e-4 dropout=0.3`, in whichever field they are typed.
        knob: the knob of the field, with its present range.
        knobs: of the run.

    Raises:
        UsageError: the text is neither; it says what is expected.
    """
    stripped = text.strip()
    if "=" in stripped:
        return parse_changes(stripped, knobs)
    if stripped == field.text:
        return {}
    if not stripped:
        raise UsageError(f"Enter a number, such as {knob.example}.")
    value = knob.parse(stripped)
    return {} if form.setting(value) == field.text else {field.name: value}


def present_range(name: str, snapshot: Snapshot) -> Knob:
    """Return a knob with its present range: the epochs cannot be fewer than those that have begun."""
    knob, begun = KNOBS[name], snapshot.epoch
    if knob is not EPOCHS or begun <= 1:
        return knob
    return replace(knob, minimum=begun, example=str(begun + int(EPOCHS.example)))


def check_next_epoch(changes: Mapping[str, float], snapshot: Snapshot) -> None:
    """Raise UsageError if there is no next epoch in which the changes could take effect."""
    last = int(changes.get(EPOCHS.name, last_epoch(snapshot)))
    if snapshot.epoch >= last and set(changes) - {EPOCHS.name}:
        raise UsageError(
            f"There is no epoch {snapshot.epoch + 1}: the run ends with epoch {last}. Increase epochs first."
        )


def last_epoch(snapshot: Snapshot) -> int:
    """Return the last epoch of the run, with a change that is pending for the next epoch taken into account."""
    epochs = snapshot.knob(EPOCHS.name)
    if epochs is None or epochs.pending is None or epochs.pending_epoch != snapshot.epoch + 1:
        return snapshot.epochs
    return int(epochs.pending)


def stepped(knob: Knob, value: float, *, up: bool) -> float:
    """Return the next larger or smaller value that is usual for a knob, within its range.

    Rates, penalties and batch sizes double and halve; dropout moves by 0.05, epochs by 1, 10 or 100.
    """
    if knob.name == DROPOUT.name:
        return min(max(round(value + (0.05 if up else -0.05), 4), 0.0), LARGEST_DROPOUT_STEP)
    if knob.name in {L1.name, L2.name}:
        return _stepped_penalty(knob, value, up=up)
    if knob is not BATCH_SIZE and knob.whole:
        return max(knob.minimum, value + _count_step(value) if up else value - _count_step(value - 1))
    moved = value * 2 if up else value / 2
    return min(max(float(int(moved)) if knob.whole else moved, knob.minimum), knob.maximum)


def _stepped_penalty(knob: Knob, value: float, *, up: bool) -> float:
    if not value:
        return float(knob.example) if up else 0.0
    moved = value * 2 if up else value / 2
    return min(moved, knob.maximum) if moved >= SMALLEST_PENALTY else 0.0


def _count_step(value: float) -> int:
    tens, hundreds = 20, 200
    return 1 if value < tens else 10 if value < hundreds else 100


def step_words(knob: Knob) -> str:
    """Return what the arrow keys do to a knob, in words."""
    if knob.name == DROPOUT.name:
        return "↑ ↓ 0.05 more, less"
    return "↑ ↓ more, fewer" if knob.whole and knob is not BATCH_SIZE else "↑ ↓ double, halve"
