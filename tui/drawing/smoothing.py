"""Smooths curves."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NEGLIGIBLE = 1e-3
"""Points whose weight, relative to the newest, is below this are left out of a mean."""


def exponential_mean(values: Floats, weight: float) -> Floats:
    """Return the exponential moving mean of values, as TensorBoard smooths.

    Args:
        values: (n,); what is not finite stays NaN and has no part in the means after it.
        weight: of the past, in (0, 1): each value counts `weight` times as much as the one after it. The first means
            are of fewer values, none is drawn towards 0.
    """
    finite = np.isfinite(values)
    kernel = weight ** np.arange(math.ceil(math.log(NEGLIGIBLE) / math.log(weight)))
    # Divided by the length, so that the sum of the largest numbers is one.
    known = np.where(finite, np.clip(values, -1e300, 1e300), 0.0) / len(kernel)
    sums = np.convolve(known, kernel)[: len(values)]
    weights = np.convolve(finite.astype(np.float64), kernel)[: len(values)] / len(kernel)
    return np.where(finite, sums / np.maximum(weights, 1e-12), np.nan)
