"""Parses knobs typed by name in one line, such as `dropout=0.5 l2=1e-4`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import EPOCHS, KNOBS, typed_knob
from fitmon.engine.record.snapshot import KnobState
from fitmon.engine.values import KnobValue


def parse_changes(text: str, knobs: Sequence[KnobState]) -> dict[str, float]:
    """Return the knobs and their values; raise UsageError saying what is expected.

    Args:
        text: changes separated by blanks, with names in full or as the screen abbreviates them.
        knobs: of the run.
    """
    changes: dict[str, float] = {}
    for word in re.sub(r"\s*=\s*", "=", text).split():
        name, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"Expected changes such as {example(knobs)}; received {word!r}.")
        knob = _named(name, knobs)
        if knob.name in changes:
            raise UsageError(f"{knob.name} is given twice. Enter it once.")
        changes[knob.name] = KNOBS[knob.name].parse(value)
    return changes


def check_epochs(changes: dict[str, float], epoch: int, knobs_then: dict[str, KnobValue]) -> None:
    """Raise UsageError if no epoch would remain to train after `epoch`, given its knobs."""
    last = changes.get(EPOCHS.name, knobs_then.get(EPOCHS.name))
    if isinstance(last, int | float) and last <= epoch:
        raise UsageError(
            f"Expected epochs after epoch {epoch} to train, but the run would end with epoch {int(last)}. "
            f"Increase them, as in epochs={epoch + int(EPOCHS.example)}."
        )


def example(knobs: Sequence[KnobState], max_changes: int = 3) -> str:
    """Return some changes that this run accepts, as they would be typed."""
    offered = [name for name in KNOBS if any(knob.name == name and not knob.unavailable for knob in knobs)]
    return " ".join(f"{name}={KNOBS[name].example}" for name in offered[:max_changes])


def _named(name: str, knobs: Sequence[KnobState]) -> KnobState:
    wanted = typed_knob(name).name
    for knob in knobs:
        if knob.name == wanted:
            if knob.unavailable:
                raise UsageError(f"{knob.name} cannot be changed: {knob.unavailable}.")
            return knob
    raise UsageError(f"This run has no knob {wanted}.")
