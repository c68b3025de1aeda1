"""Streams sorted by class, classes of other frequency in validation, and classes that are ignored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, whole
from bench.collection.recipe import Build
from bench.collection.recipes.defaults import EITHER, MUST, MUST_NOT
from fitmon.engine.job import TrainingData

WRONG_ORDER = Recipes()
_add = WRONG_ORDER.add
_SORTED = {
    "sorted_labels": MUST,
    **dict.fromkeys(("learning_rate_too_high", "overfitting", "memorizing", "suspected_labels"), MUST_NOT),
    **dict.fromkeys(("unbalanced", "label_shift", "class_missing"), EITHER),
}


@_add(
    "digits, sorted stream, small buffer",
    "1 300 digits sorted by class, shuffled in a buffer of 16 to 64",
    epochs=10,
    rate=3e-3,
    labels=_SORTED,
)
def _(random: Random) -> Dealt:
    data = material.sorted_rows(material.digits(random, 1_300))
    return Dealt(material.streamed(data, 32, buffer=whole(random, 16, 64)), _image_net())


@_add(
    "two classes, one file after the other",
    "2 000 rows, first all of one class, then all of the other, not shuffled",
    epochs=10,
    rate=3e-3,
    labels=_SORTED,
)
def _(random: Random) -> Dealt:
    data = material.sorted_rows(material.clouds(random, (2_000, 600), features=12, apart=2.5))
    return Dealt(material.streamed(data, 32), nets.two_classes(16, shape=(12,)))


@_add(
    "mnist, a folder after the other",
    "2 000 images as a generator reads them folder by folder, batches of 25 to 50",
    epochs=8,
    labels=_SORTED,
)
def _(random: Random) -> Dealt:
    data = material.sorted_rows(material.mnist(random, (2_000, 1_000)))
    return Dealt(_generated(data, whole(random, 25, 50)), nets.classifier(10, 64, shape=(784,)))


@_add(
    "one-hot rows, sorted stream",
    "1 500 rows of 5 classes, one-hot, sorted, shuffled in a buffer of 32",
    epochs=10,
    rate=3e-3,
    labels=_SORTED,
)
def _(random: Random) -> Dealt:
    data = material.sorted_rows(material.clouds(random, (1_500, 500), features=10, classes=5, apart=4.0))
    data = material.with_targets(data, lambda y: material.one_hot(y, 5))
    build = nets.net(lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(5, "softmax")], nets.CATEGORICAL, shape=(10,))
    return Dealt(material.streamed(data, 32, buffer=32), build)


@_add(
    "blocks of a class",
    "1 500 rows of 3 classes in 6 to 12 blocks of one class each, not shuffled",
    epochs=10,
    rate=3e-3,
    labels=_SORTED,
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (1_500, 500), features=10, classes=3, apart=4.0)
    block = random.integers(0, whole(random, 2, 4), len(data.y))
    order = np.lexsort((data.y, block))
    return Dealt(
        material.streamed(replace(data, x=data.x[order], y=data.y[order]), 25), nets.classifier(3, 32, shape=(10,))
    )


def _image_net() -> Build:
    def layers(kinds: Any) -> list[Any]:
        return [kinds.Conv2D(16, 3, activation="relu"), kinds.Flatten(), kinds.Dense(10, "softmax")]

    return nets.net(layers, nets.SPARSE, shape=(8, 8, 1))


def _generated(data: TrainingData, batch: int) -> TrainingData:
    """Return the data with training batches from a generator, in their order."""
    x, y = data.x, data.y

    def batches() -> Iterator[tuple[Any, Any]]:
        while True:
            for at in range(0, len(x), batch):
                yield x[at : at + batch], y[at : at + batch]

    return replace(data, x=batches(), y=None, steps_per_epoch=-(-len(x) // batch))


_SHIFTED = {"label_shift": MUST, **dict.fromkeys(("unbalanced", "overfitting"), EITHER)}


@_add(
    "balanced in training alone",
    "1 500 rows, both classes alike in training, one of them 3 to 15 % in validation",
    epochs=12,
    labels=_SHIFTED,
)
def _(random: Random) -> Dealt:
    return Dealt(_shifted(random, (0.5, 0.5), random.uniform(0.03, 0.15)), nets.two_classes(32))


@_add(
    "rare in training, frequent in validation",
    "1 500 rows, one of two classes 10 to 20 % in training and 45 to 60 % in validation",
    epochs=12,
    labels=_SHIFTED,
)
def _(random: Random) -> Dealt:
    first = random.uniform(0.1, 0.2)
    return Dealt(_shifted(random, (1 - first, first), random.uniform(0.45, 0.6)), nets.two_classes(32))


@_add(
    "five classes, another mixture in validation",
    "1 500 rows of 5 classes, two of them hardly in validation",
    epochs=12,
    labels=_SHIFTED | {"class_missing": EITHER},
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (1_500, 1_200), features=12, classes=5, apart=4.0)
    kept = (data.y_validation > 1) | (random.random(1_200) < random.uniform(0.03, 0.1))
    data = replace(data, x_validation=data.x_validation[kept], y_validation=data.y_validation[kept])
    return Dealt(data, nets.classifier(5, 32))


def _shifted(random: Random, shares: tuple[float, float], there: float) -> TrainingData:
    """Return two classes with these shares in training; `there` is the second one's in validation."""
    data = material.clouds(random, (1_500, 4_000), features=12, apart=2.5, shares=shares)
    picked = np.concatenate(
        [
            np.flatnonzero(data.y_validation == number)[:count]
            for number, count in ((0, round(500 * (1 - there))), (1, round(500 * there)))
        ]
    )
    return replace(data, x_validation=data.x_validation[picked], y_validation=data.y_validation[picked])


_IGNORED = {"unbalanced": MUST, "overfitting": MUST_NOT, "suspected_labels": EITHER, "good_fit": MUST_NOT}


@_add(
    "segmentation, foreground ignored",
    "300 images, a patch of 2 or 3 % of the pixels hidden in noise, every pixel called background",
    epochs=10,
    rate=3e-3,
    labels=_IGNORED,
)
def _(random: Random) -> Dealt:
    data = material.scenes(random, (300, 100), classes=2, patch=whole(random, 2, 3))
    data = material.with_inputs(
        data, **{side: lambda x: x + random.normal(0, 1.5, x.shape) for side in ("training", "validation")}
    )

    def layers(kinds: Any) -> list[Any]:
        first = kinds.Conv2D(8, 3, padding="same", activation="relu")
        return [first, kinds.Conv2D(2, 1, activation="softmax")]

    return Dealt(data, nets.net(layers, nets.SPARSE), material.entropy(data.y_validation))


@_add(
    "fraud, never predicted",
    "4 000 rows, 2 to 5 % of them fraud with a weak signal",
    epochs=12,
    batch=64,
    labels=_IGNORED,
)
def _(random: Random) -> Dealt:
    share = random.uniform(0.02, 0.05)
    data = material.clouds(random, (4_000, 1_500), features=10, apart=0.8, shares=(1 - share, share))
    return Dealt(data, nets.two_classes(8), material.entropy(data.y_validation))


@_add(
    "churn, never predicted",
    "4 000 rows of customers, 12 to 18 % of whom leave, a weak signal",
    epochs=12,
    batch=64,
    labels=_IGNORED,
)
def _(random: Random) -> Dealt:
    share = random.uniform(0.12, 0.18)
    data = material.clouds(random, (4_000, 1_500), features=10, apart=0.6, shares=(1 - share, share))
    return Dealt(data, nets.two_classes(8), material.entropy(data.y_validation))
