"""A recorded run with the truth about it: losses on samples held back, and what a validation set can show of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.collection.recording import Recording

if TYPE_CHECKING:
    from bench.collection.recipe import Recipe

SHOWN = 4.0
SURE = 2.0
"""Standard errors that what is held back may be off by."""
CLEAR_RISE, NO_RISE = 0.05, 0.02
"""Share of the best loss by which the held-back loss rose."""
PARTED = 5.0
"""Held-back loss over training loss of a model that has learnt its samples by heart."""


@dataclass(frozen=True, slots=True)
class Case:
    """A run and those it is compared with."""

    recipe: Recipe
    run: Recording
    reference: float
    """The lowest held-back loss of any run on the same data; NaN: there is none."""
    family: Mapping[float, float]
    """Last held-back loss of each run of the family by its rate; empty: it has none."""

    @property
    def known(self) -> bool:
        """Return whether samples were held back."""
        return self.run.truth.held_back > 0

    @property
    def last(self) -> float:
        """Return the held-back loss of the last window."""
        return last_loss(self.run)

    @property
    def best(self) -> float:
        """Return the held-back loss of the best window."""
        return self.last - self.run.truth.rise

    @property
    def rise(self) -> float:
        """Return the share of the best loss by which it rose."""
        return self.run.truth.rise / max(self.best, 1e-9)

    @property
    def fall(self) -> float:
        """Return the share of the loss by which it fell lately."""
        return -self.run.truth.lately / max(self.last, 1e-9)

    @property
    def learnt(self) -> float:
        """Return the share of the chance loss that was taken away at the best."""
        return 1 - self.best / self.run.truth.chance

    @property
    def training(self) -> float:
        """Return the training loss of the last window, in inference mode."""
        return float(np.mean(self.run.truth.training_losses[-self.run.truth.window :]))

    @property
    def training_at_best(self) -> float:
        """Return the training loss of the window that was best for what was held back."""
        half = self.run.truth.window // 2
        middle = self.run.truth.best_epoch - 1
        return float(np.mean(self.run.truth.training_losses[max(0, middle - half) : middle + half + 1]))

    @property
    def parts(self) -> bool:
        """Return whether training is learnt by heart: its loss, far below the held-back one, goes on falling."""
        window = self.run.truth.window
        before = float(np.mean(self.run.truth.training_losses[-2 * window : -window] or [0.0]))
        return self.last >= PARTED * self.training and self.training <= (1 - CLEAR_RISE) * before

    @property
    def training_learnt(self) -> float:
        """Return the share of the chance loss taken away on the training set."""
        return 1 - self.training / self.run.truth.chance

    @property
    def majority(self) -> float:
        """Return the share of the most frequent class among the samples to validate with."""
        counts = self.run.facts.validation_counts or (1,)
        return max(counts) / sum(counts)

    def at_most(self, difference: float, spread: float) -> float:
        """Return what a true difference may be at the most, by what is held back."""
        return difference + SURE * spread / math.sqrt(max(1, self.run.truth.held_back))

    def shown(self, difference: float, spread: float) -> bool:
        """Return whether the validation set can show a true difference, and what is held back does."""
        samples = min(self.run.truth.held_back, self.run.facts.validation_samples)
        return difference >= SHOWN * spread / math.sqrt(max(1, samples))


def last_loss(run: Recording) -> float:
    """Return the held-back loss of the last window; NaN without samples held back."""
    return float(np.mean(run.truth.losses[-run.truth.window :])) if run.truth.losses else math.nan
