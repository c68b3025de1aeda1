"""Healthy regressions. A competent practitioner would change nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, whole
from bench.collection.recipes.defaults import EITHER, MUST
from fitmon.engine.job import TrainingData

NUMBERS = Recipes()
_add = NUMBERS.add
_ROWS = (2_500, 800)
_DONE = {"plateau": EITHER}
"""It is trained until hardly anything changes any more."""


def _table(random: Random, *, outputs: int = 1, noise: float = 0.05) -> TrainingData:
    return material.quantities(random, _ROWS, features=whole(random, 5, 10), outputs=outputs, noise=noise)


@_add("regression", "2 500 rows, Dense 32, squared error", epochs=12, rate=2e-3)
def _(random: Random) -> Dealt:
    return Dealt(_table(random), nets.regressor(1, whole(random, 24, 48)))


@_add("regression, several outputs", "2 500 rows, 3 to 6 columns of targets", epochs=15, rate=3e-3)
def _(random: Random) -> Dealt:
    outputs = whole(random, 3, 6)
    return Dealt(_table(random, outputs=outputs), nets.regressor(outputs, 64))


@_add("regression, absolute error", "2 500 rows, Dense 32, mean absolute error", epochs=12, rate=2e-3)
def _(random: Random) -> Dealt:
    return Dealt(_table(random), nets.regressor(1, 32, loss="mae"))


@_add("regression, Huber", "2 500 rows, Dense 32, Huber's loss, one target of 100 far off", epochs=12, rate=2e-3)
def _(random: Random) -> Dealt:
    data = _table(random)
    far = random.random(len(data.y)) < 0.01  # noqa: PLR2004 - one of a hundred
    data.y[far] *= 10
    return Dealt(data, nets.regressor(1, 32, loss="huber"))


@_add("regression, log cosh", "2 500 rows, Dense 32, logarithm of the hyperbolic cosine", epochs=12, rate=2e-3)
def _(random: Random) -> Dealt:
    return Dealt(_table(random), nets.regressor(1, 32, loss="log_cosh"))


@_add(
    "regression, targets of some tens",
    "2 500 rows, targets with a deviation of 20 to 50, Adam 0.01",
    epochs=15,
    rate=1e-2,
)
def _(random: Random) -> Dealt:
    scale = random.uniform(20, 50)
    data = material.with_targets(_table(random), lambda y: (scale * y + scale).astype(np.float32))
    return Dealt(data, nets.regressor(1, 48))


@_add(
    "regression, a third is noise",
    "4 000 rows, of the targets' variance 25 to 35 % is noise, the rest is learned",
    labels=_DONE,
    epochs=12,
    rate=2e-3,
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (4_000, 1_500), features=6, noise=random.uniform(0.25, 0.35), bend=0.2)
    return Dealt(data, nets.regressor(1, 24))


@_add(
    "regression, half is noise",
    "6 000 rows, half of the targets' variance is noise, the rest is learned",
    epochs=15,
    rate=2e-3,
    labels=_DONE,
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (6_000, 2_000), features=6, noise=random.uniform(0.45, 0.55), bend=0.2)
    return Dealt(data, nets.regressor(1, 24))


@_add(
    "diabetes",
    "300 patients of scikit-learn's diabetes, columns and targets standardised, Dense 8, L2 0.01",
    epochs=30,
    batch=16,
    rate=2e-3,
    labels=_DONE,
)
def _(random: Random) -> Dealt:
    from sklearn.datasets import load_diabetes

    table = load_diabetes()
    order = random.permutation(len(table.target))
    x, y = material.standardised(table.data[order]), material.standardised(table.target[order][:, None])

    def layers(kinds: Any) -> list[Any]:
        import keras

        return [kinds.Dense(8, "relu", kernel_regularizer=keras.regularizers.L2(1e-2)), kinds.Dense(1)]

    return Dealt(material.cut(x, y, (300, 142)), nets.net(layers, "mse", metrics=("mae",)))


@_add("two heads", "2 500 rows, a class and a quantity predicted together", epochs=12, rate=2e-3)
def _(random: Random) -> Dealt:
    data = _table(random)

    def build(settings: Any, data: TrainingData) -> Any:
        import keras

        inputs = keras.Input(data.x.shape[1:])
        x = keras.layers.Dense(48, "relu")(inputs)
        large = keras.layers.Dense(1, "sigmoid", name="large")(x)
        model = keras.Model(inputs, {"size": keras.layers.Dense(1, name="size")(x), "large": large})
        model.compile(keras.optimizers.Adam(settings.learning_rate), {"size": "mse", "large": nets.BINARY})
        return model

    return Dealt(replace(data, y=_both(data.y), y_validation=_both(data.y_validation)), build)


def _both(y: material.Array) -> dict[str, material.Array]:
    return {"size": y, "large": (y > 0).astype(np.float32)}


@_add(
    "regression, sample weights",
    "2 500 rows, weights of 0.2 to 3 in training alone",
    epochs=12,
    rate=2e-3,
    labels={"weighted_loss": MUST},
)
def _(random: Random) -> Dealt:
    weights = random.uniform(0.2, 3, _ROWS[0]).astype(np.float32)
    return Dealt(replace(_table(random), sample_weight=weights), nets.regressor(1, 32))


@_add("regression, dropout and L2", "2 500 rows, Dense 64, dropout 0.1, L2 0.0001", epochs=15, rate=2e-3)
def _(random: Random) -> Dealt:
    def layers(kinds: Any) -> list[Any]:
        import keras

        first = nets.hidden(kinds, (64,), kernel_regularizer=keras.regularizers.L2(1e-4))
        return [*first, kinds.Dropout(0.1), kinds.Dense(1)]

    return Dealt(_table(random), nets.net(layers, "mse", metrics=("mae",)))
