"""What a model's outputs are by their values: probabilities, or raw outputs (logits)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.evaluation.unchanged_state import unchanged_state
from fitmon.engine.keras_internals import compared, loss_name, losses_of

if TYPE_CHECKING:
    import keras

    Floats = npt.NDArray[np.float32]

ROUNDING = 1e-2
"""How far outside [0, 1] a probability may be: in bfloat16 a softmax can exceed 1 by about this much."""
MIN_ROWS = 30
"""With fewer outputs that all lie in [0, 1], that may be chance."""
END, SHARE_AT_ENDS = 0.02, 0.05
"""Probabilities of two classes that were learned crowd at 0 or 1: at least this share lies so close to one. Logits of a
model that has learned nothing all lie near that of the class frequencies, which may be between 0 and 1 too."""
MAX_SAMPLES = 64
"""Samples that a forward pass of its own looks at."""


def beyond_probabilities(values: Floats) -> bool:
    """Return whether a value is clearly outside [0, 1]."""
    with np.errstate(invalid="ignore"):
        return bool(np.any((values < -ROUNDING) | (values > 1 + ROUNDING)))


def kind_of_outputs(values: Floats, *, two_classes: bool) -> str:
    """Return what outputs look like: `probabilities` or `logits`; empty for too few, or too similar ones, to say.

    Args:
        values: (n, columns).
        two_classes: whether each value is for itself; else the values of a row belong together.
    """
    if len(values) < MIN_ROWS or not np.isfinite(values).all():
        return ""
    if beyond_probabilities(values):
        return "logits"
    if not two_classes:
        return "probabilities" if np.abs(values.sum(axis=1) - 1).max() <= ROUNDING else "logits"
    at_ends = np.count_nonzero(np.minimum(values, 1 - values) < END)
    return "probabilities" if at_ends >= SHARE_AT_ENDS * values.size else ""


def kinds_of_outputs(model: keras.Model, x: Any, y: Any) -> dict[str, str]:
    """Return what each output with a cross-entropy looks like, by name; the name of a single output is empty.

    Runs the model on a few samples; what that changes in the model is restored.

    Args:
        model: built and compiled.
        x: inputs, nested, (n, …) with at least one sample.
        y: targets, nested, (n, …); None: there is nothing to compare.
    """
    import keras

    if y is None or not any("crossentropy" in loss_name(loss) for loss in losses_of(model)):
        return {}
    some_x, some_y = keras.tree.map_structure(lambda array: np.asarray(array[:MAX_SAMPLES]), (x, y))
    with unchanged_state(model):
        pairs = compared(model, some_y, model(some_x, training=False))
    found = {}
    for pair in pairs:
        values = np.asarray(keras.ops.convert_to_numpy(pair.predictions), np.float32)
        name = loss_name(pair.loss)
        if "crossentropy" in name and values.ndim > 1:
            rows = values.reshape(-1, values.shape[-1])
            found[pair.name] = kind_of_outputs(rows, two_classes=name.startswith("binary"))
    return {"" if len(pairs) == 1 else name: kind for name, kind in found.items() if kind}
