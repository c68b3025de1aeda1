"""What a rule is given to judge by, and what a rule is."""

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
    """Epochs the run is to have."""
    curves: Mapping[str, Floats]
    """(T,) each, place i for epoch i + 1, NaN where there is nothing: the fields of `Measures` and Keras's epoch
    metrics by their names. Read-only. A name that was never measured may be missing: see `curve`."""
    knobs: Mapping[str, KnobValue]
    """The values the last epoch was trained with. None, or a missing name: the model has no such knob."""
    facts: Facts
    knob_epochs: tuple[int, ...] = ()
    """Epochs from which a knob was changed, rising."""
    can_rewind: bool = False
    """Whether the run has checkpoints to go back to."""

    def curve(self, name: str) -> Floats:
        """Return a curve, (T,); all NaN when it was never measured."""
        found = self.curves.get(name)
        return np.full(self.epoch, np.nan) if found is None else found

    def last(self, name: str) -> float:
        """Return the last value of a curve; NaN when there is none."""
        found = self.curves.get(name)
        return float("nan") if found is None or not len(found) else float(found[-1])

    def best_epoch(self) -> int | None:
        """Return the epoch whose weights are kept, with Keras's lowest validation loss (training loss where nothing is
        validated); None while no loss was a number.
        """
        losses = next((curve for name in LOSSES if np.isfinite(curve := self.curve(name)).any()), None)
        return None if losses is None else int(np.nanargmin(np.where(np.isfinite(losses), losses, np.nan))) + 1

    def knob(self, name: str) -> float | None:
        """Return a knob as one number, the largest where layers differ; None when the model has no such knob."""
        value = self.knobs.get(name)
        return max(value, default=None) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One thing that can be found."""

    name: str
    """What its finding is called, such as `overfitting`."""
    explanation: str
    """For a learner, two or three sentences: why this happens, and what it teaches."""
    source: str
    """Where the rule comes from: a paper with its URL, or the tutorial it stands in."""
    weight: float
    """How much it matters next to the others, in [0, 1]: the finding shown first is the one with the largest product of
    weight and confidence."""
    check: Callable[[Evidence], Finding | None]
    """Returns the finding, or None when there is nothing to say. Costs well under 1 ms with 10 000 epochs."""
    patience: int = 2
    """Looks in a row that must agree before the finding comes, and before it goes."""
