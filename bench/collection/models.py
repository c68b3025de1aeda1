"""Models with a known fault, and other special parts of recipes."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.collection.tables import Part, Split, mnist
from fitmon.presets.layers import build_classifier

if TYPE_CHECKING:
    import keras

    from fitmon.engine.job import Settings, TrainingData

DEAD_BIAS = -30.0
TOO_LARGE = 50.0

with_single_dropout = partial(build_classifier, single_dropout=True)


def with_dead_units(settings: Settings, data: TrainingData) -> keras.Model:
    """Return a classifier whose hidden units are all dead from the start."""
    return _with_biases(build_classifier(settings, data), every=1)


def with_half_dead_units(settings: Settings, data: TrainingData) -> keras.Model:
    """Return a classifier in which every second hidden unit is dead from the start."""
    return _with_biases(build_classifier(settings, data), every=2)


def _with_biases(model: Any, *, every: int) -> Any:
    for layer in model.layers[:-1]:
        bias = np.zeros(layer.units, np.float32)
        bias[::every] = DEAD_BIAS
        layer.bias.assign(bias)
    return model


def with_large_weights(settings: Settings, data: TrainingData) -> keras.Model:
    """Return a classifier whose weights are so large that it is sure of every prediction."""
    model = build_classifier(settings, data)
    for layer in model.layers:
        layer.kernel.assign(TOO_LARGE * layer.kernel)
    return model


def with_sigmoids(settings: Settings, data: TrainingData) -> keras.Model:
    """Return a model with a sigmoid unit per class and binary cross-entropy, for labels with one true class."""
    return _with_output(settings, data, units=data.y.shape[1], activation="sigmoid")


def with_softmax_over_one(settings: Settings, data: TrainingData) -> keras.Model:
    """Return a model with softmax over a single unit, whose output is always 1."""
    return _with_output(settings, data, units=1, activation="softmax")


def _with_output(settings: Settings, data: TrainingData, *, units: int, activation: str) -> Any:
    import keras

    hidden = [keras.layers.Dense(width, activation="relu") for width in settings.units]
    model = keras.Sequential([keras.layers.Input(data.x.shape[1:]), *hidden, keras.layers.Dense(units, activation)])
    model.compile(keras.optimizers.Adam(settings.learning_rate), "binary_crossentropy", metrics=["accuracy"])
    return model


def two_digits(training: int, validation: int, first: int, second: int) -> Split:
    """Return MNIST with only two digits, as classes 0 and 1."""
    split = mnist(7 * training, 7 * validation)

    def only(part: Part) -> Part:
        kept = part.rows((part.labels == first) | (part.labels == second))
        return Part(kept.x, (kept.labels == second).astype(np.int64))

    return replace(
        split,
        name=f"mnist, {first} and {second}",
        classes=2,
        training=only(split.training),
        validation=only(split.validation),
        held_back=only(split.held_back),
    )
