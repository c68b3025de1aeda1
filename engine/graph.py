"""What the compiled loops of training and evaluation share: steps, their logs, and the number of steps per call."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from fitmon.engine.values import shortest

if TYPE_CHECKING:
    import keras
    import tensorflow as tf


def compiled_step(model: keras.Model, step: Callable[[Any], Any], signature: Any) -> Any:
    """Return `step` as a function of one batch, compiled as the model requires: by XLA, as a graph, or not at all."""
    import tensorflow as tf

    if model.run_eagerly:
        return step
    return tf.function(step, input_signature=[signature], jit_compile=model.jit_compile, autograph=False)


def compiled_reset(model: keras.Model) -> Callable[[], Any]:
    """Return `model.reset_metrics` as one compiled call; uncompiled it costs as much as ten steps of iris."""
    import tensorflow as tf

    reset: Callable[[], Any] = model.reset_metrics
    return reset if model.run_eagerly else tf.function(reset, autograph=False)


def logs_to_carry(model: keras.Model, step_function: Any, signature: Any) -> dict[str, Any]:
    """Return zeros in the shape of the logs that a loop must carry from step to step.

    Nothing is carried if the step returns the model's own metrics: these are read once, after the loop, which saves
    work in every step. Only the logs of a custom step that returns others must be kept.
    """
    import keras
    import tensorflow as tf

    if not hasattr(step_function, "get_concrete_function"):
        return {}
    logs = step_function.get_concrete_function(signature).structured_outputs
    if set(logs) == set(model.get_metrics_result()):
        return {}
    return dict(keras.tree.map_structure(lambda spec: tf.zeros(spec.shape, spec.dtype), logs))


def carried(logs: dict[str, Any], first_logs: dict[str, Any]) -> dict[str, Any]:
    """Return the part of a step's logs that a loop started with `first_logs` carries."""
    return {name: logs[name] for name in first_logs}


def loop_while(model: keras.Model, more: Callable[..., Any], one: Callable[..., Any], start: tuple[Any, ...]) -> Any:
    """Repeat `one` while `more` is true: as a loop in the graph or, if the model runs eagerly, in Python."""
    import tensorflow as tf

    if not model.run_eagerly:
        return tf.while_loop(more, one, start)
    state = start
    while more(*state):
        state = one(*state)
    return state


def batch_length(batch: Any) -> tf.Tensor:
    """Return the actual number of samples in a batch, () int32."""
    import keras
    import tensorflow as tf

    return tf.shape(keras.tree.flatten(batch)[0])[0]


def reported(model: keras.Model, logs: dict[str, Any]) -> dict[str, Any]:
    """Return what `fit` reports: the metrics' results, or the last logs of a custom step that returns others."""
    return logs or model.get_metrics_result()


def plain_numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return the scalars among a step's logs as numbers, nested ones by their own names, as `fit` reports them."""
    import numpy as np

    numbers: dict[str, float] = {}
    for name, value in logs.items():
        if isinstance(value, Mapping):
            numbers |= plain_numbers(value)
        elif np.ndim(value) == 0:
            numbers[name] = shortest(np.asarray(value))
    return numbers


class Pacer:
    """Chooses the number of steps in a chunk, so that it takes about a tenth of a second.

    Shorter chunks add overhead; longer ones delay pause and stop.
    """

    TARGET_SECONDS = 0.1
    GROWTH = 4.0
    """A chunk is at most this many times longer than the last: compiling slows down the first ones."""

    def __init__(self) -> None:
        self._steps = 1.0

    def next_steps(self) -> int:
        """Return the length of the next chunk, in steps."""
        return max(1, math.floor(self._steps))

    def took(self, steps: int, seconds: float) -> None:
        """Record the duration of a chunk; one without steps is ignored."""
        if not steps:
            return
        wanted = steps * self.TARGET_SECONDS / max(seconds, 1e-6)
        self._steps = min(wanted, self._steps * self.GROWTH)
