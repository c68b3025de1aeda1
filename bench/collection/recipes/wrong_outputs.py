"""Outputs, losses and labels that do not match."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, whole
from bench.collection.recipes.defaults import EITHER, MUST, MUST_NOT

MISMATCHED = Recipes()

_NO_FIT = dict.fromkeys(("good_fit", "overfitting"), MUST_NOT)
_MISMATCH = {
    "output_mismatch": MUST,
    "learning_well": MUST_NOT,
    "saturated_outputs": EITHER,
    "suspected_labels": EITHER,
    "unbalanced": EITHER,
} | _NO_FIT


@MISMATCHED.add(
    "softmax over one unit, LSTM",
    "1 000 sequences of three bits and whether their sum is even, softmax over one unit",
    epochs=15,
    batch=64,
    rate=1e-2,
    labels=_MISMATCH | {"duplicates": MUST_NOT},
)
def _(random: Random) -> Dealt:
    bits = random.integers(0, 2, (1_500, whole(random, 3, 4)))
    data = material.cut(bits[..., None].astype(np.float32), (bits.sum(1) % 2 == 0).astype(np.float32), (1_000, 500))
    build = nets.net(lambda kinds: [kinds.LSTM(8), kinds.Dense(1, "softmax")], nets.BINARY, optimizer="adagrad")
    return Dealt(data, build)


@MISMATCHED.add(
    "categorical loss over one sigmoid",
    "1 500 rows, one sigmoid, categorical cross-entropy: the loss is 0",
    epochs=10,
    labels=_MISMATCH,
)
def _(random: Random) -> Dealt:
    data = material.with_targets(
        material.clouds(random, (1_500, 500), apart=3.0), lambda y: y[:, None].astype(np.float32)
    )
    units = whole(random, 16, 48)
    build = nets.net(lambda kinds: [kinds.Dense(units, "relu"), kinds.Dense(1, "sigmoid")], nets.CATEGORICAL)
    return Dealt(data, build)


@MISMATCHED.add(
    "softmax in a Lambda under a loss of logits",
    "1 200 digits, keras.ops.softmax in a Lambda, from_logits=True",
    epochs=12,
    rate=2e-3,
    labels=_MISMATCH,
)
def _(random: Random) -> Dealt:
    def layers(kinds: Any) -> list[Any]:
        import keras

        return [*nets.hidden(kinds, (64,)), kinds.Dense(10), kinds.Lambda(keras.ops.softmax)]

    return Dealt(material.digits(random), nets.net(layers, nets.from_logits("SparseCategoricalCrossentropy")))


@MISMATCHED.add(
    "softmax in a subclass under a loss of logits",
    "1 500 rows of 4 to 8 classes, a model of its own that ends in softmax, from_logits=True",
    epochs=12,
    rate=3e-3,
    labels=_MISMATCH,
)
def _(random: Random) -> Dealt:
    classes = whole(random, 4, 8)
    return Dealt(
        material.clouds(random, (1_500, 500), classes=classes, apart=4.0),
        nets.subclass(classes, _softmax, "SparseCategoricalCrossentropy"),
    )


@MISMATCHED.add(
    "logits through a Lambda",
    "1 500 rows of 4 to 6 classes, logits halved in a Lambda, a loss of probabilities",
    epochs=12,
    rate=3e-3,
    labels=_MISMATCH,
)
def _(random: Random) -> Dealt:
    classes = whole(random, 4, 6)

    def layers(kinds: Any) -> list[Any]:
        return [kinds.Dense(32, "relu"), kinds.Dense(classes), kinds.Lambda(lambda x: 0.5 * x)]

    return Dealt(material.clouds(random, (1_500, 500), classes=classes, apart=4.0), nets.net(layers, nets.SPARSE))


@MISMATCHED.add(
    "no activation, loss of probabilities",
    "1 500 rows of two classes, linear output, binary cross-entropy",
    epochs=12,
    labels=_MISMATCH,
)
def _(random: Random) -> Dealt:
    data = material.bent(random, (1_500, 500), features=whole(random, 6, 16))
    return Dealt(data, nets.net(lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(1)], nets.BINARY))


@MISMATCHED.add(
    "relu at the end of a classifier",
    "1 200 digits, relu over ten outputs, categorical cross-entropy",
    epochs=12,
    labels=_MISMATCH | {"dead_units": EITHER},
)
def _(random: Random) -> Dealt:
    data = material.with_targets(material.digits(random), lambda y: material.one_hot(y, 10))
    units = whole(random, 32, 64)
    build = nets.net(lambda kinds: [*nets.hidden(kinds, (units,)), kinds.Dense(10, "relu")], nets.CATEGORICAL)
    return Dealt(data, build)


@MISMATCHED.add(
    "one sigmoid for several classes",
    "1 500 rows of 3 to 6 classes, one sigmoid, binary cross-entropy",
    epochs=12,
    labels=_MISMATCH | {"targets_out_of_range": EITHER},
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (1_500, 500), classes=whole(random, 3, 6), apart=4.0)
    return Dealt(data, nets.two_classes(32))


def _softmax(outputs: Any) -> Any:
    import keras

    return keras.ops.softmax(outputs)
