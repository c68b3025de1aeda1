"""Data that makes its own batches: a dataset, a PyDataset, a generator or another iterable, as Keras reads it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from operator import length_hint
from typing import Any

from fitmon.engine.data.data_errors import data_errors
from fitmon.engine.data.feed import weights_for_classes
from fitmon.engine.errors import DataError
from fitmon.engine.keras_internals import data_adapter


def gives_batches(x: Any) -> bool:
    """Return whether `x` makes its own batches, so is neither an array nor a tuple, list or dict of arrays."""
    if _is_dataset(x):
        return True
    is_array = isinstance(x, list | tuple | dict) or hasattr(x, "shape") or hasattr(x, "__array__")
    return isinstance(x, Iterable) and not is_array


@dataclass(frozen=True, slots=True)
class Source:
    """A source of batches, as Keras reads it."""

    dataset: Any
    """`tf.data.Dataset` of batches."""
    adapter: Any
    """Keras's adapter; it notifies a PyDataset when an epoch begins and ends."""
    batches: int | None
    """Batches in one pass; None: unknown or infinite."""
    restarts: bool
    """Whether it can be read again from the start; a generator cannot."""
    endless: bool
    """Whether one pass is known to be infinite."""

    def refuse_endless(self, steps: int | None, bound: str) -> None:
        """Raise DataError if a pass is infinite and `steps`, which the user passes as `bound`, is None."""
        if self.endless and steps is None:
            raise DataError(f"The dataset is infinite. Give {bound}.")

    def close(self) -> None:
        """Stop the workers of a PyDataset; Keras leaves them running when an epoch is interrupted."""
        enqueuer = getattr(self.adapter, "enqueuer", None)
        if enqueuer is not None:
            # This raises what a worker raised, which was reported already or concerns a batch that is no longer needed.
            with suppress(Exception):
                enqueuer.stop()


def open_source(x: Any, class_weight: Mapping[int, float] | None = None) -> Source:
    """Return a reader of `x`; it may read the first two batches to learn their shapes. Raises DataError.

    Class weights become sample weights in the batches.
    """
    with data_errors():
        source = (_known_to_keras if _is_dataset(x) else _iterated)(x, class_weight)
        _refuse_invalid_batches(source)
        # `fit` calls this once before its first epoch; a PyDataset may shuffle here.
        source.adapter.on_epoch_end()
    return source


def _is_dataset(x: Any) -> bool:
    import keras
    import tensorflow as tf

    return isinstance(x, tf.data.Dataset | keras.utils.PyDataset)


def _known_to_keras(x: Any, class_weight: Mapping[int, float] | None) -> Source:
    import keras

    if getattr(x, "num_batches", None) == 0:
        raise DataError("The dataset is empty: it has no batches.")
    # Keras's own error is unclear for a Dataset without labels, and missing for a PyDataset.
    if not isinstance(x, keras.utils.PyDataset):
        _refuse_weights_without_labels(x.element_spec, class_weight)
    adapter = data_adapter(x, class_weight)
    dataset = adapter.get_tf_dataset()
    _refuse_weights_without_labels(dataset.element_spec, class_weight)
    endless = x.num_batches is None if isinstance(x, keras.utils.PyDataset) else _repeats(dataset)
    return Source(dataset=dataset, adapter=adapter, batches=adapter.num_batches, restarts=True, endless=endless)


def _refuse_weights_without_labels(spec: Any, class_weight: Mapping[int, float] | None) -> None:
    import keras

    if class_weight is not None and keras.utils.unpack_x_y_sample_weight(spec)[1] is None:
        raise DataError("Class weights need labels, but the data has only inputs.")


def _repeats(dataset: Any) -> bool:
    import tensorflow as tf

    return int(dataset.cardinality()) == int(tf.data.INFINITE_CARDINALITY)


def _iterated(x: Iterable[Any], class_weight: Mapping[int, float] | None) -> Source:
    """Read a generator through Keras; any other iterable too, but each pass from its start."""
    import tensorflow as tf

    adapter = data_adapter(_batches(x, class_weight), None)
    dataset, length, restarts = adapter.get_tf_dataset(), None, not isinstance(x, Iterator)
    if restarts:
        spec, length = dataset.element_spec, length_hint(x) or None
        passes = tf.data.Dataset.from_generator(lambda: _batches(x, class_weight), output_signature=spec)
        dataset = passes.prefetch(tf.data.AUTOTUNE)
    return Source(dataset=dataset, adapter=adapter, batches=length, restarts=restarts, endless=False)


def _batches(x: Iterable[Any], class_weight: Mapping[int, float] | None) -> Iterator[tuple[Any, ...]]:
    """Yield batches as tuples without None, the form that Keras reads from a generator."""
    import keras

    for batch in x:
        inputs, y, sample_weight = keras.utils.unpack_x_y_sample_weight(batch)
        weights = weights_for_classes(y, sample_weight, class_weight)
        given = tuple(item for item in (inputs, y, weights) if item is not None)
        yield keras.tree.lists_to_tuples(given)


def _refuse_invalid_batches(source: Source) -> None:
    import keras

    if source.batches == 0:
        raise DataError("The dataset is empty: it has no batches.")
    ranks = [spec.shape.rank for spec in keras.tree.flatten(source.dataset.element_spec) if hasattr(spec, "shape")]
    if 0 in ranks:
        raise DataError("The dataset yields single samples. Call batch() on it.")
    if None in ranks:
        raise DataError("The number of axes of the batches is unknown. Give from_generator an output_signature.")
