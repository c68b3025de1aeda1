"""Every variable that training changes, by a name that is the same in each process that builds the same model.

Keras's own paths contain counters of what was built before in the process (`dense_1`, `seed_generator_3`), so a name
here is a variable's index in its list and its path without counters.
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

    This includes attributes of layers that Keras does not list: plain `tf.Variable`s, `tf.random.Generator`s, further
    optimizers. Metrics are only needed in the middle of an epoch.
    """
    lists = {
        "model": model.variables,
        "optimizer": [] if model.optimizer is None else model.optimizer.variables,
        "metric": [variable for metric in model.metrics for variable in metric.variables] if with_metrics else [],
        "knob": [] if model_knobs is None else model_knobs.seeds(),
        "own": _attributes_of_layers(model),
    }
    named: dict[str, Any] = {}
    listed: set[int] = set()
    for group, variables in lists.items():
        new = list({id(variable): variable for variable in variables if id(variable) not in listed}.values())
        listed |= {id(variable) for variable in new}
        named |= {f"{group}/{index}/{_plain_path(variable)}": variable for index, variable in enumerate(new)}
    return named


def dtype_of(variable: Any) -> str:
    """Return the name of a variable's dtype, such as `bfloat16`."""
    import keras

    return str(keras.backend.standardize_dtype(variable.dtype))


def _plain_path(variable: Any) -> str:
    path = getattr(variable, "path", None) or variable.name
    return re.sub(r"_\d+(?=[/_:]|$)", "", str(path))


def _attributes_of_layers(model: keras.Model) -> Iterator[Any]:
    for layer in (model, *all_layers(model)):
        for value in list(vars(layer).values()):
            for item in _items(value):
                yield from _variables_of(item)


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _items(item)
    else:
        yield value


def _variables_of(value: Any) -> list[Any]:
    import keras
    import tensorflow as tf

    if isinstance(value, tf.Variable | keras.Variable):
        return [value]
    if isinstance(value, keras.optimizers.Optimizer):
        return list(value.variables)
    return [value.state] if isinstance(value, tf.random.Generator) else []
