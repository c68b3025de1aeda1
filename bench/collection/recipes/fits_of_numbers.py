"""Regressions with a known verdict: noise learnt by heart, too small models, wrong steps, gaps in the data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, whole
from bench.collection.recipes.defaults import EITHER, MUST, MUST_NOT

FITS_OF_NUMBERS = Recipes()
_add = FITS_OF_NUMBERS.add
_TOSSED = {"overfitting": MUST, "good_fit": MUST_NOT, "learning_well": MUST_NOT, "suspected_labels": EITHER}


@_add(
    "regression of noise, learnt by heart",
    "150 to 250 rows, targets unrelated to them, Dense 256 twice, 60 epochs: only the training set can be learnt",
    epochs=60,
    labels=_TOSSED,
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (whole(random, 150, 250), 600), noise=1.0)
    return Dealt(data, nets.regressor(1, 256, 256), material.variance(data.y_validation))


@_add(
    "likelihood of noise, learnt by heart",
    "200 rows, targets unrelated to them, mean and deviation predicted: the loss may be negative",
    epochs=12,
    labels=_TOSSED,
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (200, 600), features=whole(random, 15, 30), noise=1.0)
    data = material.with_targets(data, lambda y: 0.2 * y)
    return Dealt(
        data, nets.net(lambda kinds: [kinds.Dense(128, "relu"), kinds.Dense(2)], lambda: nets.gaussian, metrics=())
    )


_POOR = {"underfitting": MUST, **dict.fromkeys(("overfitting", "good_fit", "not_learning"), MUST_NOT)}


@_add(
    "a line through waves",
    "3 000 rows, two thirds to four fifths of the targets not linear, no hidden layer: it learns the rest",
    epochs=25,
    rate=1e-2,
    labels=_POOR,
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (3_000, 1_000), noise=0.0, bend=random.uniform(0.66, 0.8))
    return Dealt(data, nets.regressor(1), material.variance(data.y_validation))


@_add(
    "features without a relation",
    "4 000 rows, targets unrelated to them, Dense 8",
    epochs=12,
    labels={"not_learning": MUST, "good_fit": MUST_NOT, "learning_well": MUST_NOT, "overfitting": EITHER},
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (4_000, 1_500), features=6, noise=1.0)
    return Dealt(data, nets.regressor(1, 8), material.variance(data.y_validation))


@_add(
    "random walk",
    "pieces of a random walk and their next value: nothing is better than the last value",
    epochs=20,
    rate=3e-3,
    labels={"good_fit": MUST_NOT, "not_learning": EITHER},
)
def _(random: Random) -> Dealt:
    walk = random.normal(size=2_000).cumsum()
    walk = (walk - walk.mean()) / walk.std()
    pieces = np.lib.stride_tricks.sliding_window_view(walk, 21)[random.permutation(1_900)].astype(np.float32)
    data = material.cut(pieces[:, :-1, None], pieces[:, -1:], (1_400, 500))
    return Dealt(data, nets.net(lambda kinds: [kinds.GRU(8), kinds.Dense(1)], "mse", metrics=("mae",)))


_WILD = {"learning_rate_too_high": MUST, "learning_rate_too_low": MUST_NOT, "good_fit": MUST_NOT, "dead_units": EITHER}


@_add("regression, far too large steps", "1 500 rows, Dense 32, Adam 3", epochs=15, rate=3.0, labels=_WILD)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (1_500, 600), features=whole(random, 6, 12))
    return Dealt(data, nets.regressor(1, 32), material.variance(data.y_validation))


@_add(
    "regression, far too small steps",
    "1 500 rows, Dense 32, SGD 0.000002",
    epochs=15,
    rate=2e-6,
    labels={"learning_rate_too_low": MUST, "learning_rate_too_high": MUST_NOT, "good_fit": MUST_NOT},
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (1_500, 600), features=whole(random, 6, 12))
    return Dealt(data, nets.regressor(1, 32, optimizer="sgd"), material.variance(data.y_validation))


_HOLES = {"non_finite_features": MUST}


@_add("regression, gaps in the targets", "1 000 rows, 1 to 20 of the targets NaN", epochs=5, labels=_HOLES)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (1_000, 400))
    data.y[material.some(random, 1_000, 1, 20)] = np.nan
    return Dealt(data, nets.regressor(1, 32))


@_add("stream with gaps", "1 500 rows in batches, some values infinite, found in passing", epochs=5, labels=_HOLES)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (1_500, 500), features=10, apart=3.0)
    data.x[material.some(random, 1_500, 3, 20), 0] = np.inf
    return Dealt(material.streamed(data, 32, buffer=1_500), nets.two_classes(32, shape=(10,)))


@_add(
    "sample weights with gaps",
    "1 000 rows, some of the sample weights NaN",
    epochs=5,
    labels=_HOLES | {"weighted_loss": MUST},
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (1_000, 400))
    weights = np.ones(1_000, np.float32)
    weights[material.some(random, 1_000, 1, 20)] = np.nan
    return Dealt(replace(data, sample_weight=weights), nets.regressor(1, 32))
