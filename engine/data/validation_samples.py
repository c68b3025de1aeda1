"""The validation samples themselves, to show the sample that a number refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.samples import ValidationSamples

if TYPE_CHECKING:
    from fitmon.engine.job import TrainingData


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
