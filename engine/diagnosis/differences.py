"""Compares training and validation, feature by feature: two loaders that scale differently look like overfitting.

Distributions are compared by the distance of Kolmogorov and Smirnov, which outliers hardly move: Massey 1951, The
Kolmogorov-Smirnov Test for Goodness of Fit, https://doi.org/10.1080/01621459.1951.10500769.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.diagnosis.row_blocks import arrays_in
from fitmon.engine.facts import Difference
from fitmon.engine.values import six_digits

Floats = npt.NDArray[np.float64]

MAX_ROWS = 2_000
"""Rows of each set that are compared, spread over all of them."""
MAX_NUMBERS = 500_000
MAX_POOLED = 50_000
"""Numbers of all features together, as of an image."""
MAX_FEATURES = 2_000
"""Of a table with more columns all features are compared as one."""
MIN_ROWS = 8
SCALES_APART = 3.0
"""Ratio of the standard deviations."""
MEANS_APART = 2.0
"""Difference of the means, in standard deviations of the training set."""
DISTANCE = 0.25
"""Smallest distance that counts: a factor of 3 in scale alone makes 0.27."""
SIGNIFICANT = 2.2
"""Times √((n + m) / (n m)): a larger distance is chance in one of 8,000 comparisons."""
ZEROS_APART = 0.4
"""Difference of the shares of zeros."""
MISSING_APART = 0.2
"""Difference of the shares of NaN."""
MIN_SCALE = 1e-12


def differences(
    training: Any, validation: Any, names: Sequence[str] = (), *, whole: str = "the inputs"
) -> list[Difference]:
    """Return what differs strongly between two sets, the largest distance first.

    Args:
        training: an array, (n, …), or several in a tuple, list or dict.
        validation: the same of the other set.
        names: of the columns of a table; empty: they have none.
        whole: what an array is called whose features are compared together, such as an image.
    """
    found = [
        difference
        for sides in zip(arrays_in(training), arrays_in(validation), strict=False)
        for difference in _differences_of(*sides, names, whole)
    ]
    return sorted(found, key=lambda difference: -difference.distance)


def _differences_of(training: Any, validation: Any, names: Sequence[str], whole: str) -> Iterator[Difference]:
    here, there = sample_of(training), sample_of(validation)
    if here is None or there is None or here.shape[1] != there.shape[1]:
        return
    rows, features = (len(here), len(there)), here.shape[1]
    if np.ndim(training) > 2 or features > MAX_FEATURES:  # noqa: PLR2004 - images and sequences
        pooled = [side.reshape(-1, 1)[:: 1 + side.size // MAX_POOLED] for side in (here, there)]
        found = [_difference(whole, pooled[0], pooled[1], rows=rows)]
    else:
        columns = _order((here, there))
        found = [
            _difference(_name(k, names, features, whole), here[:, k : k + 1], there[:, k : k + 1], rows=rows)
            for k in columns
        ]
    yield from (difference for difference in found if difference is not None)


def sample_of(array: Any) -> Floats | None:
    """Return rows spread over an array, (r, F); None where they are not numbers, or too few."""
    arrays = arrays_in(array)
    array = arrays[0] if len(arrays) == 1 else None
    if not getattr(array, "shape", ()) or len(array) < MIN_ROWS or np.asarray(array[:1]).dtype.kind not in "buif":
        return None
    each = max(1, int(np.asarray(array[:1]).size))
    count = max(MIN_ROWS, min(len(array), MAX_ROWS, MAX_NUMBERS // each))
    rows = np.unique(np.linspace(0, len(array) - 1, count).astype(np.int64))
    picked = array[rows] if type(array) is np.ndarray else np.stack([np.asarray(array[int(row)]) for row in rows])
    numbers: Floats = picked.astype(np.float64).reshape(len(rows), -1)
    return numbers


def _order(sides: tuple[Floats, Floats]) -> list[int]:
    """Return the features that may differ: comparing thousands of distributions would take long."""
    with np.errstate(all="ignore"):
        means, scales = ([f(side, axis=0) for side in sides] for f in (np.nanmean, np.nanstd))
        moved = np.abs(means[1] - means[0]) > MEANS_APART * np.maximum(scales[0], MIN_SCALE)
        wider = np.abs(np.log(np.maximum(scales[1], MIN_SCALE) / np.maximum(scales[0], MIN_SCALE)))
        zeros = np.abs((sides[0] == 0).mean(axis=0) - (sides[1] == 0).mean(axis=0)) > ZEROS_APART
        missing = np.abs(np.isnan(sides[0]).mean(axis=0) - np.isnan(sides[1]).mean(axis=0)) > MISSING_APART
    return [int(k) for k in np.flatnonzero(moved | (wider > math.log(SCALES_APART)) | zeros | missing)]


def _name(number: int, names: Sequence[str], total: int, whole: str) -> str:
    if len(names) == total:
        return str(names[number])
    return whole if total == 1 else f"feature {number}"


def _difference(what: str, training: Floats, validation: Floats, *, rows: tuple[int, int]) -> Difference | None:
    here, there = (np.sort(side[np.isfinite(side)]) for side in (training, validation))
    if len(here) < MIN_ROWS or len(there) < MIN_ROWS:
        return None
    # Pixels of one image are no independent numbers: its rows count.
    n, m = min(rows[0], len(here)), min(rows[1], len(there))
    distance = _distance(here, there)
    missing = [float(np.isnan(side).mean()) for side in (training, validation)]
    if abs(missing[0] - missing[1]) <= MISSING_APART and distance < max(
        DISTANCE, SIGNIFICANT * math.sqrt((n + m) / (n * m))
    ):
        return None
    found = Difference(
        what=what,
        training_mean=six_digits(here.mean()),
        training_scale=six_digits(here.std()),
        training_low=six_digits(here[0]),
        training_high=six_digits(here[-1]),
        validation_mean=six_digits(there.mean()),
        validation_scale=six_digits(there.std()),
        validation_low=six_digits(there[0]),
        validation_high=six_digits(there[-1]),
        training_zeros=six_digits((here == 0).mean()),
        validation_zeros=six_digits((there == 0).mean()),
        training_missing=six_digits(missing[0]),
        validation_missing=six_digits(missing[1]),
        distance=six_digits(distance),
    )
    return found if scales_apart(found) or zeros_apart(found) or missing_apart(found) else None


def scales_apart(difference: Difference) -> bool:
    """Return whether the two sides are on different scales, or around different means."""
    here, there = max(difference.training_scale, MIN_SCALE), max(difference.validation_scale, MIN_SCALE)
    moved = abs(difference.validation_mean - difference.training_mean) > MEANS_APART * here
    return moved or max(here / there, there / here) > SCALES_APART


def zeros_apart(difference: Difference) -> bool:
    """Return whether one side has many more zeros, as where missing values were filled in on that side alone."""
    return abs(difference.training_zeros - difference.validation_zeros) > ZEROS_APART


def missing_apart(difference: Difference) -> bool:
    """Return whether many more values are NaN on one side."""
    return abs(difference.training_missing - difference.validation_missing) > MISSING_APART


def _distance(here: Floats, there: Floats) -> float:
    """Return the distance of Kolmogorov and Smirnov between two sorted samples."""
    values = np.concatenate([here, there])
    shares = [np.searchsorted(side, values, side="right") / len(side) for side in (here, there)]
    return float(np.abs(shares[0] - shares[1]).max())
