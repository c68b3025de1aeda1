"""Every variable that training changes, by a name that is the same in every process that builds the same model.

Keras's own paths hold counters of what was built before in the process (`dense_1`, `seed_generator_3`), so that a name
here is a variable's place in its list and the path without counters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fitmon.engine.keras_internals import all_layers

if TYPE_CHECKING:
    import keras

    from fitmon.engine.knobs.model_knobs import ModelKnobs


def named_variables(model: keras.Model, model_knobs: ModelKnobs | None, *, with_metrics: bool) -> dict[str, Any]:
    """Return the variables of a built, compiled model, its optimizers and knobs, each once.

    Beside those that Keras lists, what layers keep as attributes of their own is found: plain `tf.Variable`s,
    `tf.random.Generator`s, further optimizers. Metrics belong to it in the middle of an epoch; at its end they have
    done their work.
    """
    lists = {
        "model": model.variables,
        "optimizer": [] if model.optimizer is None else model.optimizer.variables,
        "metric": [variable for metric in model.metrics for variable in metric.variables] if with_metrics else [],
        "knob": [] if model_knobs is None else model_knobs.seeds(),
        "own": _kept_by_layers(model),
    }
    named: dict[str, Any] = {}
    seen: set[int] = set()
    for group, variables in lists.items():
        fresh = list({id(variable): variable for variable in variables if id(variable) not in seen}.values())
        seen |= {id(variable) for variable in fresh}
        named |= {f"{group}/{place}/{_plain_path(variable)}": variable for place, variable in enumerate(fresh)}
    return named


def dtype_of(variable: Any) -> str:
    """Return the name of a variable's dtype, such as `bfloat16`."""
    import keras

    return str(keras.backend.standardize_dtype(variable.dtype))


def _plain_path(variable: Any) -> str:
    path = getattr(variable, "path", None) or variable.name
    return re.sub(r"_\d+(?=[/_:]|$)", "", str(path))


def _kept_by_layers(model: keras.Model) -> Iterator[Any]:
    for layer in (model, *all_layers(model)):
        for value in list(vars(layer).values()):
            for part in _parts(value):
                yield from _variables_of(part)


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for part in value:
            yield from _parts(part)
    else:
        yield value


def _variables_of(part: Any) -> list[Any]:
    import keras
    import tensorflow as tf

    if isinstance(part, tf.Variable | keras.Variable):
        return [part]
    if isinstance(part, keras.optimizers.Optimizer):
        return list(part.variables)
    return [part.state] if isinstance(part, tf.random.Generator) else []
