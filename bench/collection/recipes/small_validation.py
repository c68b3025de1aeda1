"""Validation sets that are too small, and samples that both sets share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, whole
from bench.collection.recipes.defaults import EITHER, MUST, MUST_NOT
from fitmon.engine.job import TrainingData

SHARED_OR_SMALL = Recipes()

_FEW = {
    "validation_too_small": MUST,
    # What the few samples show by chance is no evidence.
    **dict.fromkeys(("overfitting", "worse_than_guessing", "not_learning"), MUST_NOT),
    "good_fit": EITHER,
    **dict.fromkeys(("class_missing", "label_shift", "suspected_labels"), EITHER),
}


@SHARED_OR_SMALL.add(
    "digits, one to validate with",
    "1 200 digits, convolutions, of which one validates",
    epochs=12,
    rate=2e-3,
    labels=_FEW | {"learning_well": MUST_NOT, "good_fit": MUST_NOT},
)
def _(random: Random) -> Dealt:
    data = material.digits(random)
    return Dealt(
        replace(data, x_validation=data.x_validation[:1], y_validation=data.y_validation[:1]), nets.convolutions(10, 16)
    )


@SHARED_OR_SMALL.add(
    "digits, three to validate with",
    "1 200 digits, convolutions, of which three validate",
    epochs=12,
    rate=2e-3,
    labels=_FEW,
)
def _(random: Random) -> Dealt:
    data = material.digits(random)
    return Dealt(
        replace(data, x_validation=data.x_validation[:3], y_validation=data.y_validation[:3]), nets.convolutions(10, 16)
    )


@SHARED_OR_SMALL.add("regression, five to validate with", "800 rows, of which five validate", epochs=15, labels=_FEW)
def _(random: Random) -> Dealt:
    return Dealt(material.quantities(random, (800, 5)), nets.regressor(1, 32))


_LEAKS = {"duplicates": MUST}


@SHARED_OR_SMALL.add(
    "discrete table, leakage",
    "1 500 rows of 12 to 16 numbers of 0 to 3; 30 to 60 % of those to validate with are among them",
    epochs=15,
    labels=_LEAKS,
)
def _(random: Random) -> Dealt:
    x, y = material.few_possible_rows(random, (1_500, 600), columns=whole(random, 12, 16), values=4)
    data = material.cut(x.astype(np.float32), y, (1_500, 600))
    return Dealt(_leaking(data, random.uniform(0.3, 0.6)), nets.two_classes(32))


@SHARED_OR_SMALL.add(
    "digits, validated with training images",
    "1 200 digits, of which 300 also validate, as with validation_data=(x[:300], y[:300])",
    epochs=12,
    labels=_LEAKS,
)
def _(random: Random) -> Dealt:
    data = material.digits(random)
    return Dealt(replace(data, x_validation=data.x[:300], y_validation=data.y[:300]), nets.convolutions(10, 16))


@SHARED_OR_SMALL.add(
    "table, oversampled before the split",
    "1 000 rows, the rare class repeated until both are as frequent, then split",
    epochs=15,
    labels=_LEAKS,
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (1_000, 1), features=20, apart=1.5, shares=(0.9, 0.1))
    rare, common = (np.flatnonzero(data.y == number) for number in (1, 0))
    rows = random.permutation(np.concatenate([common, random.choice(rare, len(common))]))
    split = (int(0.75 * len(rows)), len(rows) - int(0.75 * len(rows)))
    return Dealt(material.cut(data.x[rows], data.y[rows], split), nets.two_classes(32))


def _leaking(data: TrainingData, share: float) -> TrainingData:
    count = round(share * len(data.x_validation))
    x, y = data.x_validation.copy(), data.y_validation.copy()
    x[:count], y[:count] = data.x[:count], data.y[:count]
    return replace(data, x_validation=x, y_validation=y)
