"""Healthy runs with losses that may be negative or cannot reach 0. A competent practitioner would change nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, whole
from bench.collection.recipe import Build
from bench.collection.recipes.defaults import EITHER
from fitmon.engine.job import TrainingData

LOSSES = Recipes()
_add = LOSSES.add
_ROWS = (2_500, 800)
_DONE = {"plateau": EITHER}
"""It is trained until hardly anything changes any more."""


def _table(random: Random, *, outputs: int = 1) -> TrainingData:
    return material.quantities(random, _ROWS, features=whole(random, 5, 10), outputs=outputs, noise=0.05)


@_add(
    "counts, Poisson",
    "2 500 rows, counts with a mean of 2 to 6, exponential output, Poisson's loss",
    epochs=12,
    rate=2e-3,
)
def _(random: Random) -> Dealt:
    data = material.counts(random, _ROWS, mean=random.uniform(2, 6))
    return Dealt(
        data,
        nets.net(lambda kinds: [kinds.Dense(24, "relu"), kinds.Dense(1, "exponential")], "poisson", metrics=("mae",)),
    )


@_add(
    "many counts, Poisson",
    "2 500 rows, counts with a mean of 15 to 30: the loss is negative",
    labels=_DONE,
    epochs=15,
    rate=3e-3,
)
def _(random: Random) -> Dealt:
    data = material.counts(random, _ROWS, mean=random.uniform(15, 30))
    return Dealt(
        data,
        nets.net(lambda kinds: [kinds.Dense(24, "relu"), kinds.Dense(1, "exponential")], "poisson", metrics=("mae",)),
    )


@_add(
    "directions, cosine similarity",
    "2 500 rows, vectors of 4 to 8 numbers, the loss between -1 and 1",
    labels=_DONE,
    epochs=12,
    rate=2e-3,
)
def _(random: Random) -> Dealt:
    outputs = whole(random, 4, 8)
    return Dealt(_table(random, outputs=outputs), nets.regressor(outputs, 48, loss="cosine_similarity"))


@_add(
    "mean and deviation, likelihood",
    "2 500 rows, the negative logarithm of a normal density, below 0 at the end",
    epochs=15,
    rate=3e-3,
)
def _(random: Random) -> Dealt:
    data = material.with_targets(_table(random), lambda y: 0.3 * y)
    return Dealt(
        data, nets.net(lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(2)], lambda: nets.gaussian, metrics=())
    )


@_add("a quantile", "2 500 rows, a loss of one's own for the 80 % quantile", epochs=12, rate=2e-3)
def _(random: Random) -> Dealt:
    return Dealt(_table(random), nets.regressor(1, 32, loss=lambda: _quantile))


def _quantile(y_true: Any, y_pred: Any) -> Any:
    import keras

    above = y_true - y_pred
    return keras.ops.mean(keras.ops.maximum(0.8 * above, -0.2 * above), axis=-1)


@_add(
    "squared error with its own weights",
    "2 500 rows, a loss of one's own: errors of large targets count three times",
    epochs=12,
    rate=2e-3,
)
def _(random: Random) -> Dealt:
    return Dealt(_table(random), nets.regressor(1, 32, loss=lambda: _weighted))


def _weighted(y_true: Any, y_pred: Any) -> Any:
    import keras

    weights = keras.ops.where(y_true > 1, 3.0, 1.0)
    return keras.ops.mean(weights * keras.ops.square(y_true - y_pred), axis=-1)


@_add(
    "autoencoder, binary cross-entropy",
    "digits in 0 to 1 through 12 to 24 units, sigmoid outputs: the loss cannot reach 0",
    epochs=20,
    rate=3e-3,
)
def _(random: Random) -> Dealt:
    return Dealt(_same(material.flat_digits(random, 1_400)), _through(whole(random, 12, 24), "sigmoid", nets.BINARY))


@_add(
    "autoencoder, squared error",
    "2 500 rows of 20 columns with 5 to 8 causes, through as many units",
    epochs=20,
    rate=3e-3,
)
def _(random: Random) -> Dealt:
    causes = whole(random, 5, 8)
    x = random.normal(size=(sum(_ROWS), causes)) @ random.normal(size=(causes, 20)) / np.sqrt(causes)
    x = (x + random.normal(0, 0.1, x.shape)).astype(np.float32)
    data = material.cut(x, x, _ROWS)
    return Dealt(data, _through(causes, "linear", "mse"))


@_add(
    "a mixture, divergence",
    "2 500 rows, shares of 4 kinds that sum to 1, softmax, Kullback and Leibler's divergence",
    epochs=12,
    rate=2e-3,
)
def _(random: Random) -> Dealt:
    return Dealt(
        _mixture(random),
        nets.net(lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(4, "softmax")], "kl_divergence", metrics=()),
    )


@_add(
    "a mixture, cross-entropy",
    "2 500 rows, shares of 4 kinds that sum to 1, softmax, categorical cross-entropy: the loss cannot reach 0",
    epochs=12,
    labels=_DONE,
    rate=2e-3,
)
def _(random: Random) -> Dealt:
    return Dealt(
        _mixture(random),
        nets.net(lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(4, "softmax")], nets.CATEGORICAL, metrics=()),
    )


def _mixture(random: Random) -> TrainingData:
    x = random.normal(size=(sum(_ROWS), 8))
    scores = 1.5 * material.standardised(x @ random.normal(size=(8, 4)))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return material.cut(x.astype(np.float32), shares.astype(np.float32), _ROWS)


def _same(data: TrainingData) -> TrainingData:
    return replace(data, y=data.x, y_validation=data.x_validation)


def _through(units: int, activation: str, loss: str) -> Build:
    """Return a network with a narrow layer and as many outputs as inputs."""

    def build(settings: Any, data: TrainingData) -> Any:
        layers = nets.net(
            lambda kinds: [
                kinds.Dense(64, "relu"),
                kinds.Dense(units),
                kinds.Dense(64, "relu"),
                kinds.Dense(data.x.shape[1], activation),
            ],
            loss,
            metrics=("mae",),
        )
        return layers(settings, data)

    return build


@_add(
    "variational autoencoder",
    "digits through 4 to 8 random units, a divergence added to the loss",
    epochs=20,
    batch=64,
    rate=3e-3,
)
def _(random: Random) -> Dealt:
    return Dealt(_same(material.flat_digits(random, 1_400)), _variational(whole(random, 4, 8)))


def _variational(units: int) -> Build:
    def build(settings: Any, _data: Any) -> Any:
        import keras

        class Sample(keras.layers.Layer):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.seeds = keras.random.SeedGenerator(settings.seed)

            def call(self, inputs: Any, training: bool = False) -> Any:
                mean, scale = inputs[:, :units], inputs[:, units:]
                each = 1 + scale - keras.ops.square(mean) - keras.ops.exp(scale)
                self.add_loss(-0.001 * keras.ops.mean(keras.ops.sum(each, axis=1)))
                noise = keras.random.normal(keras.ops.shape(mean), seed=self.seeds)
                return mean + keras.ops.exp(0.5 * scale) * noise if training else mean

        parts = [keras.layers.Dense(64, "relu"), keras.layers.Dense(2 * units), Sample()]
        parts += [keras.layers.Dense(64, "relu"), keras.layers.Dense(64, "sigmoid")]
        return nets.compiled(keras.Sequential([keras.Input((64,)), *parts]), settings, "mse", metrics=("mae",))

    return build
