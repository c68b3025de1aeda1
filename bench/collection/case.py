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
"""Standard errors by which held-back samples may be off."""
CLEAR_RISE, NO_RISE = 0.05, 0.02
"""Rise of the held-back loss as a share of the best loss."""
PARTED = 5.0
"""Held-back loss over training loss of a model that has memorized its samples."""


@dataclass(frozen=True, slots=True)
class Case:
    """A run and the runs it is compared with."""

    recipe: Recipe
    run: Recording
    reference: float
    """The lowest held-back loss of any run on the same data; NaN without any."""
    family: Mapping[float, float]
    """Last held-back loss of each run of the family by learning rate; empty without a family."""

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
        """Return the rise as a share of the best loss."""
        return self.run.truth.rise / max(self.best, 1e-9)

    @property
    def fall(self) -> float:
        """Return the recent fall as a share of the loss."""
        return -self.run.truth.lately / max(self.last, 1e-9)

    @property
    def learned(self) -> float:
        """Return how far below chance the best loss is, as a share of chance."""
        return 1 - self.best / self.run.truth.chance

    @property
    def training(self) -> float:
        """Return the training loss of the last window, in inference mode."""
        return float(np.mean(self.run.truth.training_losses[-self.run.truth.window :]))

    @property
    def training_at_best(self) -> float:
        """Return the training loss of the window that was best on held-back samples."""
        half = self.run.truth.window // 2
        middle = self.run.truth.best_epoch - 1
        return float(np.mean(self.run.truth.training_losses[max(0, middle - half) : middle + half + 1]))

    @property
    def training_fall(self) -> float:
        """Return the recent fall of the training loss as a share of it before."""
        window = self.run.truth.window
        before = float(np.mean(self.run.truth.training_losses[-2 * window : -window] or [self.training]))
        return 1 - self.training / max(before, 1e-9)

    @property
    def parts(self) -> bool:
        """Return whether the training set is memorized: its loss, far below the held-back one, still falls."""
        return self.last >= PARTED * self.training and self.training_fall >= CLEAR_RISE

    @property
    def training_learned(self) -> float:
        """Return how far below chance the training loss is, as a share of chance."""
        return 1 - self.training / self.run.truth.chance

    @property
    def majority(self) -> float:
        """Return the share of the most frequent class among the validation samples."""
        counts = self.run.facts.validation_counts or (1,)
        return max(counts) / sum(counts)

    def at_most(self, difference: float, spread: float) -> float:
        """Return the largest true difference that held-back samples allow."""
        return difference + SURE * spread / math.sqrt(max(1, self.run.truth.held_back))

    def shown(self, difference: float, spread: float) -> bool:
        """Return whether the validation set can show a true difference, and held-back samples do."""
        samples = min(self.run.truth.held_back, self.run.facts.validation_samples)
        return difference >= SHOWN * spread / math.sqrt(max(1, samples))


def last_loss(run: Recording) -> float:
    """Return the held-back loss of the last window; NaN without samples held back."""
    return float(np.mean(run.truth.losses[-run.truth.window :])) if run.truth.losses else math.nan
