"""Counts NaN and infinity in inputs, targets and sample weights, before anything is trained.

The loss does not always show them: on some processors TensorFlow's fused Dense + relu turns NaN into 0, so that the
loss stays finite and the model trains on zeros.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fitmon.engine.diagnosis.row_blocks import Block, rows_of

if TYPE_CHECKING:
    from fitmon.engine.facts import Facts
    from fitmon.engine.job import TrainingData

FLOATS = "fc"
"""Kinds of arrays that can contain NaN; whole numbers need no check."""


def non_finite_in(x: Any) -> int | None:
    """Return how many numbers of an array, or of several together, are not finite; None where there are none."""
    rows = rows_of(x)
    if rows is None:
        return None
    if not any(np.asarray(array[:1]).dtype.kind in FLOATS for array in rows.arrays):
        return 0
    return sum(non_finite_in_block(block) for block in rows.blocks())


def non_finite_in_block(block: Block) -> int:
    """Return how many numbers of the same rows of several arrays are not finite."""
    floats = (part for part in block if part.dtype.kind in FLOATS)
    return sum(part.size - int(np.count_nonzero(np.isfinite(part))) for part in floats)


def non_finite_target_facts(data: TrainingData) -> dict[str, Any]:
    """Return the fields of `Facts` about numbers in targets and sample weights that are not finite."""
    targets = {"training targets": data.y, "validation targets": data.y_validation}
    weights = {
        "training sample weights": data.sample_weight,
        "validation sample weights": data.sample_weight_validation,
    }
    counted = {name: non_finite_in(array) for name, array in (targets | weights).items()}
    known = [count for name in targets if (count := counted[name]) is not None]
    return {
        "non_finite_targets": sum(known) if known else None,
        "non_finite_parts": {name: count for name, count in counted.items() if count},
    }


def non_finite_in_words(facts: Facts) -> str:
    """Return where the data has NaN or infinity, such as `the training inputs have 3 NaN or infinite values and the
    validation targets 1`; empty where it has none.
    """
    parts = facts.non_finite_parts
    if not parts:
        total = facts.non_finite_values or 0
        parts = {"inputs": total} if total else {}
    if not parts:
        return ""
    (first, count), *others = parts.items()
    values = "1 NaN or infinite value" if count == 1 else f"{count} NaN or infinite values"
    clauses = [f"the {first} have {values}", *(f"the {name} {number}" for name, number in others)]
    return clauses[0] if len(clauses) == 1 else f"{', '.join(clauses[:-1])} and {clauses[-1]}"
