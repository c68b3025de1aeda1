"""The validation samples themselves, for whoever wants to see the one behind a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from fitmon.engine.job import TrainingData


@dataclass(frozen=True, slots=True, eq=False)
class ValidationSamples:
    """Inputs, names and targets of n validation samples. The arrays are read-only."""

    inputs: npt.NDArray[Any] | None
    """(n, …) what the model is given; None when it takes several inputs, or none that is an array of numbers."""
    original: npt.NDArray[Any] | None
    """(n, …) the same as people know it, before it was scaled; None: as `inputs`."""
    feature_names: tuple[str, ...]
    """Names of the columns of a table; empty when they have none."""
    class_names: tuple[str, ...]
    """Names of the classes in label order; empty when they have none."""


def validation_samples(data: TrainingData) -> ValidationSamples:
    """Return the validation samples of a job's data; nothing is copied."""
    return ValidationSamples(
        inputs=_numbers(data.x_validation),
        original=_numbers(data.x_validation_original),
        feature_names=data.feature_names,
        class_names=data.class_names,
    )


def _numbers(given: Any) -> npt.NDArray[Any] | None:
    if given is None or isinstance(given, list | tuple | dict):
        return None
    values = np.asarray(given).view()
    if values.dtype.kind not in "buif" or not values.ndim:
        return None
    values.flags.writeable = False
    return values
