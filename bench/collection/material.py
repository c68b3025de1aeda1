"""The data of general recipes: images, tables, series, sentences. Inputs are on a scale of about 1 unless said so.

Each function returns training and validation sets of the same kind, drawn from the same distribution; a recipe then
breaks what it is to break. `rows` are the samples of the two sets.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.collection.general import Random, whole
from bench.collection.tables import mnist_arrays
from fitmon.engine.job import TrainingData

Array = npt.NDArray[Any]
Rows = tuple[int, int]


def cut(x: Array, y: Array, rows: Rows) -> TrainingData:
    """Return the first rows to train on and the next ones to validate with."""
    first, last = rows[0], sum(rows)
    return TrainingData(x=x[:first], y=y[:first], x_validation=x[first:last], y_validation=y[first:last])


def with_inputs(data: TrainingData, *, training: Any = None, validation: Any = None) -> TrainingData:
    """Return the data with functions applied to the inputs of one side, or of each."""
    here = data.x if training is None else training(data.x)
    there = data.x_validation if validation is None else validation(data.x_validation)
    return replace(data, x=_float32(here), x_validation=_float32(there))


def with_targets(data: TrainingData, change: Any, *, validation: Any = None) -> TrainingData:
    """Return the data with a function applied to all targets, or another to those of validation."""
    return replace(data, y=change(data.y), y_validation=(validation or change)(data.y_validation))


def one_hot(labels: Array, classes: int) -> Array:
    """Return rows with a single 1, (n, C) float32."""
    return np.eye(classes, dtype=np.float32)[labels]


def entropy(labels: Array) -> float:
    """Return the loss of predicting the frequencies of classes, in nats."""
    shares = np.bincount(np.asarray(labels, np.int64).reshape(-1)) / np.size(labels)
    return float(-(shares[shares > 0] * np.log(shares[shares > 0])).sum())


def variance(targets: Array) -> float:
    """Return the squared error of always predicting the mean of each column."""
    return float(np.asarray(targets, np.float64).var(axis=0).mean())


def standardised(numbers: Array) -> Array:
    """Return columns with mean 0 and deviation 1, float32."""
    return _float32((numbers - numbers.mean(axis=0)) / numbers.std(axis=0))


def _float32(numbers: Array) -> Array:
    return np.asarray(numbers).astype(np.float32)


def digits(random: Random, training: int = 1_200) -> TrainingData:
    """Return scikit-learn's digits as images, (n, 8, 8, 1) in [0, 1], class numbers; the rest of 1 797 validates."""
    from sklearn.datasets import load_digits

    table = load_digits()
    order = random.permutation(len(table.target))
    x = _float32(table.images[order][..., None] / 16)
    return cut(x, table.target[order].astype(np.int64), (training, len(x) - training))


def flat_digits(random: Random, training: int = 1_200) -> TrainingData:
    """Return the same as rows, (n, 64)."""
    return with_inputs(digits(random, training), training=_flat, validation=_flat)


def _flat(x: Array) -> Array:
    return x.reshape(len(x), -1)


def mnist(random: Random, rows: Rows) -> TrainingData:
    """Return images of MNIST, (n, 784) in [0, 1], and class numbers."""
    arrays = mnist_arrays()
    order = random.permutation(len(arrays["y_train"]))[: sum(rows)]
    return cut(arrays["x_train"][order], arrays["y_train"][order], rows)


def breast_cancer(random: Random, training: int = 400) -> TrainingData:
    """Return breast cancer as measured, (n, 30) from 0.002 to 4 000; the rest of 569 patients validates."""
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    order = random.permutation(len(table.target))
    rows = (training, len(order) - training)
    return cut(_float32(table.data[order]), table.target[order].astype(np.int64), rows)


def clouds(
    random: Random, rows: Rows, *, features: int = 20, classes: int = 2, apart: float = 1.0, shares: Any = None
) -> TrainingData:
    """Return clouds of points, one for each class, and class numbers.

    Args:
        random: draws everything.
        rows: of training and validation.
        features: columns.
        classes: C.
        apart: distance between two centres, in standard deviations within a cloud.
        shares: (C,) of each class; None: all alike.
    """
    labels = random.choice(classes, size=sum(rows), p=shares)
    centres = random.normal(size=(classes, features)) * apart / np.sqrt(2 * features)
    x = centres[labels] + random.normal(size=(sum(rows), features))
    return cut(_float32(x), labels.astype(np.int64), rows)


def bent(random: Random, rows: Rows, *, features: int = 10, flipped: float = 0.0) -> TrainingData:
    """Return a table of two classes parted by a bent surface, a share of the labels tossed."""
    x = random.normal(size=(sum(rows), features))
    first, second = random.normal(size=(2, features))
    score = x @ first + np.abs(x @ second)
    labels = (score > np.median(score)).astype(np.int64)
    tossed = random.random(len(labels)) < flipped
    labels[tossed] = random.integers(0, 2, int(tossed.sum()))
    return cut(_float32(x), labels, rows)


def quantities(
    random: Random, rows: Rows, *, features: int = 8, outputs: int = 1, noise: float = 0.1, bend: float = 0.5
) -> TrainingData:
    """Return a table and quantities to predict, (n, outputs) with mean 0 and deviation 1.

    Args:
        random: draws everything.
        rows: of training and validation.
        features: columns.
        outputs: columns of targets.
        noise: share of their variance that no input explains.
        bend: share of the rest that is not linear.
    """
    x = random.normal(size=(sum(rows), features))
    straight = standardised(x @ random.normal(size=(features, outputs)))
    bent_part = standardised(
        np.abs(x @ random.normal(size=(features, 2 * outputs))).reshape(-1, outputs, 2).sum(axis=2)
    )
    signal = np.sqrt(1 - bend) * straight + np.sqrt(bend) * bent_part
    y = np.sqrt(1 - noise) * standardised(signal) + np.sqrt(noise) * random.normal(size=signal.shape)
    return cut(_float32(x), _float32(y), rows)


def tags(random: Random, rows: Rows, *, shares: Array, features: int = 30, noise: float = 1.0) -> TrainingData:
    """Return a table and several labels a sample, (n, L) of 0 and 1.

    Args:
        random: draws everything.
        rows: of training and validation.
        shares: (L,) of the samples that have each label.
        features: columns.
        noise: deviation of what no input explains, in deviations of what they do.
    """
    x = random.normal(size=(sum(rows), features))
    score = standardised(x @ random.normal(size=(features, len(shares))))
    score = score + noise * random.normal(size=score.shape)
    y = score > np.array([np.quantile(score[:, k], 1 - share) for k, share in enumerate(shares)])
    return cut(_float32(x), _float32(y), rows)


def few_possible_rows(random: Random, rows: Rows, *, columns: int, values: int) -> tuple[Array, Array]:
    """Return a table of whole numbers below `values`, (n, columns), and the class that a random rule gives, (n,)."""
    x = random.integers(0, values, (sum(rows), columns))
    effects = random.normal(size=(columns, values))
    score = effects[np.arange(columns), x].sum(axis=1)
    return x, (score > np.median(score)).astype(np.int64)


def sentences(
    random: Random, rows: Rows, *, words: int, length: int, classes: int = 2, clear: float = 0.35
) -> TrainingData:
    """Return sentences of word numbers, filled up with 0 at the end, (n, length), and class numbers.

    Args:
        random: draws everything.
        rows: of training and validation.
        words: in the vocabulary.
        length: of the longest sentence.
        classes: C.
        clear: share of the words that come from those of the class.
    """
    labels = random.integers(0, classes, sum(rows))
    own = random.integers(1, words, (classes, max(8, words // 10)))
    theirs = own[labels[:, None], random.integers(0, own.shape[1], (sum(rows), length))]
    x = np.where(random.random(theirs.shape) < clear, theirs, random.integers(1, words, theirs.shape))
    lengths = random.integers(length // 3, length + 1, sum(rows))
    x[np.arange(length) >= lengths[:, None]] = 0
    return cut(x.astype(np.int32), labels.astype(np.int64), rows)


def waves(random: Random, rows: Rows, *, length: int = 24, noise: float = 0.1) -> TrainingData:
    """Return pieces of a sum of waves, (n, length, 1), and the next value of each, (n, 1)."""
    time = np.arange(sum(rows) + length + 1)
    periods = random.uniform(8, 40, 3)
    series = standardised(sum(np.sin(2 * np.pi * time / period + random.uniform(0, 6)) for period in periods))
    series = series + noise * random.normal(size=len(series))
    pieces = np.lib.stride_tricks.sliding_window_view(series, length + 1)[random.permutation(sum(rows))]
    return cut(_float32(pieces[:, :-1, None]), _float32(pieces[:, -1:]), rows)


def running_sums(random: Random, rows: Rows, *, length: int = 12) -> TrainingData:
    """Return sequences of numbers, (n, length, 1), and for each step whether their sum so far is above 0."""
    x = random.normal(size=(sum(rows), length, 1))
    return cut(_float32(x), (x[..., 0].cumsum(axis=1) > 0).astype(np.int64), rows)


def scenes(random: Random, rows: Rows, *, size: int = 16, classes: int = 3, patch: int = 3) -> TrainingData:
    """Return noisy images, (n, size, size, 1), with a patch of each class but 0, and each pixel's class."""
    y = np.zeros((sum(rows), size, size), np.int64)
    for image in y:
        for number in range(1, classes):
            row, column = random.integers(0, size - patch, 2)
            image[row : row + patch, column : column + patch] = number
    x = np.linspace(0, 1, classes)[y] + random.normal(0, 0.15, y.shape)
    return cut(_float32(x[..., None]), y, rows)


def counts(random: Random, rows: Rows, *, features: int = 8, mean: float = 3.0) -> TrainingData:
    """Return a table and Poisson counts, (n, 1), whose rate depends on it."""
    x = random.normal(size=(sum(rows), features))
    effect = standardised(x @ random.normal(size=features)) * random.uniform(0.6, 0.9)
    y = random.poisson(mean * np.exp(effect - 0.3))
    return cut(_float32(x), _float32(y)[:, None], rows)


def sorted_rows(data: TrainingData) -> TrainingData:
    """Return the data with the training samples in the order of their classes."""
    order = np.argsort(data.y, kind="stable")
    return replace(data, x=data.x[order], y=data.y[order])


def streamed(data: TrainingData, batch: int, *, buffer: int = 0, change: Any = None) -> TrainingData:
    """Return the data as `tf.data` batches on both sides.

    Args:
        data: arrays.
        batch: samples in a batch.
        buffer: that the training samples are shuffled in; 0: they keep their order.
        change: applied to each training sample; None: nothing is.
    """
    import tensorflow as tf

    training = tf.data.Dataset.from_tensor_slices((data.x, data.y))
    if buffer:
        training = training.shuffle(buffer, seed=1)
    if change is not None:
        training = training.map(change)
    validation = tf.data.Dataset.from_tensor_slices((data.x_validation, data.y_validation)).batch(batch)
    return TrainingData(x=training.batch(batch), x_validation=validation, class_names=data.class_names)


def uneven(random: Random, classes: int, ratio: float) -> Array:
    """Return the shares of classes, of which the most frequent is up to `ratio` times as frequent as the rarest."""
    shares = np.exp(random.uniform(0, np.log(ratio), classes))
    found: Array = shares / shares.sum()
    return found


def some(random: Random, total: int, low: int, high: int) -> Array:
    """Return the numbers of a few columns, between `low` and `high` of them."""
    found: Array = random.choice(total, whole(random, low, high), replace=False)
    return found
