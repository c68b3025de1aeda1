"""Validation sets prepared in another way than the training set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, between, whole
from bench.collection.recipe import Build
from bench.collection.recipes.defaults import EITHER, MUST, MUST_NOT
from fitmon.engine.job import TrainingData

DIFFERING = Recipes()
_NO_CAUSES = dict.fromkeys(("overfitting", "memorizing", "suspected_labels", "learning_rate_too_high"), MUST_NOT)
_DIFFERS = _NO_CAUSES | {
    "validation_differs": MUST,
    "good_fit": MUST_NOT,
    # A shifted validation set may have constant or missing classes only by what is done to it.
    "saturated_outputs": EITHER,
}
_DIGITS = "1 200 digits, convolutions"


@DIFFERING.add(
    "digits, validation not divided",
    f"{_DIGITS}; 0 to 1 in training, 0 to 255 in validation",
    epochs=12,
    rate=2e-3,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    data = material.with_inputs(material.digits(random), validation=lambda x: 255 * x)
    return Dealt(data, nets.convolutions(10, 16), material.entropy(data.y_validation))


@DIFFERING.add(
    "digits, validation centred",
    f"{_DIGITS}; 0 to 1 in training, another loader subtracts 100 to 150",
    epochs=12,
    rate=2e-3,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    middle = random.uniform(100, 150)
    data = material.with_inputs(material.digits(random), validation=lambda x: 255 * x - middle)
    return Dealt(data, nets.convolutions(10, 16), material.entropy(data.y_validation))


@DIFFERING.add(
    "digits, validation divided twice",
    f"{_DIGITS}; 0 to 1 in training, divided by 255 again in validation",
    epochs=12,
    rate=2e-3,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    data = material.with_inputs(material.digits(random), validation=lambda x: x / 255)
    return Dealt(data, nets.convolutions(10, 16), material.entropy(data.y_validation))


@DIFFERING.add(
    "digits, validation as bytes",
    f"{_DIGITS}; float32 in 0 to 1 in training, uint8 in validation",
    epochs=10,
    rate=2e-3,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    data = material.digits(random)
    data = replace(data, x_validation=(255 * data.x_validation).astype(np.uint8))
    return Dealt(data, nets.convolutions(10, 16), material.entropy(data.y_validation))


@DIFFERING.add(
    "digits, each image standardised",
    f"{_DIGITS}; 0 to 1 in training, each image standardised in validation",
    epochs=12,
    rate=2e-3,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    def standardised(x: material.Array) -> Any:
        return (x - x.mean(axis=(1, 2), keepdims=True)) / x.std(axis=(1, 2), keepdims=True)

    data = material.with_inputs(material.digits(random), validation=standardised)
    return Dealt(data, nets.convolutions(10, 16), material.entropy(data.y_validation))


@DIFFERING.add(
    "mnist, another factor in validation",
    "2 000 images, Dense 64; in validation 4 to 60 times as large",
    epochs=10,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    factor = between(random, 4, 60)
    data = material.with_inputs(material.mnist(random, (2_000, 1_000)), validation=lambda x: factor * x)
    return Dealt(data, nets.classifier(10, 64), material.entropy(data.y_validation))


@DIFFERING.add(
    "breast cancer, raw validation",
    "400 patients, standardised in training, as measured in validation",
    epochs=20,
    batch=16,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    data = material.breast_cancer(random)
    mean, scale = data.x.mean(axis=0), data.x.std(axis=0)
    data = material.with_inputs(data, training=lambda x: (x - mean) / scale)
    return Dealt(data, nets.two_classes(16), material.entropy(data.y_validation))


@DIFFERING.add(
    "table, minimum and maximum in validation",
    "1 500 rows, standardised in training, scaled to 0 to 1 in validation",
    epochs=15,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (1_500, 600), features=whole(random, 10, 30), classes=4, apart=3.5)
    data = material.with_inputs(data, validation=lambda x: (x - x.min(axis=0)) / (x.max(axis=0) - x.min(axis=0)))
    return Dealt(data, nets.classifier(4, 32), material.entropy(data.y_validation))


@DIFFERING.add(
    "table, other statistics in validation",
    "1 500 rows, validation scaled with the mean and the deviation of another table, 3.5 to 8 times smaller",
    epochs=15,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (1_500, 600), features=whole(random, 10, 30), classes=3, apart=3.0)
    mean, scale = random.normal(size=data.x.shape[1]), 1 / between(random, 3.5, 8)
    data = material.with_inputs(data, validation=lambda x: (x - mean) / scale)
    return Dealt(data, nets.classifier(3, 32), material.entropy(data.y_validation))


@DIFFERING.add(
    "table, a few shifted columns",
    "2 000 rows, 2 to 5 of 20 columns moved by 3 to 6 deviations in validation",
    epochs=15,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_000, 800), features=20, apart=3.0)
    shift = np.zeros(20)
    columns = material.some(random, 20, 2, 5)
    shift[columns] = random.choice([-1, 1], len(columns)) * random.uniform(3, 6, len(columns))
    data = material.with_inputs(data, validation=lambda x: x + shift)
    return Dealt(data, nets.two_classes(32), material.entropy(data.y_validation))


@DIFFERING.add(
    "table, another unit in one column",
    "2 000 rows, one of 12 columns in other units in validation, by a factor of 10 to 1 000",
    epochs=15,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    data = material.bent(random, (2_000, 800), features=12)
    factors = np.ones(12)
    factors[random.integers(12)] = between(random, 10, 1_000)
    data = material.with_inputs(data, validation=lambda x: x * factors)
    data = replace(data, feature_names=tuple(f"measured {number}" for number in range(12)))
    return Dealt(data, nets.two_classes(32), material.entropy(data.y_validation))


@DIFFERING.add(
    "table, zeros filled in where validation has gaps",
    "2 000 rows, in validation 50 to 80 % of some columns are missing and filled with 0",
    epochs=15,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    return Dealt(*_with_gaps(random, in_training=False))


@DIFFERING.add(
    "table, zeros filled in where training has gaps",
    "2 000 rows, in training 50 to 80 % of some columns are missing and filled with 0",
    epochs=15,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    return Dealt(*_with_gaps(random, in_training=True))


def _with_gaps(random: Random, *, in_training: bool) -> tuple[TrainingData, Build, float]:
    data = material.clouds(random, (2_000, 800), features=20, apart=3.0)
    data = material.with_inputs(data, training=lambda x: 2 + x, validation=lambda x: 2 + x)
    columns, share = material.some(random, 20, 4, 8), random.uniform(0.5, 0.8)

    def gaps(x: material.Array) -> material.Array:
        filled = x.copy()
        filled[:, columns] *= random.random((len(x), len(columns))) >= share
        return filled

    sides = {"training": gaps} if in_training else {"validation": gaps}
    return material.with_inputs(data, **sides), nets.two_classes(32), material.entropy(data.y_validation)


@DIFFERING.add(
    "regression, targets scaled in training alone",
    "1 500 rows, targets standardised in training, 10 to 1 000 times as large in validation",
    epochs=20,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    scale, mean = between(random, 10, 1_000), random.uniform(0, 3)
    data = material.quantities(random, (1_500, 600))
    data = material.with_targets(data, lambda y: y, validation=lambda y: scale * (y + mean))
    return Dealt(data, nets.regressor(1, 32), material.variance(data.y_validation))


@DIFFERING.add(
    "regression, logarithm in training alone",
    "1 500 rows, prices of which training takes the logarithm",
    epochs=20,
    labels=_DIFFERS,
)
def _(random: Random) -> Dealt:
    middle = random.uniform(2, 6)
    data = material.quantities(random, (1_500, 600))
    data = material.with_targets(data, lambda y: middle + y, validation=lambda y: np.exp(middle + y))
    return Dealt(data, nets.regressor(1, 32), material.variance(data.y_validation))


@DIFFERING.add(
    "series, validated on later years",
    "a series that rises: 1 200 pieces, and 400 later ones, on a level 3 to 6 deviations higher",
    epochs=15,
    labels=_DIFFERS | {"good_fit": EITHER},
)
def _(random: Random) -> Dealt:
    data, later = material.waves(random, (1_200, 400)), random.uniform(3, 6)
    data = material.with_inputs(data, validation=lambda x: x + later)
    data = material.with_targets(data, lambda y: y, validation=lambda y: y + later)
    return Dealt(data, nets.net(lambda kinds: [kinds.GRU(16), kinds.Dense(1)], "mse", metrics=("mae",)))


_ALIKE = {"validation_differs": MUST_NOT}


@DIFFERING.add(
    "digits, a darker scanner", f"{_DIGITS}; in validation 75 to 90 % as bright", epochs=12, rate=2e-3, labels=_ALIKE
)
def _(random: Random) -> Dealt:
    brightness = random.uniform(0.75, 0.9)
    data = material.with_inputs(material.digits(random), validation=lambda x: brightness * x)
    return Dealt(data, nets.convolutions(10, 16), material.entropy(data.y_validation))


@DIFFERING.add(
    "table, a little shift", "2 000 rows, three of 20 columns moved by a third of a deviation", epochs=12, labels=_ALIKE
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_000, 800), features=20, apart=3.0)
    shift = random.uniform(0.25, 0.4) * np.eye(20)[:3].sum(axis=0)
    data = material.with_inputs(data, validation=lambda x: x + shift)
    return Dealt(data, nets.two_classes(32), material.entropy(data.y_validation))
