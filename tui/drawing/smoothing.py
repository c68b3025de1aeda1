"""Smooths curves."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

NEGLIGIBLE = 1e-4
"""Points whose weight, relative to the newest, is below this are left out of a mean."""


def exponential_mean(values: Floats, weight: float) -> Floats:
    """Return the exponential moving mean of values, as TensorBoard smooths.

    Args:
        values: (n,); what is not finite stays NaN and has no part in the means after it.
        weight: of the past, in (0, 1): each value counts `weight` times as much as the one after it. The first means
            are of fewer values, none is drawn towards 0.
    """
    finite = np.isfinite(values)
    # Small enough that no sum overflows.
    sums = _weighted_sums(np.where(finite, np.clip(values, -1e300, 1e300), 0.0), weight)
    weights = _weighted_sums(finite.astype(np.float64), weight)
    return np.where(finite, sums / np.maximum(weights, 1.0), np.nan)


def _weighted_sums(values: Floats, weight: float) -> Floats:
    """Return for each value the sum of it and those before it, weighted; in steps that double what is summed."""
    sums, length = values, 1
    while weight**length > NEGLIGIBLE and length < len(values):
        longer = sums.copy()
        longer[length:] += weight**length * sums[:-length]
        sums, length = longer, 2 * length
    return sums
