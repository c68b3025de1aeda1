"""Targets that the loss does not take or the output cannot reach, and several rare labels."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, between, whole
from bench.collection.recipe import Build
from bench.collection.recipes.defaults import EITHER, MUST, MUST_NOT
from fitmon.engine.job import TrainingData

WRONG_TARGETS = Recipes()
_OUTSIDE = {
    "targets_out_of_range": MUST,
    **dict.fromkeys(("overfitting", "memorizing", "good_fit", "learning_well", "learning_rate_too_high"), MUST_NOT),
    **dict.fromkeys(("unbalanced", "unscaled_targets", "suspected_labels", "saturated_outputs"), EITHER),
}
_LEARNS = _OUTSIDE | dict.fromkeys(("overfitting", "memorizing", "learning_well"), EITHER)
"""Where the loss still rewards some of what is true."""
_add = WRONG_TARGETS.add


@_add(
    "autoencoder, targets of 0 to 16",
    "1 400 digits, inputs divided by 16, targets forgotten, binary cross-entropy",
    epochs=15,
    batch=64,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    data = material.flat_digits(random, 1_400)
    data = material.cut(
        np.vstack([data.x, data.x_validation]), 16 * np.vstack([data.x, data.x_validation]), (1_400, 397)
    )
    return Dealt(data, _decoder("sigmoid", nets.BINARY, whole(random, 16, 48)))


@_add(
    "autoencoder, targets of 0 to 255",
    "1 500 images of MNIST, targets in 0 to 255, binary cross-entropy",
    epochs=8,
    batch=64,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    data = material.mnist(random, (1_500, 500))
    data = material.cut(
        np.vstack([data.x, data.x_validation]), 255 * np.vstack([data.x, data.x_validation]), (1_500, 500)
    )
    return Dealt(data, _decoder("sigmoid", nets.BINARY, whole(random, 24, 64)))


@_add(
    "autoencoder, standardised targets",
    "2 000 rows of 10 to 30 standardised columns, sigmoid outputs, binary cross-entropy",
    epochs=15,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    x = material.quantities(random, (2_600, 1), outputs=whole(random, 10, 30), noise=0.05).y
    return Dealt(material.cut(x, x, (2_000, 600)), _decoder("sigmoid", nets.BINARY, 16))


@_add(
    "two classes as -1 and 1",
    "2 000 rows, labels -1 and 1, one sigmoid, binary cross-entropy",
    epochs=15,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    data = material.bent(random, (2_000, 800), features=whole(random, 6, 20))
    return Dealt(material.with_targets(data, lambda y: (2.0 * y - 1).astype(np.float32)), nets.two_classes(32))


@_add(
    "two classes as 0 and 255",
    "masks of 0 and 255 as a file has them, binary cross-entropy for each pixel",
    epochs=8,
    rate=3e-3,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    data = material.scenes(random, (400, 120), classes=2, patch=whole(random, 3, 6))
    data = material.with_targets(data, lambda y: (255.0 * y).astype(np.float32)[..., None])
    return Dealt(data, nets.net(_mask, nets.BINARY))


@_add(
    "two classes as 1 and 2",
    "2 000 rows, labels 1 and 2, one sigmoid, binary cross-entropy",
    epochs=15,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_000, 800), features=whole(random, 6, 20), apart=2.5)
    return Dealt(material.with_targets(data, lambda y: y + 1), nets.two_classes(16))


@_add(
    "several labels with softmax",
    "2 000 rows with 1 to 4 of 8 labels each, softmax, categorical cross-entropy",
    epochs=15,
    labels=_LEARNS | {"output_mismatch": EITHER},
)
def _(random: Random) -> Dealt:
    data = material.tags(random, (2_000, 700), shares=random.uniform(0.2, 0.4, 8), noise=0.5)
    return Dealt(data, nets.net(lambda kinds: [kinds.Dense(64, "relu"), kinds.Dense(8, "softmax")], nets.CATEGORICAL))


@_add(
    "word counts with softmax",
    "1 500 rows of counts, 2 to 30 a row, softmax, categorical cross-entropy",
    epochs=15,
    labels=_LEARNS | {"output_mismatch": EITHER},
)
def _(random: Random) -> Dealt:
    x = random.normal(size=(2_000, 10))
    scores = x @ random.normal(size=(10, 6))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    y = np.stack(
        [random.multinomial(total, share) for total, share in zip(random.integers(2, 31, 2_000), shares, strict=True)]
    )
    data = material.cut(x.astype(np.float32), y.astype(np.float32), (1_500, 500))
    return Dealt(data, nets.net(lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(6, "softmax")], nets.CATEGORICAL))


@_add(
    "tanh for larger targets",
    "1 500 rows, targets of -3 to 3 times 5 to 50, tanh output, squared error",
    epochs=15,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    scale = between(random, 5, 50)
    data = material.with_targets(material.quantities(random, (1_500, 500)), lambda y: scale * y)
    return Dealt(data, _ending("tanh", "mse"), material.variance(data.y_validation))


@_add(
    "sigmoid for standardised targets",
    "1 500 rows, targets with mean 0 and deviation 1, sigmoid output, squared error",
    epochs=15,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (1_500, 500), features=whole(random, 5, 15))
    return Dealt(data, _ending("sigmoid", "mse"), material.variance(data.y_validation))


@_add(
    "relu for negative targets",
    "1 500 rows, targets with mean 0 and deviation 1, relu output, squared error",
    epochs=15,
    labels=_OUTSIDE | {"dead_units": EITHER},
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (1_500, 500), features=whole(random, 5, 15))
    return Dealt(data, _ending("relu", "mse"), material.variance(data.y_validation))


@_add(
    "sigmoid for pixels of 0 to 255",
    "images filled in by a network with sigmoid output, targets of 0 to 255, squared error",
    epochs=10,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    data = material.flat_digits(random, 1_300)
    x = np.vstack([data.x, data.x_validation])
    return Dealt(material.cut(x, 255 * x, (1_300, 497)), _decoder("sigmoid", "mse", whole(random, 16, 48)))


@_add(
    "Poisson's loss, standardised counts",
    "1 500 rows, counts standardised like inputs, exponential output, Poisson's loss",
    epochs=15,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    data = material.counts(random, (1_500, 500), mean=random.uniform(2, 6))
    mean, scale = data.y.mean(), data.y.std()
    return Dealt(material.with_targets(data, lambda y: (y - mean) / scale), _ending("exponential", "poisson"))


@_add(
    "logarithmic error of negative targets",
    "1 500 rows, targets with mean 0 and deviation 1, mean squared logarithmic error",
    epochs=15,
    labels=_LEARNS,
)
def _(random: Random) -> Dealt:
    scale = between(random, 0.7, 3)
    data = material.with_targets(material.quantities(random, (1_500, 500)), lambda y: scale * y)
    return Dealt(data, _ending("linear", "mean_squared_logarithmic_error"))


@_add(
    "divergence of scores that do not sum to 1",
    "1 500 rows of 5 ratings of 0 to 5, softmax, Kullback and Leibler's divergence",
    epochs=15,
    labels=_LEARNS | {"output_mismatch": EITHER},
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (1_500, 500), outputs=5, noise=0.2)
    data = material.with_targets(data, lambda y: np.clip(2.5 + 1.2 * y, 0, 5).astype(np.float32))
    return Dealt(
        data, nets.net(lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(5, "softmax")], "kl_divergence", metrics=())
    )


@_add(
    "hinge for class numbers 1 and 2",
    "2 000 rows, labels 1 and 2, linear output, hinge loss",
    epochs=12,
    labels=_OUTSIDE,
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_000, 700), features=whole(random, 6, 20), apart=2.5)
    data = material.with_targets(data, lambda y: (y + 1.0).astype(np.float32))
    return Dealt(data, _ending("linear", "hinge"))


@_add(
    "half stars as class numbers",
    "2 000 rows, ratings of 0.5 to 4.5 in steps of 0.5 as class numbers of five outputs",
    epochs=12,
    labels=_LEARNS | {"class_missing": EITHER},
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (2_000, 700), features=whole(random, 6, 12), noise=0.1)
    data = material.with_targets(data, lambda y: np.clip(np.round(2 * (2.5 + y)) / 2, 0.5, 4.5).astype(np.float32))
    return Dealt(data, nets.classifier(5, 32))


_RARE = {"rare_labels": MUST, **dict.fromkeys(("overfitting", "learning_rate_too_high", "unbalanced"), MUST_NOT)}


@_add(
    "tags, each rare, weak signal",
    "2 000 rows, 30 to 50 tags on 3 to 5 % of them, the signal weaker than the noise",
    epochs=10,
    batch=64,
    labels=_RARE | {"not_learning": EITHER},
)
def _(random: Random) -> Dealt:
    return Dealt(*_tagged(random, 0.03, 0.05, noise=1.6))


@_add(
    "tags, each rare, clear signal",
    "2 000 rows, 30 to 50 tags on 2 to 6 % of them, a clear signal",
    epochs=15,
    batch=64,
    rate=3e-3,
    labels=_RARE | {"not_learning": MUST_NOT},
)
def _(random: Random) -> Dealt:
    return Dealt(*_tagged(random, 0.02, 0.06, noise=0.3))


def _tagged(random: Random, low: float, high: float, *, noise: float) -> tuple[TrainingData, Build, float]:
    count = whole(random, 30, 50)
    data = material.tags(random, (2_000, 600), shares=random.uniform(low, high, count), noise=noise)
    chance = float(np.mean([material.entropy(data.y_validation[:, k]) for k in range(count)]))
    build = nets.net(
        lambda kinds: [kinds.Dense(64, "relu"), kinds.Dense(count, "sigmoid")],
        nets.BINARY,
        metrics=("binary_accuracy",),
    )
    return data, build, chance


@_add(
    "comments, six kinds of insult",
    "3 000 comments of word numbers, one kind of insult on a tenth, five on 1 to 6 %",
    epochs=10,
    rate=3e-3,
    labels=_RARE | {"not_learning": EITHER, "overfitting": EITHER},
)
def _(random: Random) -> Dealt:
    found = material.tags(
        random, (3_000, 1_000), shares=np.append(0.12, random.uniform(0.01, 0.06, 5)), features=60, noise=0.5
    )
    words = [np.argsort(-side, axis=1)[:, :20] + 1 for side in (found.x, found.x_validation)]
    data = material.with_inputs(found, training=lambda _: words[0], validation=lambda _: words[1])
    build = nets.net(
        lambda kinds: [kinds.Embedding(61, 16), kinds.GlobalAveragePooling1D(), kinds.Dense(6, "sigmoid")], nets.BINARY
    )
    return Dealt(data, build, float(np.mean([material.entropy(found.y_validation[:, k]) for k in range(6)])))


def _decoder(activation: str, loss: str, units: int) -> Build:
    """Return a network with as many outputs as inputs."""

    def build(settings: Any, data: TrainingData) -> Any:
        layers = nets.net(lambda kinds: [kinds.Dense(units, "relu"), kinds.Dense(data.y.shape[1], activation)], loss)
        return layers(settings, data)

    return build


def _ending(activation: str, loss: str) -> Build:
    """Return a network with one output of this activation."""
    return nets.net(lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(1, activation)], loss, metrics=("mae",))


def _mask(kinds: Any) -> list[Any]:
    return [kinds.Conv2D(8, 3, padding="same", activation="relu"), kinds.Conv2D(1, 1, activation="sigmoid")]
