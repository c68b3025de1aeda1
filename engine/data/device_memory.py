"""How many bytes arrays take, and whether the device may hold them all."""

from __future__ import annotations

import os
from typing import Any

from fitmon.engine.data.host_feed import rows_by_index

SHARE_FOR_ARRAYS = 0.5
"""Arrays may take so much of the memory; the rest is for the model and for the copy they are made from."""


def fits_on_device(nbytes: int) -> bool:
    """Return whether arrays of so many bytes may stay on the device; True where its memory is not known.

    TensorFlow tells of a GPU only the limit that was set for it (`tf.config.set_logical_device_configuration`).
    """
    limit = _memory_bytes()
    return limit is None or nbytes <= limit * SHARE_FOR_ARRAYS


def array_bytes(arrays: Any) -> int:
    """Return how many bytes arrays take together, in whatever tuple, list or dict they come; None takes none."""
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
