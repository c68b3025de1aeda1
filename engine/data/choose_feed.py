"""Chooses the feed for the training data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitmon.engine.data.batch_source import gives_batches
from fitmon.engine.data.device_memory import array_bytes, fits_on_device
from fitmon.engine.data.feed import Feed, ResidentFeed, weights_for_classes
from fitmon.engine.data.host_feed import HostFeed
from fitmon.engine.data.iterator_feed import IteratorFeed
from fitmon.engine.errors import DataError

if TYPE_CHECKING:
    from fitmon.engine.job import TrainingData


def feed_for(data: TrainingData) -> Feed:
    """Return the feed for the training data; raises DataError."""
    if gives_batches(data.x):
        if data.y is not None or data.sample_weight is not None:
            raise DataError(
                "Targets and sample weights were given separately from the batches. "
                "Let the dataset or generator yield (inputs, targets, sample weights)."
            )
        return IteratorFeed(data.x, class_weight=data.class_weight, steps_per_epoch=data.steps_per_epoch)
    if data.steps_per_epoch is not None:
        raise DataError("Expected no steps_per_epoch with arrays: an epoch visits every sample once.")
    weights = weights_for_classes(data.y, data.sample_weight, data.class_weight)
    return _feed_of_arrays(data.x, data.y, weights)


def _feed_of_arrays(x: Any, y: Any, sample_weight: Any) -> Feed:
    import tensorflow as tf

    if not fits_on_device(array_bytes((x, y, sample_weight))):
        return HostFeed(x, y, sample_weight)
    try:
        return ResidentFeed(x, y, sample_weight)
    # A full GPU raises either.
    except (tf.errors.ResourceExhaustedError, tf.errors.InternalError):
        return HostFeed(x, y, sample_weight)
