"""The validation samples themselves, as events, record and viewers pass them on.

Numpy is imported here, unlike in `values`: viewers decode samples by these annotations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt


@dataclass(frozen=True, slots=True, eq=False)
class ValidationSamples:
    """Inputs and names of n validation samples. The arrays are read-only."""

    inputs: npt.NDArray[Any] | None
    """(n, …) the inputs of the model; None when it has several, or one that is not an array of numbers."""
    original: npt.NDArray[Any] | None
    """(n, …) the same in natural units, before scaling; None: as `inputs`."""
    feature_names: tuple[str, ...]
    """Names of the columns of a table; empty when they have none."""
    class_names: tuple[str, ...]
    """Names of the classes in label order; empty when they have none."""
