"""What the targets show: their range, against what the loss takes, and their scale where they are quantities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.diagnosis.differences import differences
from fitmon.engine.diagnosis.label_facts import Task, class_numbers, labels_of
from fitmon.engine.diagnosis.row_blocks import arrays_in, rows_of

if TYPE_CHECKING:
    from fitmon.engine.job import TrainingData

Array = npt.NDArray[Any]

SUMS_APART = 1e-3
"""How far from 1 the sum of a row of shares may be."""
TARGETS = "the targets"


def target_facts(data: TrainingData, task: Task) -> dict[str, Any]:
    """Return the fields of `Facts` about the targets of the only output; none for several outputs."""
    sides = [_values(y) for y in (data.y, data.y_validation)]
    known = [side for side in sides if side is not None]
    if not known:
        return {}
    finite = [side[np.isfinite(side)] for side in known]
    if not all(part.size for part in finite):
        return {}
    facts: dict[str, Any] = {
        "target_low": _six_digits(min(part.min() for part in finite)),
        "target_high": _six_digits(max(part.max() for part in finite)),
        "targets_are_whole": all(bool((part == np.round(part)).all()) for part in finite),
        "target_rows_sum_to_one": _rows_sum_to_one(known),
    }
    if sides[0] is None or not are_quantities(data.y, task):
        return facts
    columns = sides[0].reshape(-1, sides[0].shape[-1] if sides[0].ndim > 1 else 1)
    found = differences(data.y, data.y_validation, whole=TARGETS)
    return facts | {
        "target_mean": _six_digits(np.abs(np.nanmean(columns, axis=0)).max()),
        "target_scale": _six_digits(np.nanstd(columns, axis=0).max()),
        "target_difference": found[0] if found else None,
    }


def are_quantities(y: Any, task: Task) -> bool:
    """Return whether targets are numbers to predict, neither classes nor shares."""
    labels = labels_of(y, task)
    if task.takes_classes or (labels is not None and bool(((labels == 0) | (labels == 1)).all())):
        return False
    return class_numbers(labels, task) is None


def _values(y: Any) -> Array | None:
    """Return the targets, or rows spread over very many of them, as floats; None for several outputs."""
    rows = rows_of(y) if len(arrays_in(y)) == 1 else None
    if rows is None or np.asarray(rows.arrays[0][:1]).dtype.kind not in "buif":
        return None
    return np.concatenate([block[0] for block in rows.blocks()]).astype(np.float64)


def _rows_sum_to_one(sides: list[Array]) -> bool | None:
    if any(side.ndim < 2 or side.shape[-1] < 2 for side in sides):  # noqa: PLR2004 - rows of several columns
        return None
    return all(bool((np.abs(side.sum(axis=-1) - 1) < SUMS_APART).all()) for side in sides)


def _six_digits(value: Any) -> float:
    return float(f"{float(value):.6g}")
