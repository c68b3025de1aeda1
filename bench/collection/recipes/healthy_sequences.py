"""Healthy runs of sentences, series and other sequences. A competent practitioner would change nothing."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.collection import material, nets
from bench.collection.general import Dealt, Random, Recipes, whole
from bench.collection.recipes.defaults import EITHER
from fitmon.engine.job import TrainingData

SEQUENCES = Recipes()


@SEQUENCES.add(
    "sentences, mean of words",
    "3 000 sentences of up to 20 to 40 words, filled up with 0, embeddings and their mean",
    epochs=8,
    rate=3e-3,
)
def _(random: Random) -> Dealt:
    words = whole(random, 200, 400)
    data = material.sentences(random, (3_000, 1_000), words=words, length=whole(random, 20, 40))
    layers = nets.net(
        lambda kinds: [kinds.Embedding(words, 8), kinds.GlobalAveragePooling1D(), kinds.Dense(1, "sigmoid")],
        nets.BINARY,
    )
    return Dealt(data, layers)


@SEQUENCES.add(
    "sentences, GRU", "3 500 sentences of three classes, filled up with 0, masked, a GRU", epochs=5, batch=64, rate=3e-3
)
def _(random: Random) -> Dealt:
    words = whole(random, 100, 200)
    data = material.sentences(random, (3_500, 800), words=words, length=16, classes=3, clear=0.5)
    layers = nets.net(
        lambda kinds: [kinds.Embedding(words, 8, mask_zero=True), kinds.GRU(12), kinds.Dense(3, "softmax")], nets.SPARSE
    )
    return Dealt(data, layers)


@SEQUENCES.add(
    "filled up sequences, convolution",
    "2 500 sequences of numbers, filled up with zeros at the end, Conv1D",
    epochs=10,
    rate=3e-3,
)
def _(random: Random) -> Dealt:
    length = whole(random, 20, 30)
    y = random.integers(0, 2, 3_300)
    time = np.arange(length)
    x = np.sin(time * np.where(y == 1, 0.9, 0.5)[:, None] + random.uniform(0, 6, 3_300)[:, None]) + random.normal(
        0, 0.5, (3_300, length)
    )
    x[time >= random.integers(length // 2, length - 4, 3_300)[:, None]] = 0
    data = material.cut(x[..., None].astype(np.float32), y, (2_500, 800))
    layers = nets.net(
        lambda kinds: [kinds.Conv1D(8, 5, activation="relu"), kinds.GlobalMaxPooling1D(), kinds.Dense(1, "sigmoid")],
        nets.BINARY,
    )
    return Dealt(data, layers)


@SEQUENCES.add(
    "a label for each step, LSTM",
    "1 500 sequences of 10 to 14 numbers, for each step whether their sum so far is positive",
    epochs=10,
    rate=1e-2,
)
def _(random: Random) -> Dealt:
    data = material.running_sums(random, (1_500, 500), length=whole(random, 10, 14))
    layers = nets.net(lambda kinds: [kinds.LSTM(12, return_sequences=True), kinds.Dense(2, "softmax")], nets.SPARSE)
    return Dealt(data, layers)


@SEQUENCES.add("a yes or no for each step", "1 500 sequences, one sigmoid for each step", epochs=10, rate=1e-2)
def _(random: Random) -> Dealt:
    data = material.running_sums(random, (1_500, 500), length=whole(random, 10, 14))
    data = material.with_targets(data, lambda y: y[..., None].astype(np.float32))
    layers = nets.net(lambda kinds: [kinds.GRU(12, return_sequences=True), kinds.Dense(1, "sigmoid")], nets.BINARY)
    return Dealt(data, layers)


@SEQUENCES.add("the next value of a series", "1 500 pieces of a sum of three waves, a GRU", epochs=12, rate=5e-3)
def _(random: Random) -> Dealt:
    layers = nets.net(lambda kinds: [kinds.GRU(16), kinds.Dense(1)], "mse", metrics=("mae",))
    return Dealt(material.waves(random, (1_500, 500), noise=random.uniform(0.03, 0.08)), layers)


@SEQUENCES.add(
    "a noisy series",
    "2 500 pieces of a series that half remembers its last values, a GRU",
    epochs=12,
    labels={"plateau": EITHER},
    rate=3e-3,
)
def _(random: Random) -> Dealt:
    series, first, second = np.zeros(3_400), random.uniform(0.5, 0.7), random.uniform(-0.4, -0.2)
    for at in range(2, 3_400):
        series[at] = first * series[at - 1] + second * series[at - 2] + random.normal()
    pieces = np.lib.stride_tricks.sliding_window_view(series, 13)[random.permutation(3_300)].astype(np.float32)
    data = material.cut(pieces[:, :-1, None], pieces[:, -1:], (2_500, 800))
    return Dealt(data, nets.net(lambda kinds: [kinds.GRU(8), kinds.Dense(1)], "mse", metrics=("mae",)))


@SEQUENCES.add(
    "the next letter",
    "2 000 texts of 16 letters out of 12 to 20, each letter drawn by the one before it, an LSTM",
    epochs=10,
    rate=1e-2,
    labels={"plateau": EITHER},
)
def _(random: Random) -> Dealt:
    letters = whole(random, 12, 20)
    chances = random.dirichlet(np.full(letters, 0.3), letters).cumsum(axis=1)
    texts = np.zeros((2_600, 17), np.int64)
    texts[:, 0] = random.integers(0, letters, 2_600)
    for at in range(1, 17):
        drawn = (random.random((2_600, 1)) > chances[texts[:, at - 1]]).sum(axis=1)
        texts[:, at] = drawn.clip(max=letters - 1)
    data = material.cut(texts[:, :-1].astype(np.int32), texts[:, 1:], (2_000, 600))

    def layers(kinds: Any) -> list[Any]:
        inside = [kinds.Embedding(letters, 8), kinds.LSTM(16, return_sequences=True)]
        return [*inside, kinds.Dense(letters, "softmax")]

    return Dealt(data, nets.net(layers, nets.SPARSE))


@SEQUENCES.add(
    "sentences, attention",
    "5 000 sentences of 20 words, two heads of attention, LayerNormalization",
    epochs=4,
    rate=1e-3,
)
def _(random: Random) -> Dealt:
    words = whole(random, 150, 250)

    def build(settings: Any, data: TrainingData) -> Any:
        import keras

        inputs = keras.Input(data.x.shape[1:])
        x = keras.layers.Embedding(words, 16)(inputs)
        x = keras.layers.LayerNormalization()(x + keras.layers.MultiHeadAttention(2, 8)(x, x))
        outputs = keras.layers.Dense(1, "sigmoid")(keras.layers.GlobalAveragePooling1D()(x))
        return nets.compiled(keras.Model(inputs, outputs), settings, nets.BINARY)

    return Dealt(material.sentences(random, (5_000, 1_000), words=words, length=20, clear=0.3), build)
