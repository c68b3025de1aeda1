"""Values that events, record and knobs share. Imports nothing heavy."""

from __future__ import annotations

from typing import Any

import msgspec

KnobValue = int | float | tuple[float, ...] | None
"""A knob's value: a whole number for batch size and epochs; several when the model's layers differ; None when the model
has no such knob."""


class KnobOffer(msgspec.Struct, frozen=True, kw_only=True):
    """One knob in this run: its value, or why it cannot be changed."""

    name: str
    value: KnobValue
    unavailable: str = ""
    """Why this model or run lacks the knob; empty when it can be changed."""


def six_digits(value: float) -> float:
    """Return a number with six significant digits, as measurements are written to a journal."""
    return float(f"{value:.6g}")


def shortest(value: Any) -> float:
    """Return a numpy scalar as the shortest decimal in its own precision: float32 1e-4, not 9.9999997e-05."""
    if value.dtype.kind in "iu":
        return int(value)
    return float(str(value)) if value.dtype.kind == "f" else float(value)
