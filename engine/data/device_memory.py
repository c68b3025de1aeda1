"""How many bytes arrays take, and whether they fit on the device."""

from __future__ import annotations

import os
from typing import Any

from fitmon.engine.data.host_feed import rows_by_index

SHARE_FOR_ARRAYS = 0.5
"""Share of the memory that arrays may take; the rest is for the model and the copy they are made from."""


def fits_on_device(nbytes: int) -> bool:
    """Return whether arrays of `nbytes` bytes fit on the device; True if its memory is unknown.

    For a GPU, TensorFlow reports only a configured limit (`tf.config.set_logical_device_configuration`).
    """
    limit = _memory_bytes()
    return limit is None or nbytes <= limit * SHARE_FOR_ARRAYS


def array_bytes(arrays: Any) -> int:
    """Return the total bytes of the arrays in any tuple, list or dict; None counts as 0."""
    import keras

    return sum(int(rows_by_index(array).nbytes) for array in keras.tree.flatten(arrays) if array is not None)


def _memory_bytes() -> int | None:
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    if not gpus:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    configured = tf.config.get_logical_device_configuration(gpus[0])
    megabytes = configured[0].memory_limit if configured else None
    return None if megabytes is None else int(megabytes) * 1024 * 1024
