"""Recipes of runs of any shape: regressions, sequences, images, streams, losses of one's own.

Their truth is how they were made; nothing is held back. Whatever they draw comes from the seed of the data and their
name, so that another seed makes other data with somewhat other sizes, scales and shares.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from bench.collection.recipe import Build
from bench.collection.recording import Answer
from bench.collection.tables import DEALER
from fitmon.engine.job import Job, Settings, TrainingData

Random = np.random.Generator


@dataclass(frozen=True, slots=True, eq=False)
class Dealt:
    """What a recipe has drawn for one run."""

    data: TrainingData
    build: Build
    """Takes the recipe's settings and these data."""
    chance: float = 0.0
    """The validation loss of the best prediction that does not look at the inputs, computed from the targets; 0: not
    known."""


Deal = Callable[[Random], Dealt]


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneralRecipe:
    """One run to train."""

    name: str
    made: str
    """In words, with the ranges of what is drawn."""
    deal: Deal
    settings: Settings
    labels: Mapping[str, Answer] = field(default_factory=dict)
    """Findings that follow from how it was made."""
    healthy: bool = False
    """Whether a competent practitioner would change nothing."""
    both_modes: bool = False
    """Whether losses in training and in inference mode are measured, which is the truth about `inference_differs`."""
    knob_at: tuple[int, str, float] | None = None
    """Epoch, knob and value of a change."""

    def dealt(self) -> Dealt:
        """Return what the current seed draws."""
        return self.deal(np.random.default_rng([DEALER.seed, zlib.crc32(self.name.encode())]))

    def job(self, dealt: Dealt) -> Job:
        """Return the job that trains what was drawn."""
        settings = replace(self.settings, seed=DEALER.seed)
        return Job(name="collection", settings=settings, load=lambda *_: dealt.data, build=dealt.build)


class Recipes(list[GeneralRecipe]):
    """Recipes in the order in which they are written down."""

    def add(
        self,
        name: str,
        made: str,
        *,
        epochs: int,
        batch: int = 32,
        rate: float = 1e-3,
        labels: Mapping[str, Answer] | None = None,
        both_modes: bool = False,
        knob_at: tuple[int, str, float] | None = None,
    ) -> Callable[[Deal], Deal]:
        """Return a decorator that adds a recipe with what the decorated function draws; see `GeneralRecipe`."""

        def add(deal: Deal) -> Deal:
            settings = Settings(epochs=epochs, batch_size=batch, learning_rate=rate, units=())
            recipe = GeneralRecipe(
                name=name,
                made=made,
                deal=deal,
                settings=settings,
                labels=labels or {},
                both_modes=both_modes,
                knob_at=knob_at,
            )
            self.append(recipe)
            return deal

        return add

    def healthy(self) -> tuple[GeneralRecipe, ...]:
        """Return them as runs in which nothing is to be changed."""
        return tuple(replace(recipe, healthy=True) for recipe in self)


def between(random: Random, low: float, high: float) -> float:
    """Return a number in [low, high], each order of magnitude as likely as any other."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def whole(random: Random, low: int, high: int) -> int:
    """Return a whole number in [low, high]."""
    return int(random.integers(low, high + 1))
