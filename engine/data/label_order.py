"""Counts the labels of batches in passing: sorted batches have samples of few classes together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import tensorflow as tf

MAX_CLASSES = 10_000
BINARY = 2
MATRIX = 2
"""Axes of a matrix."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelCounts:
    """The labels of some batches."""

    samples: npt.NDArray[np.int64]
    """(C,) samples of each class."""
    pairs: int
    """Pairs of samples in the same batch."""
    pairs_alike: int
    """Those with the same label."""
    others: int
    """Samples whose target is no class."""

    def __add__(self, other: Self) -> LabelCounts:
        return LabelCounts(
            samples=self.samples + other.samples,
            pairs=self.pairs + other.pairs,
            pairs_alike=self.pairs_alike + other.pairs_alike,
            others=self.others + other.others,
        )

    @property
    def agreement(self) -> tuple[float, float] | None:
        """Return the share of pairs with the same label, within batches and among all samples, each in [0, 1].

        The two are equal for shuffled samples, whatever the frequencies of the classes. None where targets are no
        classes.
        """
        total = int(self.samples.sum())
        if self.others or not self.pairs or total < BINARY:
            return None
        alike = float((self.samples * (self.samples - 1.0)).sum()) / (total * (total - 1.0))
        return self.pairs_alike / self.pairs, alike


class LabelCounter:
    """Counts inside the compiled loop."""

    def __init__(self, signature: Any, output_units: int | None) -> None:
        """Take the signature of a batch, and the width of the model's only output; None: not known."""
        parts = signature if isinstance(signature, tuple) else (signature,)
        target = parts[1] if len(parts) > 1 else None
        self.classes = _classes_of(target, output_units)

    def start(self) -> tuple[tf.Tensor, ...]:
        """Return the counts of no batch; empty where the targets cannot be classes."""
        import tensorflow as tf

        return (tf.zeros(self.classes + 3, tf.int64),) if self.classes else ()

    def of_batch(self, batch: Any) -> tf.Tensor:
        """Return the counts of a batch, (C + 3,) int64."""
        import tensorflow as tf

        labels = batch[1]
        if labels.shape.rank == MATRIX and labels.shape[1] != 1:
            values = tf.cast(labels, tf.float32)
            known = tf.equal(tf.reduce_sum(values, axis=1), 1) & tf.equal(tf.reduce_max(values, axis=1), 1)
            numbers = tf.argmax(values, axis=1, output_type=tf.int64)
        else:
            values = tf.cast(tf.reshape(labels, [-1]), tf.float32)
            known = tf.equal(values, tf.round(values)) & (values >= 0) & (values < self.classes)
            numbers = tf.cast(values, tf.int64)
        counts = tf.math.bincount(tf.cast(numbers[known], tf.int32), minlength=self.classes, dtype=tf.int64)
        total = tf.reduce_sum(counts)
        pairs, alike = total * (total - 1), tf.reduce_sum(counts * (counts - 1))
        return tf.concat([counts, [pairs, alike, tf.size(known, tf.int64) - total]], axis=0)

    def counts(self, result: Any) -> LabelCounts:
        """Return what the compiled loop has added up."""
        *samples, pairs, alike, others = np.asarray(result)
        return LabelCounts(np.array(samples, np.int64), int(pairs), int(alike), int(others))


def _classes_of(target: Any, output_units: int | None) -> int:
    """Return how many classes targets of this kind can have; 0 where they are none."""
    shape = getattr(target, "shape", None)
    if shape is None or shape.rank not in {1, MATRIX} or not (target.dtype.is_integer or target.dtype.is_floating):
        return 0
    units = output_units or 0
    columns = shape[1] if shape.rank == MATRIX else 1
    if columns == 1:
        return min(max(units, BINARY), MAX_CLASSES)
    return units if columns == units and units <= MAX_CLASSES else 0
