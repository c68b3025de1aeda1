"""Values that events, record and knobs share. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    # The first picture on a terminal does not wait for numpy.
    import numpy.typing as npt

KnobValue = int | float | tuple[float, ...] | None
"""A knob's value: a whole number for batch size and epochs; several when the model's layers differ; None when the model
has no such knob."""


class KnobOffer(msgspec.Struct, frozen=True, kw_only=True):
    """One knob as this run has it: its value and, if it cannot be turned, why."""

    name: str
    value: KnobValue
    unavailable: str = ""
    """Why this model or run lacks the knob; empty when it can be turned."""


def shortest(value: Any) -> float:
    """Return a numpy scalar as the shortest decimal in its own precision: float32 1e-4, not 9.9999997e-05."""
    if value.dtype.kind in "iu":
        return int(value)
    return float(str(value)) if value.dtype.kind == "f" else float(value)


@dataclass(frozen=True, slots=True, eq=False)
class ValidationSamples:
    """Inputs, names and targets of n validation samples. The arrays are read-only."""

    inputs: npt.NDArray[Any] | None
    """(n, …) what the model is given; None when it takes several inputs, or none that is an array of numbers."""
    original: npt.NDArray[Any] | None
    """(n, …) the same as people know it, before it was scaled; None: as `inputs`."""
    feature_names: tuple[str, ...]
    """Names of the columns of a table; empty when they have none."""
    class_names: tuple[str, ...]
    """Names of the classes in label order; empty when they have none."""
