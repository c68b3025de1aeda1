"""A recipe: data, model and settings of one run of the collection, and the findings that follow from them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.collection.recording import Answer
from bench.collection.tables import DEALER, Part, Split
from fitmon.engine.job import Job, Settings, TrainingData
from fitmon.presets.layers import build_classifier

if TYPE_CHECKING:
    import keras

Build = Callable[[Settings, TrainingData], "keras.Model"]

TWO_CLASSES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """One run to train."""

    name: str
    made: str
    """In words."""
    split: Callable[[], Split]
    settings: Settings
    build: Build = build_classifier
    labels: Mapping[str, Answer] = field(default_factory=dict)
    """Findings that follow from the recipe alone, before any rule on held-back data."""
    family: str = ""
    """Recipes of one family differ only in their learning rate; empty: none."""
    in_batches: bool = False
    """Whether the samples come in batches, in their own order, as from a generator."""
    knob_at: tuple[int, str, float] | None = None
    """Epoch, knob and value of a change."""

    def job(self, split: Split) -> Job:
        """Return the job that trains on this split."""
        data = self._batches(split) if self.in_batches else _arrays(split)
        settings = replace(self.settings, seed=DEALER.seed)
        return Job(name=self.name, settings=settings, load=lambda *_: data, build=self._built_for(split))

    def _built_for(self, split: Split) -> Build:
        # The builder only needs the shapes, which batches do not show.
        return lambda settings, _: self.build(settings, _arrays(split))

    def _batches(self, split: Split) -> TrainingData:
        data, size = _arrays(split), self.settings.batch_size

        def batches() -> Iterator[tuple[Any, Any]]:
            while True:
                for at in range(0, len(data.x), size):
                    yield data.x[at : at + size], data.y[at : at + size]

        return TrainingData(
            x=batches(),
            x_validation=data.x_validation,
            y_validation=data.y_validation,
            class_names=data.class_names,
            steps_per_epoch=-(-len(data.x) // size),
        )


def _arrays(split: Split) -> TrainingData:
    return TrainingData(
        x=split.training.x,
        y=targets(split.training, split.classes),
        x_validation=split.validation.x,
        y_validation=targets(split.validation, split.classes),
        class_names=tuple(str(number) for number in range(split.classes)),
    )


def targets(part: Part, classes: int) -> Any:
    """Return (n, 1) for two classes, (n, C) one-hot rows for more."""
    if classes == TWO_CLASSES:
        return part.labels.astype(np.float32).reshape(-1, 1)
    return np.eye(classes, dtype=np.float32)[part.labels]
