"""Healthy runs that tell classes apart. A competent practitioner would change nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, between, whole
from bench.collection.recipes.defaults import EITHER, MUST

CLASSES = Recipes()
_add = CLASSES.add
_WEIGHTED = {"weighted_loss": MUST}
_RARE_CLASS = {"unbalanced": EITHER}
"""One class is rare, which may be said as a note."""
_DONE = {"plateau": EITHER}
"""It is trained until nothing changes any more."""


@_add(
    "digits, a rare class weighted",
    "1 200 digits, whether it is a 3, weights 1 and 6 to 9, Adam 0.003",
    epochs=10,
    rate=3e-3,
    labels=_WEIGHTED | _RARE_CLASS,
)
def _(random: Random) -> Dealt:
    data = material.with_targets(material.digits(random), lambda y: (y == 3).astype(np.int64))  # noqa: PLR2004 - the digit
    return Dealt(replace(data, class_weight={0: 1.0, 1: random.uniform(6, 9)}), nets.two_classes(16))


@_add(
    "three classes, weighted by frequency",
    "2 500 rows of 3 classes, one of them a tenth, weighted inversely",
    epochs=10,
    labels=_WEIGHTED | _RARE_CLASS,
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_500, 800), features=15, classes=3, apart=4.5, shares=(0.55, 0.35, 0.1))
    counts = np.bincount(data.y)
    weights = {number: float(len(data.y) / 3 / count) for number, count in enumerate(counts)}
    return Dealt(replace(data, class_weight=weights), nets.classifier(3, 24))


@_add(
    "table, sample weights in training",
    "2 500 rows, weights of 0.2 to 3 in training alone",
    epochs=10,
    labels=_WEIGHTED,
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_500, 800), features=15, apart=3.5)
    weights = random.uniform(0.2, 3, 2_500).astype(np.float32)
    return Dealt(replace(data, sample_weight=weights), nets.two_classes(24))


@_add(
    "table, sample weights on both sides",
    "2 500 rows, weights of 0.2 to 3 in training and validation",
    epochs=10,
    labels=_WEIGHTED,
)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_500, 800), features=15, classes=3, apart=4.0)
    here, there = (random.uniform(0.2, 3, count).astype(np.float32) for count in (2_500, 800))
    return Dealt(replace(data, sample_weight=here, sample_weight_validation=there), nets.classifier(3, 24))


@_add("digits, convolutions", "1 200 digits, 8 to 16 filters, 8 epochs", epochs=8, rate=2e-3)
def _(random: Random) -> Dealt:
    return Dealt(material.digits(random), nets.convolutions(10, whole(random, 8, 16)))


@_add("digits, BatchNormalization", "1 300 digits, two convolutions, BatchNormalization with momentum 0.9", epochs=8)
def _(random: Random) -> Dealt:
    return Dealt(material.digits(random, 1_300), nets.convolutions(10, whole(random, 8, 16), 16, normalized=0.9))


@_add("digits, dropout", "1 200 digits, Dense 64 to 128, dropout 0.2 to 0.4", epochs=15)
def _(random: Random) -> Dealt:
    units, rate = whole(random, 64, 128), random.uniform(0.2, 0.4)
    layers = nets.net(
        lambda kinds: [*nets.hidden(kinds, (units,)), kinds.Dropout(rate), kinds.Dense(10, "softmax")], nets.SPARSE
    )
    return Dealt(material.digits(random), layers)


@_add("digits, some L2", "1 200 digits, Dense 64, L2 of 0.0001 to 0.0005", epochs=15)
def _(random: Random) -> Dealt:
    strength = between(random, 1e-4, 5e-4)

    def layers(kinds: Any) -> list[Any]:
        import keras

        return [
            *nets.hidden(kinds, (64,), kernel_regularizer=keras.regularizers.L2(strength)),
            kinds.Dense(10, "softmax"),
        ]

    return Dealt(material.digits(random), nets.net(layers, nets.SPARSE))


@_add("mnist, dense", "8 000 images, Dense 48 to 96, 6 epochs, batch 64", epochs=6, batch=64)
def _(random: Random) -> Dealt:
    return Dealt(material.mnist(random, (8_000, 2_000)), nets.classifier(10, whole(random, 48, 96)))


@_add("mnist, convolutions", "4 000 images, one convolution, 6 epochs", epochs=6, batch=64, rate=2e-3)
def _(random: Random) -> Dealt:
    filters = whole(random, 6, 10)

    def layers(kinds: Any) -> list[Any]:
        first = [kinds.Reshape((28, 28, 1)), kinds.Conv2D(filters, 5, strides=2, activation="relu")]
        return [*first, kinds.MaxPooling2D(), kinds.Flatten(), kinds.Dense(10, "softmax")]

    return Dealt(material.mnist(random, (4_000, 1_500)), nets.net(layers, nets.SPARSE))


@_add("bytes with Rescaling", "1 200 digits of 0 to 255, which the model divides itself", epochs=10, rate=2e-3)
def _(random: Random) -> Dealt:
    data = material.digits(random)
    data = replace(data, x=(255 * data.x).astype(np.uint8), x_validation=(255 * data.x_validation).astype(np.uint8))
    units = whole(random, 32, 64)
    layers = nets.net(
        lambda kinds: [kinds.Rescaling(1 / 255), *nets.hidden(kinds, (units,)), kinds.Dense(10, "softmax")], nets.SPARSE
    )
    return Dealt(data, layers)


@_add(
    "patients with Normalization", "400 patients as measured, which the model standardises itself", epochs=12, batch=16
)
def _(random: Random) -> Dealt:
    layers = nets.net(
        lambda kinds: [kinds.Normalization(), kinds.Dense(16, "relu"), kinds.Dense(1, "sigmoid")],
        nets.BINARY,
        adapted=True,
    )
    return Dealt(material.breast_cancer(random), layers)


@_add("two classes, one logit", "2 500 rows, linear output, binary cross-entropy from logits", epochs=10)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_500, 800), features=whole(random, 8, 20), apart=3.5)
    build = nets.net(lambda kinds: [kinds.Dense(24, "relu"), kinds.Dense(1)], nets.from_logits("BinaryCrossentropy"))
    return Dealt(data, build)


@_add(
    "several classes, logits",
    "2 500 rows of 4 to 8 classes, linear outputs, sparse cross-entropy from logits",
    epochs=10,
)
def _(random: Random) -> Dealt:
    classes = whole(random, 4, 8)
    data = material.clouds(random, (2_500, 800), classes=classes, apart=4.5)
    build = nets.net(
        lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(classes)], nets.from_logits("SparseCategoricalCrossentropy")
    )
    return Dealt(data, build)


@_add("one-hot rows", "4 000 rows of 3 to 6 classes, one-hot, softmax, SGD 0.01 with momentum", epochs=8, rate=0.01)
def _(random: Random) -> Dealt:
    classes = whole(random, 3, 6)
    data = material.clouds(random, (4_000, 1_000), classes=classes, apart=5.0)
    data = material.with_targets(data, lambda y: material.one_hot(y, classes))
    layers = nets.net(
        lambda kinds: [kinds.Dense(32, "relu"), kinds.Dense(classes, "softmax")],
        nets.CATEGORICAL,
        optimizer=nets.optimizer("SGD", momentum=0.9),
    )
    return Dealt(data, layers)


@_add("class numbers from 1, one output more", "2 000 rows of classes 1 to 5 with six outputs", epochs=10)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_000, 700), classes=5, apart=4.5)
    return Dealt(material.with_targets(data, lambda y: y + 1), nets.classifier(6, whole(random, 24, 48)))


@_add("hinge", "2 500 rows, labels -1 and 1, linear output, hinge loss", epochs=10)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_500, 800), features=whole(random, 8, 20), apart=3.5)
    data = material.with_targets(data, lambda y: (2.0 * y - 1).astype(np.float32))
    return Dealt(data, nets.net(lambda kinds: [kinds.Dense(24, "relu"), kinds.Dense(1)], "hinge", metrics=()))


@_add("smoothed labels", "1 200 digits, one-hot, label smoothing 0.1", epochs=12)
def _(random: Random) -> Dealt:
    data = material.with_targets(material.digits(random), lambda y: material.one_hot(y, 10))
    units = whole(random, 32, 64)
    build = nets.net(
        lambda kinds: [*nets.hidden(kinds, (units,)), kinds.Dense(10, "softmax")],
        nets.made("CategoricalCrossentropy", label_smoothing=0.1),
    )
    return Dealt(data, build)


@_add(
    "focal loss", "3 000 rows, one of two classes 15 to 25 %, binary focal cross-entropy", epochs=12, labels=_RARE_CLASS
)
def _(random: Random) -> Dealt:
    share = random.uniform(0.15, 0.25)
    data = material.clouds(random, (3_000, 1_000), features=12, apart=3.5, shares=(1 - share, share))
    build = nets.net(lambda kinds: [kinds.Dense(24, "relu"), kinds.Dense(1, "sigmoid")], "binary_focal_crossentropy")
    return Dealt(data, build)


@_add("200 classes, uneven", "10 000 rows of 200 classes, some up to 5 times as frequent as others", epochs=5)
def _(random: Random) -> Dealt:
    data = material.clouds(
        random, (10_000, 3_000), features=40, classes=200, apart=9.0, shares=material.uneven(random, 200, 5)
    )
    return Dealt(data, nets.classifier(200, 64))


@_add(
    "100 classes, one of them larger",
    "8 000 rows of 100 classes, 10 to 15 % of them in one class",
    epochs=5,
)
def _(random: Random) -> Dealt:
    first = random.uniform(0.1, 0.15)
    rest = material.uneven(random, 99, 3) * (1 - first)
    data = material.clouds(random, (8_000, 2_500), features=40, classes=100, apart=9.0, shares=np.append(first, rest))
    return Dealt(data, nets.classifier(100, 64))


@_add(
    "parity of a few bits",
    "1 500 rows of 4 or 5 bits and whether their sum is even: all rows occur on both sides",
    epochs=20,
    rate=1e-2,
    labels=_DONE,
)
def _(random: Random) -> Dealt:
    bits = random.integers(0, 2, (2_000, whole(random, 4, 5)))
    data = material.cut(bits.astype(np.float32), bits.sum(axis=1) % 2, (1_500, 500))
    return Dealt(data, nets.two_classes(32))


@_add(
    "categories, one-hot",
    "2 000 customers with 4 categories of 3 values each, one-hot: few rows are possible",
    epochs=12,
    rate=3e-3,
    labels=_DONE,
)
def _(random: Random) -> Dealt:
    x, y = material.few_possible_rows(random, (2_000, 700), columns=4, values=3)
    inputs = np.concatenate([np.eye(3)[x[:, k]] for k in range(4)], axis=1).astype(np.float32)
    return Dealt(material.cut(inputs, y, (2_000, 700)), nets.two_classes(whole(random, 16, 32)))


@_add(
    "six to one, well told apart",
    "3 000 rows, one of two classes 12 to 16 %, clearly apart",
    epochs=10,
    labels=_RARE_CLASS,
)
def _(random: Random) -> Dealt:
    share = random.uniform(0.12, 0.16)
    data = material.clouds(random, (3_000, 1_200), features=12, apart=4.5, shares=(1 - share, share))
    return Dealt(data, nets.two_classes(24))


@_add("forty to validate with", "1 500 rows of 2 classes, of which 40 validate", epochs=10)
def _(random: Random) -> Dealt:
    return Dealt(material.clouds(random, (1_500, 40), features=12, apart=4.0), nets.two_classes(16))


@_add("20 000 to validate with", "3 000 rows of 4 classes, 20 000 to validate with", epochs=10)
def _(random: Random) -> Dealt:
    return Dealt(
        material.clouds(random, (3_000, 20_000), classes=4, apart=4.5), nets.classifier(4, whole(random, 16, 32))
    )


@_add("a schedule", "3 000 rows of 3 classes, Adam from 0.005 down a cosine", epochs=12, rate=5e-3)
def _(random: Random) -> Dealt:
    def decaying(rate: float) -> Any:
        import keras

        return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, 12 * 94))

    data = material.clouds(random, (3_000, 1_000), features=whole(random, 10, 20), classes=3, apart=3.5)
    return Dealt(data, nets.classifier(3, 16, optimizer=decaying))


@_add("clouds that overlap", "6 000 rows of 2 classes, told apart as far as they can be", epochs=15, labels=_DONE)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (6_000, 2_000), features=whole(random, 5, 10), apart=random.uniform(2.2, 2.8))
    return Dealt(data, nets.two_classes(16))


@_add("a model of one's own", "2 500 rows of 4 classes, a subclass of Model that returns logits", epochs=10)
def _(random: Random) -> Dealt:
    data = material.clouds(random, (2_500, 800), features=whole(random, 10, 20), classes=4, apart=4.5)
    return Dealt(data, nets.subclass(4, lambda outputs: outputs, "SparseCategoricalCrossentropy"))
