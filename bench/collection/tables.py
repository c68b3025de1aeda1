"""The data of the recipes: three parts each, of which the third is held back from training and validation.

MNIST (Y. LeCun, C. Cortes, C. J. C. Burges, CC BY-SA 3.0), and from scikit-learn digits, iris, breast cancer (UCI,
CC BY 4.0) and tables of `make_classification`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

WEAK_ROWS = 30_000


@dataclass(slots=True)
class Dealer:
    """The seed of all data, so that the same recipes can make unseen runs."""

    seed: int = 0


DEALER = Dealer()


def _random(purpose: int) -> np.random.Generator:
    return np.random.default_rng(purpose + 100 * DEALER.seed)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some samples: inputs (n, …) float32 and class numbers (n,)."""

    x: Floats
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def rows(self, rows: Any) -> Part:
        """Return the samples at these indices."""
        return Part(self.x[rows], self.labels[rows])

    def followed_by(self, other: Part) -> Part:
        """Return both, one after the other."""
        return Part(np.concatenate([self.x, other.x]), np.concatenate([self.labels, other.labels]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Split:
    """Samples of a recipe to train on, validate with, and judge by."""

    name: str
    """Of the data a model could learn from, so that runs on the same can be compared."""
    classes: int
    training: Part
    validation: Part
    held_back: Part


def mnist(training: int, validation: int) -> Split:
    """Return images of MNIST, flat, in [0, 1]; half of the test set is held back."""
    arrays = mnist_arrays()
    rows = _random(1).permutation(len(arrays["y_train"]))[: training + validation]
    part = Part(arrays["x_train"][rows], arrays["y_train"][rows])
    return Split(
        name=f"mnist {training}",
        classes=10,
        training=part.rows(slice(training)),
        validation=part.rows(slice(training, None)),
        held_back=Part(arrays["x_test"], arrays["y_test"]).rows(slice(DEALER.seed % 2, None, 2)),
    )


def mnist_of_the_tutorial() -> Split:
    """Return MNIST as source 1 has it, the test set to validate with; nothing is left to hold back."""
    arrays = mnist_arrays()
    test = Part(arrays["x_test"], arrays["y_test"])
    training = Part(arrays["x_train"], arrays["y_train"])
    return Split(name="mnist 60000", classes=10, training=training, validation=test, held_back=test.rows(slice(0)))


@cache
def mnist_arrays() -> dict[str, npt.NDArray[Any]]:
    """Return MNIST: images, flat, in [0, 1], and class numbers, `x_train`, `y_train`, `x_test` and `y_test`."""
    from bench.jobs import mnist_path

    with np.load(mnist_path(), allow_pickle=False) as file:
        arrays = {name: file[name] for name in ("x_train", "y_train", "x_test", "y_test")}
    images = {
        name: (arrays[name].reshape(len(arrays[name]), -1) / 255).astype(np.float32) for name in arrays if "x" in name
    }
    return images | {name: arrays[name].astype(np.int64) for name in arrays if "y" in name}


def digits(training: int, validation: int) -> Split:
    """Return scikit-learn's 8×8 digits in [0, 1]; the rest of the 1 797 is held back."""
    from sklearn.datasets import load_digits

    table = load_digits()
    return _split(f"digits {training}", table.data / 16, table.target, training, validation)


def iris(training: int, validation: int) -> Split:
    """Return iris, standardised; the rest of the 150 is held back."""
    from sklearn.datasets import load_iris

    table = load_iris()
    return standardised(_split(f"iris {training}", table.data, table.target, training, validation))


def iris_in_file_order() -> Split:
    """Return iris as Keras's `validation_split=0.2` cuts the sorted file; nothing is left to hold back."""
    from sklearn.datasets import load_iris

    table = load_iris()
    whole = Part(table.data.astype(np.float32), table.target.astype(np.int64))
    parts = {"training": whole.rows(slice(120)), "validation": whole.rows(slice(120, None))}
    return standardised(Split(name="iris sorted", classes=3, held_back=whole.rows(slice(0)), **parts))


def breast_cancer(training: int, validation: int, *, scaled: bool = True) -> Split:
    """Return breast cancer, standardised or as measured; the rest of the 569 is held back."""
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    split = _split(f"breast cancer {training}", table.data, table.target, training, validation)
    return standardised(split) if scaled else split


def table(  # noqa: D417 - the rest is scikit-learn's
    training: int, validation: int, *, features: int = 30, flip: float = 0.0, seed: int = 680, **made: Any
) -> Split:
    """Return a table of `make_classification`, standardised, of which some 25 000 rows are held back.

    Args:
        flip: share of rows with a new random label, in [0, 1].
    """
    from sklearn.datasets import make_classification

    made = {"n_informative": 10, "n_redundant": 5, "n_clusters_per_class": 3, "class_sep": 1.1} | made
    x, labels = make_classification(WEAK_ROWS, features, flip_y=flip, random_state=seed + 1_000 * DEALER.seed, **made)
    name = f"table {training} {features} {flip} {seed} {sorted(made.items())}"
    return standardised(_split(name, x, labels, training, validation))


def no_signal(training: int, validation: int, *, features: int = 20) -> Split:
    """Return noise with unrelated labels."""
    random = _random(4)
    x = random.normal(size=(20_000, features))
    return _split(f"no signal {training}", x, random.integers(0, 2, 20_000), training, validation)


def _split(name: str, x: npt.NDArray[Any], labels: npt.NDArray[Any], training: int, validation: int) -> Split:
    """Split rows at random."""
    rows = _random(2).permutation(len(labels))
    whole = Part(x[rows].astype(np.float32), labels[rows].astype(np.int64))
    return Split(
        name=name,
        classes=int(labels.max()) + 1,
        training=whole.rows(slice(training)),
        validation=whole.rows(slice(training, training + validation)),
        held_back=whole.rows(slice(training + validation, None)),
    )


def standardised(split: Split) -> Split:
    """Return the split on the scale of its training part."""
    mean = split.training.x.mean(axis=0, dtype=np.float64)
    deviation = split.training.x.std(axis=0, dtype=np.float64)
    deviation[deviation == 0] = 1

    def scaled(part: Part) -> Part:
        return Part(((part.x - mean) / deviation).astype(np.float32), part.labels)

    return replace(
        split, training=scaled(split.training), validation=scaled(split.validation), held_back=scaled(split.held_back)
    )


def with_wrong_labels(split: Split, share: float) -> Split:
    """Return the split with the labels of a share of all samples changed to another class."""
    random = _random(3)

    def wronged(part: Part) -> Part:
        labels, wrong = part.labels.copy(), random.random(len(part)) < share
        labels[wrong] = (labels[wrong] + random.integers(1, split.classes, int(wrong.sum()))) % split.classes
        return Part(part.x, labels)

    return replace(
        split,
        name=f"{split.name}, {share:g} wrong",
        training=wronged(split.training),
        validation=wronged(split.validation),
        held_back=wronged(split.held_back),
    )


def with_shares(split: Split, shares: tuple[float, ...], *, training: int, validation: int) -> Split:
    """Return the split with only these shares of each class, in all three parts."""
    random = _random(5)

    def thinned(part: Part, size: int) -> Part:
        rows = [
            random.permutation(np.flatnonzero(part.labels == c))[: round(share * size)]
            for c, share in enumerate(shares)
        ]
        return part.rows(random.permutation(np.concatenate(rows)))

    return replace(
        split,
        name=f"{split.name} as {shares}",
        training=thinned(split.training, training),
        validation=thinned(split.validation, validation),
        held_back=thinned(split.held_back, len(split.held_back) // 2),
    )


def sorted_by_class(split: Split) -> Split:
    """Return the split with its training samples in the order of their labels."""
    return replace(split, training=split.training.rows(np.argsort(split.training.labels, kind="stable")))


def cut_from_sorted_file(split: Split) -> Split:
    """Return the split as if the file were sorted by class and cut before the last rows."""
    whole = split.training.followed_by(split.validation)
    rows = np.argsort(whole.labels, kind="stable")
    training, validation = rows[: len(split.training)], rows[len(split.training) :]
    return replace(split, training=whole.rows(training), validation=whole.rows(validation))


def without_class(split: Split, number: int, *, of: str) -> Split:
    """Return the split without one class in its `training` or `validation` part."""
    part: Part = getattr(split, of)
    kept = part.rows(part.labels != number)
    return replace(split, training=kept) if of == "training" else replace(split, validation=kept)


def with_duplicates(split: Split, share: float) -> Split:
    """Return the split with a share of its validation samples replaced by training samples."""
    count = round(share * len(split.validation))
    validation = split.training.rows(slice(count)).followed_by(split.validation.rows(slice(count, None)))
    return replace(split, validation=validation)


def with_constants(split: Split, features: int) -> Split:
    """Return the split with this many more features, constant over all samples."""
    return _with_inputs(split, lambda x: np.hstack([x, np.full((len(x), features), 0.5, np.float32)]))


def with_large_feature(split: Split, scale: float) -> Split:
    """Return the split with its first feature multiplied by a factor."""
    factors = np.ones(split.training.x.shape[1], np.float32)
    factors[0] = scale
    return _with_inputs(split, lambda x: x * factors)


def with_holes(split: Split, count: int, *, of: str = "training") -> Split:
    """Return the split with this many NaN in the inputs of its `training` or `validation` part."""
    part: Part = getattr(split, of)
    x = part.x.copy()
    random = _random(6)
    x[random.integers(0, len(x), count), random.integers(0, x.shape[1], count)] = np.nan
    name, holed = f"{split.name} with holes", Part(x, part.labels)
    if of == "training":
        return replace(split, name=name, training=holed)
    return replace(split, name=name, validation=holed)


def _with_inputs(split: Split, change: Callable[[Floats], Floats]) -> Split:
    training, validation, held_back = (
        Part(change(part.x), part.labels) for part in (split.training, split.validation, split.held_back)
    )
    return replace(split, training=training, validation=validation, held_back=held_back)
