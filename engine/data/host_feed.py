"""The feed of arrays that do not fit on the device: their rows are read batch by batch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from fitmon.engine.data.feed import Feed, State, Stepping, common_length, epoch_order, with_default_floats
from fitmon.engine.data.iterator_feed import until_exhausted

if TYPE_CHECKING:
    import tensorflow as tf


class HostFeed(Feed):
    """Arrays too large for the device: each batch's rows are gathered on the host, in the resident feed's order.

    Arrays may be files: a `numpy.memmap` or an h5py dataset. Only the rows of a batch are read.
    """

    unsearched = True
    notes: ClassVar[tuple[str, ...]] = (
        "The training data is too large for the device's memory; batches are gathered one at a time.",
    )

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        """Take the arrays as they are; nothing is copied."""
        import keras
        import tensorflow as tf

        given = keras.tree.lists_to_tuples(keras.utils.pack_x_y_sample_weight(x, y, sample_weight))
        self._arrays = keras.tree.map_structure(rows_by_index, given)
        self._samples = common_length(keras.tree.flatten(self._arrays))
        self._order = np.empty(0, np.int64)
        self._batch_size = 1
        batches = tf.data.Dataset.from_generator(self._batches, output_signature=self.signature())
        self._dataset = batches.prefetch(tf.data.AUTOTUNE)

    @property
    def samples(self) -> int:
        return self._samples

    def head(self) -> Any:
        """Return the first sample as a batch of one."""
        return self._gather(np.zeros(1, np.int64))

    def rows(self, rows: npt.NDArray[np.int64]) -> Any:
        import keras
        import tensorflow as tf

        return keras.tree.map_structure(tf.convert_to_tensor, self._gather(rows))

    def signature(self) -> Any:
        """Return the TensorSpecs of a batch, with a variable length, as in the resident feed."""
        import keras
        import tensorflow as tf

        return keras.tree.map_structure(lambda a: tf.TensorSpec([None, *a.shape[1:]], a.dtype), self.head())

    def steps(self, batch_size: int) -> int:
        return math.ceil(self._samples / batch_size)

    def begin_epoch(self, epoch: int, *, seed: int, batch_size: int, first_step: int = 0) -> Any:
        self._order = epoch_order(self._samples, seed, epoch)[first_step * batch_size :]
        self._batch_size = batch_size
        return iter(self._dataset)

    def each_batch(self, source: Any, batch_size: tf.Tensor, steps: Stepping) -> tuple[State, tf.Tensor]:  # noqa: ARG002 - as every feed
        return until_exhausted(source, steps)

    def _batches(self) -> Iterator[Any]:
        order, batch_size = self._order, self._batch_size
        for first in range(0, len(order), batch_size):
            yield self._gather(order[first : first + batch_size])

    def _gather(self, rows: npt.NDArray[np.int64]) -> Any:
        import keras

        return keras.tree.map_structure(lambda array: with_default_floats(_rows(array, rows)), self._arrays)


def rows_by_index(array: Any) -> Any:
    """Return an array whose rows can be indexed: the array itself if it comes from numpy or h5py."""
    return array if isinstance(array, np.ndarray) or hasattr(array, "read_direct") else np.asarray(array)


def _rows(array: Any, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Return the rows in the requested order.

    They are read in ascending order: h5py allows no other, and a disk is faster that way.
    """
    ascending = np.argsort(rows)
    batch = np.empty((len(rows), *array.shape[1:]), array.dtype)
    batch[ascending] = array[rows[ascending]]
    return batch
