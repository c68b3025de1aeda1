"""Where batches come from: the interface of a feed, and the feed of arrays that stay on the device.

The feeds in `iterator_feed` and `host_feed` get their batches from outside the compiled call, one at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from fitmon.engine.diagnosis.row_blocks import MAX_BYTES
from fitmon.engine.errors import DataError
from fitmon.engine.keras_internals import class_weights_as_sample_weights

if TYPE_CHECKING:
    import tensorflow as tf


def epoch_order(samples: int, seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Return the order in which an epoch visits the samples: a permutation of 0..samples-1, (samples,) int64.

    It depends only on seed and epoch, so any epoch of a run can be repeated by itself. Philox is a counter-based
    generator made for such keys (Salmon et al. 2011, https://doi.org/10.1145/2063384.2063405).
    """
    key = np.array([seed, epoch], dtype=np.uint64)
    return np.random.Generator(np.random.Philox(key=key)).permutation(samples)


State = tuple[Any, ...]
"""What a compiled loop carries from step to step; the number of steps done comes first."""


@dataclass(frozen=True, slots=True)
class Stepping:
    """The steps of a compiled chunk, which a feed supplies with batches."""

    start: State
    more: Callable[..., tf.Tensor]
    """Called with the state, returns whether another batch is needed, () bool."""
    train: Callable[..., State]
    """Called with a batch and the state, returns the state after the step."""
    repeat: Callable[[Callable[..., tf.Tensor], Callable[..., State], State], State]
    """Called with a condition, a body and a state, repeats the body while the condition is true."""


class Feed(Protocol):
    """Supplies a loop with batches; what a new kind of feed must implement."""

    batch_size_fixed: ClassVar[str] = ""
    """Why the batch size cannot be changed; empty if it can."""
    notes: ClassVar[tuple[str, ...]] = ()
    """What the user must know about the source of the batches, one sentence each."""
    unsearched: bool = False
    """Whether the batches were not searched for NaN before, so that the loop does it in passing."""

    @property
    def samples(self) -> int:
        """Number of training samples; 0 if unknown."""

    def head(self) -> Any:
        """Return a batch, or the TensorSpecs of one, to learn the shapes."""

    def signature(self) -> Any:
        """Return the TensorSpecs of a batch, as `fit` traces with."""

    def steps(self, batch_size: int) -> int | None:
        """Return the number of batches in an epoch; None: until the data ends."""

    def begin_epoch(self, epoch: int, *, seed: int, batch_size: int, first_step: int = 0) -> Any:
        """Return the source from which the compiled call takes the epoch's batches: tensors, or a `tf.data` iterator.

        Batches before `first_step` (zero-based) are skipped.
        """

    def each_batch(self, source: Any, batch_size: tf.Tensor, steps: Stepping) -> tuple[State, tf.Tensor | None]:
        """Train on batch after batch of what `begin_epoch` returned; called while the chunk is traced.

        Returns the last state, and whether no batch was left, () bool; None if there always is one.
        """

    def rows(self, rows: npt.NDArray[np.int64]) -> Any | None:  # noqa: ARG002 - for those that override it
        """Return some samples as one batch of tensors; None if that would need another pass over the data."""
        return None

    def end_epoch(self, steps: int, *, exhausted: bool) -> None:  # noqa: ARG002 - for those that override it
        """End an epoch of `steps` steps; `exhausted`: it ended because no batch was left."""
        return

    def close(self) -> None:
        """Stop prefetching, also in the middle of an epoch."""
        return


class ResidentFeed(Feed):
    """Samples as tensors on the device; a batch is a slice of an order."""

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        """Move the arrays to the device; floats become Keras's default float, as in `fit`.

        Without targets a custom `train_step` gets only the inputs, as in `fit(x)`.
        """
        import keras
        import tensorflow as tf

        given = keras.utils.pack_x_y_sample_weight(x, y, sample_weight)
        self._samples = common_length(keras.tree.flatten(given))
        self.data: Any = keras.tree.lists_to_tuples(keras.tree.map_structure(_to_tensor, given))
        nbytes = sum(int(tf.size(t, tf.int64)) * t.dtype.size for t in keras.tree.flatten(self.data))
        self.unsearched = nbytes > MAX_BYTES

    def __len__(self) -> int:
        return self._samples

    @property
    def samples(self) -> int:
        return self._samples

    def head(self) -> Any:
        """Return the first sample as a batch of one."""
        import keras

        return keras.tree.map_structure(lambda t: t[:1], self.data)

    def rows(self, rows: npt.NDArray[np.int64]) -> Any:
        import keras
        import tensorflow as tf

        return keras.tree.map_structure(lambda t: tf.gather(t, rows), self.data)

    def signature(self) -> Any:
        """Return the TensorSpecs of a batch, with a variable length.

        `fit` traces with a variable length; with a fixed one TensorFlow's graph optimizer rounds differently.
        """
        import keras
        import tensorflow as tf

        return keras.tree.map_structure(lambda t: tf.TensorSpec([None, *t.shape[1:]], t.dtype), self.data)

    def steps(self, batch_size: int) -> int:
        """Return the number of batches in an epoch, including a short last one."""
        return math.ceil(self._samples / batch_size)

    def batch(self, order: tf.Tensor, step: tf.Tensor, batch_size: tf.Tensor) -> Any:
        """Gather batch `step` (zero-based) of an order; the last one may be short. Runs inside the compiled chunk."""
        import keras
        import tensorflow as tf

        rows = order[step * batch_size : tf.minimum((step + 1) * batch_size, self._samples)]
        return keras.tree.map_structure(lambda t: tf.gather(t, rows), self.data)

    def begin_epoch(self, epoch: int, *, seed: int, batch_size: int, first_step: int = 0) -> tf.Tensor:  # noqa: ARG002 - as every feed
        """Return the epoch's order, (samples,) int64."""
        import tensorflow as tf

        return tf.convert_to_tensor(epoch_order(self._samples, seed, epoch))

    def each_batch(self, source: Any, batch_size: tf.Tensor, steps: Stepping) -> tuple[State, None]:
        def one(step: tf.Tensor, *state: Any) -> State:
            return steps.train(self.batch(source, step, batch_size), step, *state)

        return steps.repeat(steps.more, one, steps.start), None


def weights_for_classes(y: Any, sample_weight: Any, class_weight: Any) -> Any:
    """Return the sample weights of the training data: those given, or those made from class weights."""
    if class_weight is None:
        return sample_weight
    if sample_weight is not None:
        raise DataError("Sample weights and class weights cannot be combined. Multiply them into sample weights.")
    if y is None:
        raise DataError("Class weights need labels, but the data has only inputs.")
    return class_weights_as_sample_weights(y, class_weight)


def with_default_floats(array: Any) -> npt.NDArray[Any]:
    """Return an array with its floats in Keras's default float type, as in `fit`; other types stay."""
    import keras

    values = np.asarray(array)
    return values.astype(keras.config.floatx(), copy=False) if values.dtype.kind == "f" else values


def _to_tensor(array: Any) -> Any:
    import tensorflow as tf

    return tf.convert_to_tensor(with_default_floats(array))


def common_length(arrays: list[Any]) -> int:
    """Return the number of samples in arrays that must have the same length; raises DataError."""
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1:
        raise DataError(f"Expected inputs and targets of one length, received lengths {sorted(lengths)}.")
    length = lengths.pop()
    if length == 0:
        raise DataError("Expected at least one sample, received an empty array.")
    return int(length)
