"""Models with a fault: layers that lag, gradients that vanish, penalties that are too strong."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, between, whole
from bench.collection.recipe import Build
from bench.collection.recipes.defaults import EITHER, MUST, MUST_NOT
from fitmon.engine.job import TrainingData

LAGGING, VANISHING, PENALIZED = Recipes(), Recipes(), Recipes()

_LAGS = dict.fromkeys(("overfitting", "memorizing", "learning_rate_too_high", "good_fit", "suspected_labels"), MUST_NOT)
_LAGS |= {"duplicates": EITHER, "unscaled_features": EITHER}


@LAGGING.add(
    "BatchNormalization, four steps an epoch",
    "64 images around a brightness of 80 to 160, validated on themselves, momentum 0.99",
    epochs=12,
    batch=16,
    rate=3e-3,
    labels=_LAGS,
    both_modes=True,
)
def _(random: Random) -> Dealt:
    y = np.repeat([0, 1], 32)
    x = random.normal(random.uniform(80, 160), 25, (64, 12, 12, 1))
    x[y == 1, 3:9, 3:9] += 25
    x = x.astype(np.float32)
    data = TrainingData(x=x, y=y.astype(np.float32), x_validation=x.copy(), y_validation=y.astype(np.float32))

    def layers(kinds: Any) -> list[Any]:
        parts = []
        for width in (8, 16):
            parts += [kinds.Conv2D(width, 3, 2, "same"), kinds.BatchNormalization(), kinds.LeakyReLU(0.2)]
        return [*parts, kinds.Flatten(), kinds.Dense(1, "sigmoid")]

    return Dealt(data, nets.net(layers, nets.BINARY), material.entropy(y))


@LAGGING.add(
    "BatchNormalization, large batches",
    "300 to 400 digits of 0 to 255 in batches of 128, momentum 0.99, 8 epochs",
    epochs=8,
    batch=128,
    rate=5e-3,
    labels=_LAGS,
    both_modes=True,
)
def _(random: Random) -> Dealt:
    data = material.digits(random, whole(random, 300, 400))
    data = material.with_inputs(data, training=lambda x: 255 * x, validation=lambda x: 255 * x)
    return Dealt(data, _normalized_images(0.99), material.entropy(data.y_validation))


@LAGGING.add(
    "BatchNormalization, momentum 0.999",
    "1 000 rows around 5 to 30, three layers, 12 epochs of 16 steps, momentum 0.999",
    epochs=12,
    batch=64,
    rate=3e-3,
    labels=_LAGS,
    both_modes=True,
)
def _(random: Random) -> Dealt:
    return _normalized_table(random, 0.999, random.uniform(5, 30))


@LAGGING.add(
    "BatchNormalization, momentum 0.9999",
    "1 000 rows around 5 to 30, three layers, 20 epochs of 32 steps, momentum 0.9999",
    epochs=20,
    rate=3e-3,
    labels=_LAGS,
    both_modes=True,
)
def _(random: Random) -> Dealt:
    return _normalized_table(random, 0.9999, random.uniform(5, 30))


def _normalized_images(momentum: float) -> Build:
    def layers(kinds: Any) -> list[Any]:
        parts = []
        for width in (8, 16):
            parts += [kinds.Conv2D(width, 3, padding="same"), kinds.BatchNormalization(momentum=momentum), kinds.ReLU()]
        return [*parts, kinds.Flatten(), kinds.Dense(10, "softmax")]

    return nets.net(layers, nets.SPARSE)


def _normalized_table(random: Random, momentum: float, around: float) -> Dealt:
    data = material.clouds(random, (1_000, 400), features=16, classes=4, apart=4.0)
    data = material.with_inputs(data, training=lambda x: x + around, validation=lambda x: x + around)

    def layers(kinds: Any) -> list[Any]:
        parts = [kinds.Dense(32), kinds.BatchNormalization(momentum=momentum), kinds.ReLU()]
        parts += [kinds.Dense(32), kinds.BatchNormalization(momentum=momentum), kinds.ReLU()]
        return [*parts, kinds.Dense(4, "softmax")]

    return Dealt(data, nets.net(layers, nets.SPARSE), material.entropy(data.y_validation))


_VANISHES = {"vanishing_gradients": MUST, **dict.fromkeys(("overfitting", "good_fit", "learning_well"), MUST_NOT)}


@VANISHING.add(
    "five to seven sigmoid layers, SGD",
    "1 100 rows of 16 bits, 5 to 7 sigmoid layers of 60 to 120 units, SGD 0.01",
    epochs=20,
    rate=1e-2,
    labels=_VANISHES,
)
def _(random: Random) -> Dealt:
    x = random.integers(0, 2, (1_500, 16)).astype(np.float32)
    score = x @ random.normal(size=16)
    data = material.cut(x, (score > np.median(score)).astype(np.int64), (1_100, 400))
    units = [whole(random, 60, 120)] * whole(random, 5, 7)
    build = nets.two_classes(*units, activation="sigmoid", optimizer="sgd")
    return Dealt(data, build, material.entropy(data.y_validation))


@VANISHING.add(
    "ten sigmoid layers, Adam",
    "1 200 digits, 10 sigmoid layers of 32 to 64 units, Adam 0.001",
    epochs=12,
    labels=_VANISHES,
)
def _(random: Random) -> Dealt:
    data = material.digits(random)
    build = nets.classifier(10, *[whole(random, 32, 64)] * 10, activation="sigmoid")
    return Dealt(data, build, material.entropy(data.y_validation))


@VANISHING.add(
    "sigmoid convolutions, SGD",
    "1 200 digits, 5 or 6 convolutions with sigmoid, SGD 0.01",
    epochs=10,
    rate=1e-2,
    labels=_VANISHES,
)
def _(random: Random) -> Dealt:
    data, depth = material.digits(random), whole(random, 5, 6)

    def layers(kinds: Any) -> list[Any]:
        parts = [kinds.Conv2D(12, 3, padding="same", activation="sigmoid") for _ in range(depth)]
        return [*parts, kinds.GlobalAveragePooling2D(), kinds.Dense(10, "softmax")]

    return Dealt(data, nets.net(layers, nets.SPARSE, optimizer="sgd"), material.entropy(data.y_validation))


@VANISHING.add(
    "eight tanh layers, small weights",
    "1 500 rows, 8 tanh layers with first weights of 0.01 to 0.03, SGD 0.01",
    epochs=15,
    rate=1e-2,
    labels=_VANISHES,
)
def _(random: Random) -> Dealt:
    return _from_small_weights(random, "tanh", 8, between(random, 0.01, 0.03))


@VANISHING.add(
    "eight relu layers, small weights",
    "1 500 rows, 8 relu layers with first weights of 0.01 to 0.03, SGD 0.01",
    epochs=15,
    rate=1e-2,
    labels=_VANISHES | {"dead_units": EITHER},
)
def _(random: Random) -> Dealt:
    return _from_small_weights(random, "relu", 8, between(random, 0.01, 0.03))


@VANISHING.add(
    "regression through six sigmoid layers",
    "1 500 rows, 6 sigmoid layers of 50 units, SGD 0.001",
    epochs=15,
    labels=_VANISHES,
)
def _(random: Random) -> Dealt:
    data = material.quantities(random, (1_500, 500), features=whole(random, 6, 12))

    def layers(kinds: Any) -> list[Any]:
        return [*nets.hidden(kinds, [50] * 6, "sigmoid"), kinds.Dense(1)]

    return Dealt(data, nets.net(layers, "mse", metrics=("mae",), optimizer="sgd"), material.variance(data.y_validation))


def _from_small_weights(random: Random, activation: str, depth: int, scale: float) -> Dealt:
    data = material.clouds(random, (1_500, 500), features=whole(random, 10, 20), apart=3.0)

    def layers(kinds: Any) -> list[Any]:
        import keras

        small = [keras.initializers.RandomNormal(stddev=scale, seed=number) for number in range(depth)]
        parts = [kinds.Dense(40, activation, kernel_initializer=first) for first in small]
        return [*parts, kinds.Dense(1, "sigmoid")]

    return Dealt(data, nets.net(layers, nets.BINARY, optimizer="sgd"), material.entropy(data.y_validation))


_CRUSHED = {"penalty_too_strong": MUST, **dict.fromkeys(("overfitting", "good_fit", "memorizing"), MUST_NOT)}
_RAISED = _CRUSHED | {"learning_rate_too_high": MUST_NOT}


def _penalized(classes: int, **penalty: float) -> Build:
    def layers(kinds: Any) -> list[Any]:
        import keras

        both = keras.regularizers.L1L2(**penalty)
        return [
            *nets.hidden(kinds, (64,), kernel_regularizer=both),
            kinds.Dense(classes, "softmax", kernel_regularizer=both),
        ]

    return nets.net(layers, nets.SPARSE)


@PENALIZED.add("digits, L2 from the start", "1 200 digits, Dense 64, L2 of 0.3 to 1", epochs=20, labels=_CRUSHED)
def _(random: Random) -> Dealt:
    data = material.digits(random)
    return Dealt(data, _penalized(10, l2=between(random, 0.3, 1)), material.entropy(data.y_validation))


@PENALIZED.add(
    "digits, L1 from the start",
    "1 200 digits, Dense 64, L1 of 0.05 to 0.3",
    epochs=20,
    labels=_CRUSHED | {"dead_units": EITHER},
)
def _(random: Random) -> Dealt:
    data = material.digits(random)
    return Dealt(data, _penalized(10, l1=between(random, 0.05, 0.3)), material.entropy(data.y_validation))


@PENALIZED.add(
    "table, L2 from the start", "2 000 rows of four classes, Dense 64, L2 of 0.5 to 3", epochs=20, labels=_CRUSHED
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_000, 600), classes=4, apart=3.5)
    return Dealt(data, _penalized(4, l2=between(random, 0.5, 3)), material.entropy(data.y_validation))


@PENALIZED.add("regression, L2 from the start", "1 500 rows, Dense 32, L2 of 1 to 10", epochs=20, labels=_CRUSHED)
def _(random: Random) -> Dealt:
    data, strength = material.quantities(random, (1_500, 500)), between(random, 1, 10)

    def layers(kinds: Any) -> list[Any]:
        return [
            *nets.hidden(kinds, (32,), kernel_regularizer=_l2(strength)),
            kinds.Dense(1, kernel_regularizer=_l2(strength)),
        ]

    return Dealt(data, nets.net(layers, "mse", metrics=("mae",)), material.variance(data.y_validation))


def _l2(strength: float) -> Any:
    import keras

    return keras.regularizers.L2(strength)


@PENALIZED.add(
    "digits, L2 raised",
    "1 200 digits, Dense 64, L2 0.0001, raised to 0.5 at epoch 9 of 20",
    epochs=20,
    labels=_RAISED,
    knob_at=(9, "l2", 0.5),
)
def _(random: Random) -> Dealt:
    data = material.digits(random)
    return Dealt(data, _penalized(10, l2=1e-4), material.entropy(data.y_validation))


@PENALIZED.add(
    "table, L1 raised",
    "2 000 rows of four classes, Dense 64, L1 0.0001, raised to 0.2 at epoch 8 of 18",
    epochs=18,
    labels=_RAISED | {"dead_units": EITHER},
    knob_at=(8, "l1", 0.2),
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_000, 600), classes=4, apart=3.5)
    return Dealt(data, _penalized(4, l1=1e-4), material.entropy(data.y_validation))
