"""Rejects arrays that cannot be trained on: wrong shapes, labels out of range, NaN. Each function raises DataError.

Labels out of range matter most: TensorFlow raises for them on a CPU but silently gives NaN on a GPU and under XLA
(tensorflow #8484, #126005). Rows in messages count from 0, as in numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fitmon.engine.errors import DataError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

BLOCK_ROWS = 4096
"""Rows checked together, so that a large array needs no second one of its size."""


def checked_labels(labels: npt.NDArray[Any], *, classes: int, name: str) -> npt.NDArray[np.int64]:
    """Return (n,) int64 class numbers in 0..classes-1.

    Args:
        labels: (n,) or (n, 1), integers or floats with whole values.
        classes: number of classes.
        name: of the array in messages, such as `y_train in digits.npz`.
    """
    import numpy as np

    if labels.ndim not in {1, 2} or labels.shape[1:] not in {(), (1,)}:
        raise DataError(f"Expected one label per row in {name}, received the shape {labels.shape}.")
    require_numbers(labels, name=name)
    flat = labels.reshape(-1)
    wrong = np.flatnonzero((flat < 0) | (flat >= classes) | (flat != np.floor(flat)))
    if wrong.size:
        row = int(wrong[0])
        raise DataError(f"Expected labels in 0..{classes - 1}, received {flat[row]} (row {row} of {name}).")
    return flat.astype(np.int64)


def one_hot(labels: npt.NDArray[np.int64], classes: int) -> npt.NDArray[np.float32]:
    """Return (n, classes) float32, 1 in the column of each label, from (n,) labels in 0..classes-1."""
    import numpy as np

    return np.eye(classes, dtype=np.float32)[labels]


def require_numbers(values: npt.NDArray[Any], *, name: str) -> None:
    """Raise DataError unless the array, of at least one axis, contains only finite real numbers."""
    import numpy as np

    if values.dtype.kind not in "buif":
        raise DataError(f"Expected numbers in {name}, received values of type {values.dtype}.")
    if values.dtype.kind != "f":
        return
    for start in range(0, len(values), BLOCK_ROWS):
        finite = np.isfinite(values[start : start + BLOCK_ROWS])
        if not finite.all():
            row = start + int(np.argwhere(~finite)[0][0])
            raise DataError(f"Expected finite numbers in {name}, received NaN or infinity (row {row}).")


def require_same_length(inputs: npt.NDArray[Any], labels: npt.NDArray[Any], *, name: str) -> None:
    """Raise DataError unless there is at least one sample and one label per sample."""
    if len(inputs) != len(labels):
        raise DataError(f"Expected as many labels as inputs in {name}, received {len(labels)} for {len(inputs)}.")
    if len(inputs) == 0:
        raise DataError(f"There are no samples in {name}.")
