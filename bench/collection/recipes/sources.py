"""The runs of the tutorials, and the same models on data with samples held back."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from bench.collection import models, tables
from bench.collection.recipe import Recipe
from bench.collection.recipes.defaults import EITHER, MUST, MUST_NOT, settings_of
from bench.collection.tables import Part, Split
from fitmon.engine.job import Settings


def _of_preset(name: str) -> Split:
    """Return the data of a preset as it is split there; nothing is left to hold back."""
    import numpy as np

    from fitmon.presets import preset_named

    preset = preset_named(name)
    data = preset.job().load(replace(preset.settings, seed=tables.DEALER.seed), lambda _: None)
    classes = max(2, data.y.shape[1])

    def part(x: Any, y: Any) -> Part:
        return Part(x, (y.argmax(axis=1) if y.shape[1] > 1 else y[:, 0]).astype(np.int64))

    training, validation = part(data.x, data.y), part(data.x_validation, data.y_validation)
    held_back = validation.rows(slice(0))
    return Split(name=f"preset {name}", classes=classes, training=training, validation=validation, held_back=held_back)


def _preset_settings(name: str) -> Settings:
    from fitmon.presets import preset_named

    return preset_named(name).settings


SOURCES = (
    Recipe(
        name="source 1",
        made="MNIST, 60 000 images, Dense 512, Adam 0.001, 10 epochs, batch 64, as the tutorial has it",
        split=tables.mnist_of_the_tutorial,
        settings=settings_of(10, 64, (512,)),
        labels={
            # Its validation loss does not rise beyond its noise in ten epochs; its training loss goes to nothing.
            "memorizing": MUST,
            "overfitting": EITHER,
            **dict.fromkeys(("not_learning", "underfitting", "good_fit"), MUST_NOT),
        },
    ),
    Recipe(
        name="source 2, file order",
        made="iris, sorted by class, the last fifth to validate with, as Keras's validation_split cuts it",
        split=tables.iris_in_file_order,
        settings=settings_of(100, 5, (8,), 5e-4),
        labels={
            "class_missing": MUST,
            "sorted_labels": MUST,
            "unbalanced": EITHER,
            "validation_too_small": EITHER,
            **dict.fromkeys(("suspected_labels", "label_shift", "validation_differs"), EITHER),
        },
    ),
    Recipe(
        name="source 2, stratified",
        made="iris as the preset has it, split with a seed",
        split=partial(_of_preset, "iris"),
        settings=_preset_settings("iris"),
        labels={"not_learning": MUST_NOT, "underfitting": MUST_NOT, "validation_too_small": EITHER},
    ),
    Recipe(
        name="source 3",
        made="the binary preset: a table with a weak signal, three labels of four tossed by a coin",
        split=partial(_of_preset, "binary"),
        settings=_preset_settings("binary"),
        build=models.with_single_dropout,
        labels={"not_learning": MUST, "overfitting": MUST_NOT, "good_fit": MUST_NOT, "suspected_labels": EITHER},
    ),
    Recipe(
        name="source 3, held back",
        made="as the binary preset, with rows held back",
        split=partial(tables.table, 14_000, 4_000, flip=0.75),
        settings=_preset_settings("binary"),
        build=models.with_single_dropout,
        labels={"suspected_labels": EITHER},
    ),
)
