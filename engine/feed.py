"""Where batches come from: arrays that stay on the device and are gathered by index inside the compiled step."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fitmon.engine import environment
from fitmon.engine.errors import DataError

if TYPE_CHECKING:
    import tensorflow as tf


def epoch_order(samples: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Return the order in which an epoch visits the samples: a permutation of 0..samples-1, (samples,) int64.

    It depends on seed and epoch alone, so any epoch of a run can be repeated without the ones before it. Philox is a
    counter-based generator made for such keys (Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405).
    """
    key = np.array([seed, epoch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).permutation(samples)


class ResidentFeed:
    """Samples held as tensors on the device; a batch is a slice of an order."""

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        """Move the arrays to the device; floats become Keras's default float, as in `fit`.

        Without targets a custom `train_step` is given the inputs alone, as in `fit(x)`.
        """
        import keras

        given = keras.utils.pack_x_y_sample_weight(x, y, sample_weight)
        self._samples = _common_length(keras.tree.flatten(given))
        self.data: Any = keras.tree.lists_to_tuples(keras.tree.map_structure(_to_tensor, given))

    def __len__(self) -> int:
        return self._samples

    def head(self) -> Any:
        """Return the first sample as a batch of one, for whoever needs to know shapes."""
        import keras

        return keras.tree.map_structure(lambda t: t[:1], self.data)

    def signature(self) -> Any:
        """Return the TensorSpecs of a batch, its length left open.

        An open length is what `fit` traces with; with a fixed one TensorFlow's optimiser rounds differently.
        """
        import keras
        import tensorflow as tf

        return keras.tree.map_structure(lambda t: tf.TensorSpec([None, *t.shape[1:]], t.dtype), self.data)

    def steps(self, batch_size: int) -> int:
        """Return the number of batches in an epoch, a short last one included."""
        return math.ceil(self._samples / batch_size)

    def batch(self, order: tf.Tensor, step: tf.Tensor, batch_size: tf.Tensor) -> Any:
        """Gather batch `step` (zero-based) of an order; the last one may be short. Runs inside the compiled chunk."""
        import keras
        import tensorflow as tf

        rows = order[step * batch_size : tf.minimum((step + 1) * batch_size, self._samples)]
        return keras.tree.map_structure(lambda t: tf.gather(t, rows), self.data)


def weights_for_classes(y: Any, sample_weight: Any, class_weight: Any) -> Any:
    """Return the sample weights of the training data: those given, or those that class weights stand for."""
    if class_weight is None:
        return sample_weight
    if sample_weight is not None:
        raise DataError("Expected sample weights or class weights, received both. Multiply them into sample weights.")
    return environment.class_weights_as_sample_weights(y, class_weight)


def _to_tensor(array: Any) -> Any:
    import keras
    import tensorflow as tf

    values = np.asarray(array)
    if values.dtype.kind == "f" and values.dtype != keras.config.floatx():
        values = values.astype(keras.config.floatx())
    return tf.convert_to_tensor(values)


def _common_length(arrays: list[Any]) -> int:
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1:
        raise DataError(f"Expected inputs and targets of one length, received lengths {sorted(lengths)}.")
    length = lengths.pop()
    if length == 0:
        raise DataError("Expected at least one sample, received an empty array.")
    return int(length)
