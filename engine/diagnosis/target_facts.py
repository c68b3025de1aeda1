"""What the targets show: their range, against what the loss takes, and their scale where they are quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fitmon.engine.diagnosis.differences import differences, sample_of
from fitmon.engine.diagnosis.label_facts import Task, class_numbers, labels_of
from fitmon.engine.diagnosis.row_blocks import arrays_in, rows_of
from fitmon.engine.values import six_digits

if TYPE_CHECKING:
    from fitmon.engine.job import TrainingData

Array = npt.NDArray[Any]

SUMS_APART = 1e-3
"""How far from 1 the sum of a row of shares may be."""
TARGETS = "the targets"


def target_facts(data: TrainingData, task: Task) -> dict[str, Any]:
    """Return the fields of `Facts` about the targets of the only output; none for several outputs."""
    ranges = [_range_of(y, task) for y in (data.y, data.y_validation)]
    known = [found for found in ranges if found is not None]
    if not known:
        return {}
    sums = [found.rows_sum_to_one for found in known if found.rows_sum_to_one is not None]
    facts: dict[str, Any] = {
        "target_low": six_digits(min(found.low for found in known)),
        "target_high": six_digits(max(found.high for found in known)),
        "targets_are_whole": all(found.whole for found in known),
        "target_rows_sum_to_one": all(sums) if sums else None,
    }
    sample = sample_of(data.y) if are_quantities(data.y, task) else None
    if sample is None:
        return facts
    columns = np.where(np.isfinite(sample), sample, np.nan)
    found = differences(data.y, data.y_validation, whole=TARGETS)
    with np.errstate(all="ignore"):
        return facts | {
            "target_mean": six_digits(np.nanmax(np.abs(np.nanmean(columns, axis=0)))),
            "target_scale": six_digits(np.nanmax(np.nanstd(columns, axis=0))),
            "target_difference": found[0] if found else None,
        }


def are_quantities(y: Any, task: Task) -> bool:
    """Return whether targets are numbers to predict, neither classes nor shares."""
    labels = labels_of(y, task)
    if task.takes_classes or (labels is not None and bool(((labels == 0) | (labels == 1)).all())):
        return False
    return class_numbers(labels, task) is None


class _Range(NamedTuple):
    low: float
    high: float
    whole: bool
    rows_sum_to_one: bool | None
    """None for a single column."""


def _range_of(y: Any, task: Task) -> _Range | None:
    """Return the range of the targets, block by block; None for several outputs, or targets that are not numbers."""
    rows = rows_of(y) if len(arrays_in(y)) == 1 else None
    if rows is None or np.asarray(rows.arrays[0][:1]).dtype.kind not in "buif":
        return None
    found: _Range | None = None
    for (block,) in rows.blocks():
        of_block = _range_of_block(block, task)
        if of_block is not None:
            found = of_block if found is None else _wider(found, of_block)
    return found


def _range_of_block(block: Array, task: Task) -> _Range | None:
    values = block[np.isfinite(block) & (block != task.ignored)] if task.ignored is not None else block
    values = values[np.isfinite(values)]
    if not values.size:
        return None
    several = block.ndim > 1 and block.shape[-1] > 1
    sums = bool((np.abs(block.sum(axis=-1, dtype=np.float64) - 1) < SUMS_APART).all()) if several else None
    return _Range(float(values.min()), float(values.max()), bool((values == np.round(values)).all()), sums)


def _wider(one: _Range, other: _Range) -> _Range:
    sums = None if one.rows_sum_to_one is None else one.rows_sum_to_one and bool(other.rows_sum_to_one)
    return _Range(min(one.low, other.low), max(one.high, other.high), one.whole and other.whole, sums)
