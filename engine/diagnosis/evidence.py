"""What a rule is, and the evidence it is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy
from fitmon.engine.values import KnobValue

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnobChange:
    """A change of a knob that took effect."""

    epoch: int
    """The first epoch with the new value."""
    knob: str
    previous: KnobValue
    value: KnobValue
    because: str = ""
    """The finding whose remedy it was; empty: the user's own change."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """What is known of a run at the end of an epoch."""

    epoch: int
    """Epochs done, T; 0 before the first."""
    epochs: int
    """Planned epochs."""
    curves: Mapping[str, Floats]
    """(T,) each, place i for epoch i + 1, NaN where nothing was measured: the fields of `Measures` and Keras's epoch
    metrics by name. Read-only. A name that was never measured may be missing: see `curve`."""
    knobs: Mapping[str, KnobValue]
    """The values in the last epoch. None, or a missing name: the model has no such knob."""
    facts: Facts
    changes: tuple[KnobChange, ...] = ()
    """Changes of knobs, other than the number of epochs, oldest first."""
    can_rewind: bool = False
    """Whether the run has checkpoints to rewind to."""

    @property
    def settled_since(self) -> int:
        """The first epoch with the current values of the knobs."""
        return self.changes[-1].epoch if self.changes else 1

    def curve(self, name: str) -> Floats:
        """Return a curve, (T,); all NaN where it was never measured."""
        found = self.curves.get(name)
        return np.full(self.epoch, np.nan) if found is None else found

    def last(self, name: str) -> float:
        """Return the last value of a curve; NaN without any."""
        found = self.curves.get(name)
        return float("nan") if found is None or not len(found) else float(found[-1])

    def best_epoch(self) -> int | None:
        """Return the epoch whose weights are kept: that with the lowest validation loss without penalties.

        Without validation it is Keras's training loss. None while no loss was finite. See `record.branch.better_of`.
        """
        losses = self.curve("val_loss")
        validated = bool(np.isfinite(losses).any())
        penalty = self.curve("penalty")
        known = bool(np.isfinite(penalty[np.isfinite(losses)]).all())
        losses = self.curve("loss") if not validated else losses - penalty if known else losses
        finite = np.isfinite(losses)
        return int(np.argmin(np.where(finite, losses, np.inf))) + 1 if finite.any() else None

    def knob(self, name: str) -> float | None:
        """Return a knob as one number, the largest where layers differ; None where the model has no such knob."""
        value = self.knobs.get(name)
        return max(value, default=None) if isinstance(value, tuple) else value


def no_remedies(_evidence: Evidence) -> tuple[Remedy, ...]:
    """Return no remedies: for findings that need none, or bring their own."""
    return ()


def never(_evidence: Evidence) -> bool:
    """Return False."""
    return False


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
    """Returns the finding, or None. Takes well under 1 ms with 10,000 epochs."""
    remedies: Callable[[Evidence], tuple[Remedy, ...]] = no_remedies
    """Returns what to do about it, most promising first, from the knobs and the best epoch of now; a finding that is
    kept after its evidence has it computed again. Used where the finding brings no remedies itself."""
    patience: int = 2
    """How many checks in a row must agree before the finding appears, and before it disappears."""
    withdrawn: Callable[[Evidence], bool] = never
    """Returns whether the finding ends at once, because the evidence now contradicts it."""
    explains: frozenset[str] = frozenset()
    """Findings that are symptoms of this one: where it is sure they rank below it and have no remedies of their own."""
    invalidates: frozenset[str] = frozenset()
    """Findings whose evidence means nothing where this one is sure: they are not shown."""
