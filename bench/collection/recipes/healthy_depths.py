"""Healthy runs of deep models, streams, several labels and images. A competent practitioner would change
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, whole
from bench.collection.recipe import Build
from bench.collection.recipes.defaults import EITHER
from fitmon.engine.job import TrainingData

DEEP, STREAMED, SEVERAL, IMAGES = Recipes(), Recipes(), Recipes(), Recipes()


@DEEP.add("six relu layers", "6 000 rows of 3 classes, 6 relu layers of 32, Adam 0.0005", epochs=5, rate=5e-4)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (6_000, 1_500), features=whole(random, 10, 20), classes=3, apart=4.5)
    return Dealt(data, nets.classifier(3, *[32] * 6))


@DEEP.add("five tanh layers", "6 000 rows of 3 classes, 5 tanh layers of 32, Adam 0.0005", epochs=5, rate=5e-4)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (6_000, 1_500), features=whole(random, 10, 20), classes=3, apart=4.5)
    return Dealt(data, nets.classifier(3, *[32] * 5, activation="tanh"))


@DEEP.add(
    "six normalized sigmoid layers",
    "3 000 rows of 3 classes, 6 sigmoid layers, each after BatchNormalization with momentum 0.9",
    epochs=10,
    rate=3e-3,
)
def _(random: Random) -> Dealt:
    def layers(kinds: Any) -> list[Any]:
        parts = []
        for _ in range(6):
            parts += [kinds.Dense(32), kinds.BatchNormalization(momentum=0.9), kinds.Activation("sigmoid")]
        return [*parts, kinds.Dense(3, "softmax")]

    data = material.clouds(random, (3_000, 1_000), features=whole(random, 10, 20), classes=3, apart=4.0)
    return Dealt(data, nets.net(layers, nets.SPARSE))


@DEEP.add("residual blocks", "6 000 rows of 4 classes, 8 residual blocks of 32 units", epochs=4, rate=5e-4)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (6_000, 1_500), features=whole(random, 10, 20), classes=4, apart=4.5)

    def build(settings: Any, data: TrainingData) -> Any:
        import keras

        inputs = keras.Input(data.x.shape[1:])
        x = keras.layers.Dense(32)(inputs)
        for _ in range(8):
            inside = keras.layers.Dense(32, "relu")(keras.layers.LayerNormalization()(x))
            x = keras.layers.add([x, keras.layers.Dense(32)(inside)])
        outputs = keras.layers.Dense(4, "softmax")(x)
        return nets.compiled(keras.Model(inputs, outputs), settings, nets.SPARSE)

    return Dealt(data, build)


@DEEP.add("two branches", "3 000 rows of 3 classes, a wide and a deep branch put together", epochs=10)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (3_000, 1_000), features=whole(random, 10, 20), classes=3, apart=4.0)

    def build(settings: Any, data: TrainingData) -> Any:
        import keras

        inputs = keras.Input(data.x.shape[1:])
        deep = keras.layers.Dense(16, "relu")(keras.layers.Dense(16, "relu")(inputs))
        both = keras.layers.concatenate([inputs, deep])
        outputs = keras.layers.Dense(3, "softmax")(both)
        return nets.compiled(keras.Model(inputs, outputs), settings, nets.SPARSE)

    return Dealt(data, build)


@DEEP.add(
    "normalized, dropout", "3 000 rows of 3 classes, Dense 64 twice with BatchNormalization and dropout 0.2", epochs=12
)
def _(random: Random) -> Dealt:
    def layers(kinds: Any) -> list[Any]:
        parts = []
        for _ in range(2):
            parts += [kinds.Dense(64, "relu"), kinds.BatchNormalization(momentum=0.95), kinds.Dropout(0.2)]
        return [*parts, kinds.Dense(3, "softmax")]

    data = material.clouds(random, (3_000, 1_000), features=whole(random, 10, 20), classes=3, apart=3.5)
    return Dealt(data, nets.net(layers, nets.SPARSE))


@STREAMED.add(
    "augmented digits, stream",
    "1 300 digits, moved at random, shuffled over all, tf.data on both sides",
    epochs=12,
    rate=3e-3,
)
def _(random: Random) -> Dealt:
    import tensorflow as tf

    def moved(image: Any, label: Any) -> Any:
        return tf.roll(image, tf.random.uniform((), -1, 2, tf.int32, seed=3), 1), label

    data = material.streamed(material.digits(random, 1_300), 32, buffer=1_300, change=moved)
    layers = nets.net(
        lambda kinds: [kinds.Conv2D(16, 3, activation="relu"), kinds.Flatten(), kinds.Dense(10, "softmax")],
        nets.SPARSE,
        shape=(8, 8, 1),
    )
    return Dealt(data, layers)


@STREAMED.add("sorted file, shuffled over all", "2 500 rows sorted by class, shuffled over all of them", epochs=10)
def _(random: Random) -> Dealt:
    data = material.sorted_rows(material.clouds(random, (2_500, 800), features=12, classes=4, apart=4.5))
    return Dealt(material.streamed(data, 32, buffer=2_500), nets.classifier(4, 32, shape=(12,)))


@STREAMED.add(
    "generator of mixed batches",
    "2 500 rows of two classes, one of them 20 to 35 %, batches drawn at random",
    epochs=10,
    labels={"unbalanced": EITHER},
)
def _(random: Random) -> Dealt:
    share = random.uniform(0.2, 0.35)
    data = material.clouds(random, (2_500, 800), features=12, apart=3.5, shares=(1 - share, share))
    seed = whole(random, 0, 1_000)

    def batches() -> Iterator[tuple[Any, Any]]:
        order = np.random.default_rng(seed)
        while True:
            rows = order.integers(0, len(data.x), 32)
            yield data.x[rows], data.y[rows]

    streamed = replace(data, x=batches(), y=None, steps_per_epoch=78)
    return Dealt(streamed, nets.two_classes(24, shape=(12,)))


@STREAMED.add(
    "regression, stream", "2 500 rows, quantities, shuffled over all, tf.data on both sides", epochs=10, rate=2e-3
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (2_500, 800), noise=0.05)
    return Dealt(material.streamed(data, 32, buffer=2_500), nets.regressor(1, 32, shape=(8,)))


@SEVERAL.add("six labels", "3 000 rows, 6 labels on 20 to 50 % of them", epochs=10, rate=2e-3)
def _(random: Random) -> Dealt:
    data = material.tags(random, (3_000, 1_000), shares=random.uniform(0.2, 0.5, 6), features=20, noise=0.3)
    layers = nets.net(
        lambda kinds: [kinds.Dense(48, "relu"), kinds.Dense(6, "sigmoid")], nets.BINARY, metrics=("binary_accuracy",)
    )
    return Dealt(data, layers)


@SEVERAL.add("twenty labels", "4 000 rows, 20 labels on 15 to 40 % of them", epochs=10, rate=2e-3)
def _(random: Random) -> Dealt:
    data = material.tags(random, (4_000, 1_000), shares=random.uniform(0.15, 0.4, 20), features=20, noise=0.3)
    layers = nets.net(
        lambda kinds: [kinds.Dense(64, "relu"), kinds.Dense(20, "sigmoid")], nets.BINARY, metrics=("binary_accuracy",)
    )
    return Dealt(data, layers)


def _masks(outputs: int, activation: str, loss: str) -> Build:
    def layers(kinds: Any) -> list[Any]:
        parts = [kinds.Conv2D(8, 3, padding="same", activation="relu") for _ in range(2)]
        return [*parts, kinds.Conv2D(outputs, 1, activation=activation)]

    return nets.net(layers, loss)


_MOSTLY_BACKGROUND = {"unbalanced": EITHER, "plateau": EITHER}


@IMAGES.add(
    "segmentation, three classes",
    "300 images of 16 × 16, two patches of 3 or 4 pixels a side, softmax for each pixel",
    epochs=12,
    batch=16,
    rate=3e-3,
    labels=_MOSTLY_BACKGROUND,
)
def _(random: Random) -> Dealt:
    return Dealt(material.scenes(random, (300, 100), patch=whole(random, 3, 4)), _masks(3, "softmax", nets.SPARSE))


@IMAGES.add(
    "segmentation, a mask",
    "300 images of 16 × 16, a patch of 4 to 7 pixels a side, sigmoid for each pixel",
    epochs=12,
    batch=16,
    rate=3e-3,
    labels=_MOSTLY_BACKGROUND,
)
def _(random: Random) -> Dealt:
    data = material.scenes(random, (300, 100), classes=2, patch=whole(random, 4, 7))
    data = material.with_targets(data, lambda y: y[..., None].astype(np.float32))
    return Dealt(data, _masks(1, "sigmoid", nets.BINARY))


@IMAGES.add(
    "segmentation, one-hot",
    "300 images of 12 × 12, patches of three classes, one-hot for each pixel",
    epochs=12,
    batch=16,
    rate=3e-3,
    labels=_MOSTLY_BACKGROUND,
)
def _(random: Random) -> Dealt:
    data = material.scenes(random, (300, 100), size=12, classes=4, patch=whole(random, 3, 4))
    data = material.with_targets(data, lambda y: material.one_hot(y, 4))
    return Dealt(data, _masks(4, "softmax", nets.CATEGORICAL))


@IMAGES.add(
    "augmentation layers", "1 300 digits, moved and turned by layers of the model in training", epochs=15, rate=2e-3
)
def _(random: Random) -> Dealt:
    turn = random.uniform(0.02, 0.06)

    def layers(kinds: Any) -> list[Any]:
        moving = [kinds.RandomTranslation(0.1, 0.1, fill_mode="constant"), kinds.RandomRotation(turn)]
        return [*moving, kinds.Conv2D(16, 3, activation="relu"), kinds.Flatten(), kinds.Dense(10, "softmax")]

    return Dealt(material.digits(random, 1_300), nets.net(layers, nets.SPARSE))


@IMAGES.add("two inputs", "2 500 pairs of an image and a row, of which both say something about the class", epochs=10)
def _(random: Random) -> Dealt:
    table = material.clouds(random, (2_500, 800), features=8, apart=3.0)
    sides = (table.x, table.y), (table.x_validation, table.y_validation)
    pairs = [[y[:, None, None, None] * 0.5 + random.normal(size=(len(y), 6, 6, 1)), x] for x, y in sides]
    x, x_validation = ([image.astype(np.float32), row] for image, row in pairs)

    def build(settings: Any, _data: Any) -> Any:
        import keras

        image, row = keras.Input((6, 6, 1)), keras.Input((8,))
        seen = keras.layers.Flatten()(keras.layers.Conv2D(4, 3, activation="relu")(image))
        inside = keras.layers.Dense(16, "relu")(keras.layers.concatenate([seen, row]))
        outputs = keras.layers.Dense(1, "sigmoid")(inside)
        return nets.compiled(keras.Model([image, row], outputs), settings, nets.BINARY)

    return Dealt(replace(table, x=x, x_validation=x_validation), build)
