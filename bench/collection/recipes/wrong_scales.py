"""Inputs or targets on another scale, and regressions that are measured by accuracy."""

from __future__ import annotations

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, between, whole
from bench.collection.recipe import Build
from bench.collection.recipes.defaults import EITHER, MUST, MUST_NOT
from fitmon.engine.job import TrainingData

REGRESSIONS = Recipes()
_add = REGRESSIONS.add
_RAW = {"unscaled_features": MUST, "learning_rate_too_high": MUST_NOT, "overfitting": MUST_NOT}
_BIG = {
    "unscaled_targets": MUST,
    **dict.fromkeys(("learning_rate_too_high", "learning_rate_too_low", "overfitting", "good_fit"), MUST_NOT),
}


@_add(
    "flats, one column, SGD",
    "320 flats, size in square feet, one linear unit, SGD 0.01",
    epochs=10,
    batch=1,
    rate=1e-2,
    labels=_RAW,
)
def _(random: Random) -> Dealt:
    x = random.uniform(50, 1_500, (400, 1))
    y = random.uniform(0.05, 0.2) * x + 20 + random.normal(0, 8, (400, 1))
    data = material.cut(x.astype(np.float32), y.astype(np.float32), (320, 80))
    return Dealt(data, nets.regressor(1, optimizer="sgd"), material.variance(data.y_validation))


@_add(
    "houses, columns as in the file, SGD",
    "800 houses: rooms, area, year, distance, tax; Dense 32, SGD 0.01 with momentum",
    epochs=10,
    rate=1e-2,
    labels=_RAW | {"unscaled_targets": EITHER},
)
def _(random: Random) -> Dealt:
    data = _houses(random, (800, 250))
    build = nets.regressor(1, 32, optimizer=nets.optimizer("SGD", momentum=0.9))
    return Dealt(data, build, material.variance(data.y_validation))


@_add(
    "houses, columns as in the file, Adam",
    "800 houses: rooms, area, year, distance, tax; Dense 32, Adam 0.001",
    epochs=15,
    labels=_RAW | {"unscaled_targets": EITHER},
)
def _(random: Random) -> Dealt:
    data = _houses(random, (800, 250))
    return Dealt(data, nets.regressor(1, 32), material.variance(data.y_validation))


@_add(
    "sensors, one in tiny units, one in huge ones",
    "1 500 rows of 6 sensors, one of them of 1e4 to 1e6, two classes",
    epochs=15,
    labels=_RAW | {"saturated_outputs": EITHER},
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (1_500, 500), features=6, apart=3.0)
    factors = np.array([1e-3, between(random, 1e4, 1e6), 1, 1, 10, 1])
    data = material.with_inputs(data, training=lambda x: x * factors, validation=lambda x: x * factors)
    return Dealt(data, nets.two_classes(32), material.entropy(data.y_validation))


@_add(
    "inputs that hardly vary",
    "2 000 rows with deviations of 0.0005 to 0.005, SGD 0.01",
    epochs=15,
    rate=1e-2,
    labels={"unscaled_features": MUST, "learning_rate_too_high": MUST_NOT},
)
def _(random: Random) -> Dealt:
    scale = between(random, 5e-4, 5e-3)
    data = material.clouds(random, (2_000, 700), features=12, apart=3.0)
    data = material.with_inputs(data, training=lambda x: scale * x, validation=lambda x: scale * x)
    return Dealt(data, nets.two_classes(32, optimizer="sgd"), material.entropy(data.y_validation))


def _houses(random: Random, rows: material.Rows) -> TrainingData:
    """Return houses as measured, and their prices in thousands, with mean 0 taken out."""
    data = material.quantities(random, rows, features=5, noise=0.1, bend=0.2)
    means, scales = np.array([4, 900, 1_970, 12, 350]), np.array([1, 350, 20, 6, 150]) * between(random, 0.7, 1.5)
    as_measured = {side: lambda x: x * scales + means for side in ("training", "validation")}
    data = material.with_inputs(data, **as_measured)
    price = between(random, 5, 50)
    return material.with_targets(data, lambda y: (price * y).astype(np.float32))


@_add(
    "fourth power",
    "x to the fourth on -100 to 100, nothing scaled, a sigmoid in front",
    epochs=30,
    labels=_BIG | {"unscaled_features": MUST},
)
def _(random: Random) -> Dealt:
    x = random.uniform(-100, 100, (1_500, 1))
    data = material.cut(x.astype(np.float32), (x ** whole(random, 3, 4)).astype(np.float32), (1_200, 300))
    layers = nets.net(
        lambda kinds: [kinds.Dense(50, "sigmoid"), kinds.Dense(50, "elu"), kinds.Dense(1)], "mse", metrics=("mae",)
    )
    return Dealt(data, layers, material.variance(data.y_validation))


@_add(
    "prices as they are",
    "1 000 rows, scaled inputs, prices with a mean of 50 000 to 900 000, Adam 0.001",
    epochs=20,
    labels=_BIG,
)
def _(random: Random) -> Dealt:
    mean = between(random, 5e4, 9e5)
    return _scaled(random, 0.4 * mean, mean)


@_add(
    "years as they are",
    "1 000 rows, scaled inputs, targets around 1 900 to 20 000 with a deviation of 2 to 10",
    epochs=20,
    labels=_BIG,
)
def _(random: Random) -> Dealt:
    return _scaled(random, random.uniform(2, 10), between(random, 1_900, 20_000))


@_add(
    "counts of people",
    "1 000 towns, targets with a deviation of 2 000 to 50 000, absolute error",
    epochs=20,
    labels=_BIG,
)
def _(random: Random) -> Dealt:
    scale = between(random, 2e3, 5e4)
    return _scaled(random, scale, 1.5 * scale, loss="mae")


@_add(
    "huge targets, SGD",
    "1 000 rows, scaled inputs, targets with a deviation of 10 000 to 1 000 000, SGD 0.01",
    epochs=8,
    rate=1e-2,
    labels=_BIG,
)
def _(random: Random) -> Dealt:
    scale = between(random, 1e4, 1e6)
    return _scaled(random, scale, scale, optimizer="sgd")


@_add(
    "tiny targets",
    "1 000 rows, scaled inputs, targets with a deviation of 0.000001 to 0.0001, Adam 0.001",
    epochs=15,
    labels=_BIG,
)
def _(random: Random) -> Dealt:
    return _scaled(random, between(random, 1e-6, 1e-4), 0.0)


def _scaled(random: Random, scale: float, mean: float, *, loss: str = "mse", optimizer: str = "adam") -> Dealt:
    data = material.with_targets(
        material.quantities(random, (1_000, 400)), lambda y: (scale * y + mean).astype(np.float32)
    )
    chance = 0.0 if loss == "mae" else material.variance(data.y_validation)
    return Dealt(data, nets.regressor(1, 32, loss=loss, optimizer=optimizer), chance)


_ACCURACY = {"accuracy_of_regression": MUST, "not_learning": MUST_NOT, "output_mismatch": MUST_NOT}


@_add(
    "regression with accuracy",
    "1 500 rows, quantities, squared error, accuracy as the metric",
    epochs=15,
    labels=_ACCURACY,
)
def _(random: Random) -> Dealt:
    return Dealt(material.quantities(random, (1_500, 600)), _measured_by("accuracy"))


@_add(
    "ages with accuracy",
    "1 500 rows, whole numbers of 20 to 60 divided by nothing, absolute error, accuracy",
    epochs=30,
    rate=1e-2,
    labels=_ACCURACY,
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (1_500, 600))
    return Dealt(
        material.with_targets(data, lambda y: np.round(40 + 8 * y).astype(np.float32)), _measured_by("accuracy", "mae")
    )


@_add(
    "series with binary accuracy",
    "1 500 pieces of a series and their next value, binary accuracy",
    epochs=12,
    rate=3e-3,
    labels=_ACCURACY,
)
def _(random: Random) -> Dealt:
    build = nets.net(lambda kinds: [kinds.GRU(16), kinds.Dense(1)], "mse", metrics=("binary_accuracy",))
    return Dealt(material.waves(random, (1_500, 500)), build)


def _measured_by(metric: str, loss: str = "mse") -> Build:
    return nets.net(lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(1)], loss, metrics=(metric,))
