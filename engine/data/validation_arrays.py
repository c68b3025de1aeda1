"""Validation batches as arrays: samples are tracked by index, so they must be a fixed set."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from fitmon.engine.data.batch_source import gives_batches, open_source
from fitmon.engine.data.data_errors import data_errors
from fitmon.engine.data.device_memory import array_bytes, fits_on_device
from fitmon.engine.errors import DataError

if TYPE_CHECKING:
    from fitmon.engine.job import TrainingData


def with_validation_arrays(data: TrainingData, between_batches: Callable[[], None] = lambda: None) -> TrainingData:
    """Return the data with its validation batches read into arrays: a probe is a fixed set of samples.

    `between_batches` is called after each batch and may raise StopRequested. Raises DataError if the batches are
    infinite or do not fit into memory, unless `validation_steps` limits them.
    """
    import keras

    if data.x_validation is None or not gives_batches(data.x_validation):
        if data.validation_steps is not None:
            raise DataError("Expected no validation_steps with arrays: all validation samples are used.")
        return data
    if data.y_validation is not None or data.sample_weight_validation is not None:
        raise DataError(
            "Validation targets and sample weights were given separately from the batches. "
            "Let the dataset or generator yield (inputs, targets, sample weights)."
        )
    batches = _read_all(data.x_validation, data.validation_steps, between_batches)
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(_joined(batches))
    return dataclasses.replace(data, x_validation=x, y_validation=y, sample_weight_validation=sample_weight)


def _read_all(x: Any, steps: int | None, between_batches: Callable[[], None]) -> list[Any]:
    source = open_source(x)
    source.refuse_endless(steps, "validation_steps")
    batches: list[Any] = []
    nbytes = 0
    with data_errors(), closing(source):
        source.adapter.on_epoch_begin()
        for batch in source.dataset.take(-1 if steps is None else steps).as_numpy_iterator():
            between_batches()
            batches.append(batch)
            nbytes += array_bytes(batch)
            if not fits_on_device(nbytes):
                raise DataError(
                    f"The validation data does not fit into memory: batch {len(batches)} is too much. "
                    "Give validation_steps."
                )
        source.adapter.on_epoch_end()
    if not batches:
        raise DataError("The validation data has no batches: the dataset is empty.")
    return batches


def _joined(batches: list[Any]) -> Any:
    import keras

    try:
        return keras.tree.map_structure(lambda *arrays: np.concatenate(arrays), *batches)
    except ValueError as error:
        raise DataError(f"The validation samples have different shapes ({error}). Pad them to one length.") from error
