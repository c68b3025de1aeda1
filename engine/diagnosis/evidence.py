"""What a rule is, and the evidence it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding
from fitmon.engine.values import KnobValue

LOSSES = ("val_loss", "loss")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What is known of a run at the end of an epoch."""

    epoch: int
    """Epochs done, T, at least 1."""
    epochs: int
    """Planned epochs."""
    curves: Mapping[str, Floats]
    """(T,) each, place i for epoch i + 1, NaN where nothing was measured: the fields of `Measures` and Keras's epoch
    metrics by name. Read-only. A name that was never measured may be missing: see `curve`."""
    knobs: Mapping[str, KnobValue]
    """The values in the last epoch. None, or a missing name: the model has no such knob."""
    facts: Facts
    knob_epochs: tuple[int, ...] = ()
    """Epochs from which a changed knob was in effect, rising."""
    can_rewind: bool = False
    """Whether the run has checkpoints to rewind to."""

    def curve(self, name: str) -> Floats:
        """Return a curve, (T,); all NaN where it was never measured."""
        found = self.curves.get(name)
        return np.full(self.epoch, np.nan) if found is None else found

    def last(self, name: str) -> float:
        """Return the last value of a curve; NaN without any."""
        found = self.curves.get(name)
        return float("nan") if found is None or not len(found) else float(found[-1])

    def best_epoch(self) -> int | None:
        """Return the epoch whose weights are kept, with Keras's lowest validation loss (training loss without
        validation); None while no loss was finite.
        """
        losses = next((curve for name in LOSSES if np.isfinite(curve := self.curve(name)).any()), None)
        return None if losses is None else int(np.nanargmin(np.where(np.isfinite(losses), losses, np.nan))) + 1

    def knob(self, name: str) -> float | None:
        """Return a knob as one number, the largest where layers differ; None where the model has no such knob."""
        value = self.knobs.get(name)
        return max(value, default=None) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that can be found."""

    name: str
    """Name of its finding, such as `overfitting`."""
    explanation: str
    """Two or three sentences for a learner: why this happens, and what to learn from it."""
    source: str
    """Where the rule comes from: a paper with its URL, or a tutorial."""
    weight: float
    """How important it is compared with the others, in [0, 1]: the finding with the largest product of weight and
    confidence is shown first."""
    check: Callable[[Evidence], Finding | None]
    """Returns the finding, or None. Takes well under 1 ms with 10 000 epochs."""
    patience: int = 2
    """How many checks in a row must agree before the finding appears, and before it disappears."""
