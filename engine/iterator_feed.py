"""Batches that the device cannot hold all at once: those that a dataset makes itself, and rows of arrays too large.

A compiled chunk takes them one by one from a `tf.data` iterator. What `fit` would read them through is left to Keras;
when an iterator begins and ends is decided here, as `fit` does it.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from operator import length_hint
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from fitmon.engine import environment
from fitmon.engine.control import StopRequested
from fitmon.engine.errors import DataError, FitmonError
from fitmon.engine.feed import (
    Feed,
    ResidentFeed,
    State,
    Stepping,
    common_length,
    epoch_order,
    weights_for_classes,
    with_default_floats,
)

if TYPE_CHECKING:
    import tensorflow as tf

    from fitmon.engine.job import TrainingData

LONGEST_CHUNK_SECONDS = 0.2
"""A chunk asks for no further batch after this time: twice what it is sized for. Batches that were waiting make steps
look fast, and the next one may be slow."""

SHARE_FOR_ARRAYS = 0.5
"""Arrays may take so much of the memory; the rest is for the model and for the copy they are made from."""


def feed_for(data: TrainingData) -> Feed:
    """Return the feed that suits the training data; raises DataError."""
    if gives_batches(data.x):
        if data.y is not None or data.sample_weight is not None:
            raise DataError(
                "Expected targets and sample weights within the batches, received them apart. "
                "A dataset or generator gives (inputs, targets, sample weights)."
            )
        return IteratorFeed(data.x, class_weight=data.class_weight, steps_per_epoch=data.steps_per_epoch)
    if data.steps_per_epoch is not None:
        raise DataError("Expected no steps_per_epoch with arrays: an epoch visits every sample once.")
    weights = weights_for_classes(data.y, data.sample_weight, data.class_weight)
    return _feed_of_arrays(data.x, data.y, weights)


def gives_batches(x: Any) -> bool:
    """Return whether `x` makes batches itself: neither an array nor a tuple, list or dict of arrays."""
    if _is_dataset(x):
        return True
    is_array = isinstance(x, list | tuple | dict) or hasattr(x, "shape") or hasattr(x, "__array__")
    return isinstance(x, Iterable) and not is_array


def fits_on_device(nbytes: int) -> bool:
    """Return whether arrays of so many bytes may stay on the device; True where its memory is not known.

    TensorFlow tells of a GPU only the limit that was set for it (`tf.config.set_logical_device_configuration`).
    """
    limit = _memory_bytes()
    return limit is None or nbytes <= limit * SHARE_FOR_ARRAYS


def with_validation_arrays(data: TrainingData, between_batches: Callable[[], None] = lambda: None) -> TrainingData:
    """Return the data with its validation batches read into arrays: a probe is a fixed set of samples.

    `between_batches` is called behind each batch and may raise StopRequested. Raises DataError when the batches have no
    end, or more than the memory can hold, and no `validation_steps` bounds them.
    """
    import keras

    if data.x_validation is None or not gives_batches(data.x_validation):
        if data.validation_steps is not None:
            raise DataError("Expected no validation_steps with arrays: every validation sample is looked at.")
        return data
    if data.y_validation is not None or data.sample_weight_validation is not None:
        raise DataError("Expected validation targets and sample weights within the batches, received them apart.")
    batches = _read_all(data.x_validation, data.validation_steps, between_batches)
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(_joined(batches))
    return dataclasses.replace(data, x_validation=x, y_validation=y, sample_weight_validation=sample_weight)


@contextmanager
def reading(*, training: bool = False) -> Iterator[None]:
    """Raise what goes wrong while data is read as a DataError; while training, only what the data is at fault for."""
    try:
        yield
    except (FitmonError, StopRequested):
        raise
    except Exception as error:
        if training and "IteratorGetNext" not in str(error):
            raise
        raise DataError(f"The data could not be read: {_cause(error)}.") from error


class IteratorFeed(Feed):
    """Batches as a dataset, a generator or another iterable makes them; equal to `fit(x, shuffle=False)`."""

    batch_size_fixed: ClassVar[str] = "the batches come from a dataset that makes them itself"
    notes: ClassVar[tuple[str, ...]] = (
        "The training data comes in batches of its own, so that the number of samples is not known.",
    )

    def __init__(
        self, x: Any, *, class_weight: Mapping[int, float] | None = None, steps_per_epoch: int | None = None
    ) -> None:
        """Open the source, as `fit` does; its first two batches may be read to learn their shapes."""
        if steps_per_epoch is not None and steps_per_epoch < 1:
            raise DataError(f"Expected steps_per_epoch of at least 1, received {steps_per_epoch}.")
        self._source = _open(x, class_weight)
        self._source.refuse_endless(steps_per_epoch, "steps_per_epoch")
        self._steps_per_epoch = steps_per_epoch
        self._iterator: Any = None
        self._taken = 0

    @property
    def samples(self) -> int:
        return 0

    def head(self) -> Any:
        return self.signature()

    def signature(self) -> Any:
        return self._source.dataset.element_spec

    def steps(self, batch_size: int) -> int | None:  # noqa: ARG002 - as every feed
        return self._steps_per_epoch or self._source.batches

    def begin_epoch(self, epoch: int, *, seed: int, batch_size: int) -> Any:  # noqa: ARG002 - as every feed
        with reading():
            self._source.adapter.on_epoch_begin()
            anew = self._steps_per_epoch is None and self._source.restarts
            if self._iterator is None or anew:
                self._restart()
        return self._iterator

    def each_batch(self, source: Any, batch_size: tf.Tensor, steps: Stepping) -> tuple[State, tf.Tensor]:  # noqa: ARG002 - as every feed
        return until_exhausted(source, steps)

    def end_epoch(self, steps: int, *, exhausted: bool) -> None:
        """Begin the source anew where it has come to its end.

        `fit` makes an iterator at the end of a whole pass and again at the start of the next; so does this, because a
        dataset that shuffles with a seed draws another order for every iterator.
        """
        self._taken += steps
        with reading():
            if self._source.restarts and self._taken == self._source.batches:
                self._restart()
            elif self._source.restarts and exhausted:
                self._iterator = None
            self._source.adapter.on_epoch_end()

    def close(self) -> None:
        self._iterator = None
        self._source.close()

    def _restart(self) -> None:
        self._iterator, self._taken = iter(self._source.dataset), 0


class HostFeed(Feed):
    """Arrays too large for the device: each batch's rows are gathered on the host, in the resident feed's order.

    Arrays may be files: `numpy.memmap`, or a dataset of h5py. Only the rows of a batch are read.
    """

    notes: ClassVar[tuple[str, ...]] = (
        "The training data is too large to stay in the device's memory; its batches are gathered one by one.",
    )

    def __init__(self, x: Any, y: Any = None, sample_weight: Any = None) -> None:
        """Take the arrays as they are; nothing is copied."""
        import keras
        import tensorflow as tf

        given = keras.tree.lists_to_tuples(keras.utils.pack_x_y_sample_weight(x, y, sample_weight))
        self._arrays = keras.tree.map_structure(_rows_by_index, given)
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

    def signature(self) -> Any:
        """Return the TensorSpecs of a batch, its length left open, as the resident feed has them."""
        import keras
        import tensorflow as tf

        return keras.tree.map_structure(lambda a: tf.TensorSpec([None, *a.shape[1:]], a.dtype), self.head())

    def steps(self, batch_size: int) -> int:
        return math.ceil(self._samples / batch_size)

    def begin_epoch(self, epoch: int, *, seed: int, batch_size: int) -> Any:
        self._order, self._batch_size = epoch_order(self._samples, seed, epoch), batch_size
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


def until_exhausted(iterator: Any, steps: Stepping) -> tuple[State, tf.Tensor]:
    """Train on an iterator's batches while there are some, more are wanted and time is left; see `Feed.each_batch`."""
    import tensorflow as tf

    deadline = tf.timestamp() + LONGEST_CHUNK_SECONDS

    def more_in_time(exhausted: tf.Tensor, *state: Any) -> tf.Tensor:
        # The first step is never left out, or a computer that slept here would seem to have no data.
        in_time = tf.logical_or(tf.equal(state[0], steps.start[0]), tf.timestamp() < deadline)
        return tf.logical_and(steps.more(*state), tf.logical_and(in_time, tf.logical_not(exhausted)))

    def one(_exhausted: tf.Tensor, *state: Any) -> State:
        batch = iterator.get_next_as_optional()
        there = batch.has_value()
        return tf.logical_not(there), *tf.cond(there, lambda: steps.train(batch.get_value(), *state), lambda: state)

    exhausted, *state = steps.repeat(more_in_time, one, (tf.constant(False), *steps.start))
    return tuple(state), exhausted


@dataclasses.dataclass(frozen=True, slots=True)
class _Source:
    """Where batches come from, as Keras reads it."""

    dataset: Any
    """`tf.data.Dataset` of batches."""
    adapter: Any
    """Keras's adapter; it tells a PyDataset when an epoch begins and ends."""
    batches: int | None
    """Batches in one pass; None: not known, or without end."""
    restarts: bool
    """Whether it can be read again from its beginning; a generator cannot."""
    endless: bool

    def refuse_endless(self, steps: int | None, bound: str) -> None:
        if self.endless and steps is None:
            raise DataError(f"Expected {bound} with a dataset that has no end, received None.")

    def close(self) -> None:
        """Stop the workers of a PyDataset; Keras leaves them when an epoch is broken off."""
        enqueuer = getattr(self.adapter, "enqueuer", None)
        if enqueuer is not None:
            # It raises here what a worker raised; either that was told already, or nobody wants the batch any more.
            with suppress(Exception):
                enqueuer.stop()


def _open(x: Any, class_weight: Mapping[int, float] | None = None) -> _Source:
    with reading():
        source = (_known_to_keras if _is_dataset(x) else _iterated)(x, class_weight)
        _refuse_what_is_no_batch(source)
        # `fit` tells this once before its first epoch; a PyDataset may shuffle here.
        source.adapter.on_epoch_end()
    return source


def _is_dataset(x: Any) -> bool:
    import keras
    import tensorflow as tf

    return isinstance(x, tf.data.Dataset | keras.utils.PyDataset)


def _known_to_keras(x: Any, class_weight: Mapping[int, float] | None) -> _Source:
    import keras

    if getattr(x, "num_batches", None) == 0:
        raise DataError("Expected at least one batch, received an empty dataset.")
    adapter = environment.data_adapter(x, class_weight)
    dataset = adapter.get_tf_dataset()
    endless = x.num_batches is None if isinstance(x, keras.utils.PyDataset) else _repeats(dataset)
    return _Source(dataset=dataset, adapter=adapter, batches=adapter.num_batches, restarts=True, endless=endless)


def _repeats(dataset: Any) -> bool:
    import tensorflow as tf

    return int(dataset.cardinality()) == int(tf.data.INFINITE_CARDINALITY)


def _iterated(x: Iterable[Any], class_weight: Mapping[int, float] | None) -> _Source:
    """Read a generator through Keras; any other iterable likewise, but each pass from its beginning."""
    import tensorflow as tf

    adapter = environment.data_adapter(_batches(x, class_weight), None)
    dataset, length, restarts = adapter.get_tf_dataset(), None, not isinstance(x, Iterator)
    if restarts:
        spec, length = dataset.element_spec, length_hint(x) or None
        passes = tf.data.Dataset.from_generator(lambda: _batches(x, class_weight), output_signature=spec)
        dataset = passes.prefetch(tf.data.AUTOTUNE)
    return _Source(dataset=dataset, adapter=adapter, batches=length, restarts=restarts, endless=False)


def _batches(x: Iterable[Any], class_weight: Mapping[int, float] | None) -> Iterator[tuple[Any, ...]]:
    """Yield batches as tuples without what is None, which is the form that Keras reads from a generator."""
    import keras

    for batch in x:
        inputs, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
        weights = weights_for_classes(y, sample_weight, class_weight)
        parts = tuple(part for part in (inputs, y, weights) if part is not None)
        yield keras.tree.lists_to_tuples(parts)


def _refuse_what_is_no_batch(source: _Source) -> None:
    import keras

    if source.batches == 0:
        raise DataError("Expected at least one batch, received an empty dataset.")
    ranks = [spec.shape.rank for spec in keras.tree.flatten(source.dataset.element_spec) if hasattr(spec, "shape")]
    if 0 in ranks:
        raise DataError("Expected batches, received single samples. Call batch() on the dataset.")
    if None in ranks:
        raise DataError(
            "Expected batches of a known number of axes, received some of unknown shape. "
            "Give from_generator an output_signature."
        )


def _read_all(x: Any, steps: int | None, between_batches: Callable[[], None]) -> list[Any]:
    source = _open(x)
    source.refuse_endless(steps, "validation_steps")
    batches: list[Any] = []
    nbytes = 0
    with reading(), closing(source):
        source.adapter.on_epoch_begin()
        for batch in source.dataset.take(-1 if steps is None else steps).as_numpy_iterator():
            between_batches()
            batches.append(batch)
            nbytes += _nbytes(batch)
            if not fits_on_device(nbytes):
                raise DataError(
                    f"Expected validation data that fits into memory, received {len(batches)} batches and no end. "
                    "Give validation_steps."
                )
        source.adapter.on_epoch_end()
    if not batches:
        raise DataError("Expected at least one validation batch, received an empty dataset.")
    return batches


def _joined(batches: list[Any]) -> Any:
    import keras

    try:
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *batches)
    except ValueError as error:
        raise DataError(
            f"Expected validation samples of one shape, received several ({error}). Pad them to one length."
        ) from error


def _feed_of_arrays(x: Any, y: Any, sample_weight: Any) -> Feed:
    import tensorflow as tf

    if not fits_on_device(_nbytes((x, y, sample_weight))):
        return HostFeed(x, y, sample_weight)
    try:
        return ResidentFeed(x, y, sample_weight)
    # A full GPU is told as either.
    except (tf.errors.ResourceExhaustedError, tf.errors.InternalError):
        return HostFeed(x, y, sample_weight)


def _nbytes(arrays: Any) -> int:
    import keras

    return sum(int(_rows_by_index(array).nbytes) for array in keras.tree.flatten(arrays) if array is not None)


def _rows_by_index(array: Any) -> Any:
    """Return an array whose rows can be had by number: itself if it is one of numpy or of h5py."""
    return array if isinstance(array, np.ndarray) or hasattr(array, "read_direct") else np.asarray(array)


def _rows(array: Any, rows: npt.NDArray[np.int64]) -> npt.NDArray[Any]:
    """Return the rows in the order asked for.

    They are read in rising order: h5py gives them in no other, and a disk gives them faster so.
    """
    rising = np.argsort(rows)
    batch = np.empty((len(rows), *array.shape[1:]), array.dtype)
    batch[rising] = array[rows[rising]]
    return batch


def _memory_bytes() -> int | None:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    configured = tf.config.get_logical_device_configuration(gpus[0])
    megabytes = configured[0].memory_limit if configured else None
    return None if megabytes is None else int(megabytes) * 1024 * 1024


def _cause(error: Exception) -> str:
    """Return what went wrong without what TensorFlow puts before and behind it."""
    message = getattr(error, "message", None)
    if not isinstance(message, str):
        return f"{type(error).__name__}: {error}".rstrip(".")
    told = re.split(r"\nTraceback|\n\s*\[\[| \[Op:", message)[0].strip().splitlines() or [message]
    return re.sub(r"^\{\{.*?\}\} ", "", told[-1]).rstrip(".")
