"""One compiled pass over the validation samples: loss, metrics and every sample's prediction together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fitmon.engine.loop import (
    Pacer,
    batch_length,
    carried,
    compiled_reset,
    compiled_step,
    logs_to_carry,
    loop_while,
    plain_numbers,
    reported,
)

if TYPE_CHECKING:
    import keras
    import numpy as np
    import numpy.typing as npt
    import tensorflow as tf

    from fitmon.engine.feed import ResidentFeed


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a pass over the validation samples found."""

    metrics: dict[str, float]
    """Keras's names without the `val_` in front."""
    predictions: npt.NDArray[np.float32]
    """(m, …) the model's outputs in the order of the samples; without columns, (m, 0), when they were not kept or the
    model has several outputs."""


class Evaluator:
    """Evaluates a compiled model on a feed, in order, with Keras's own `test_step`."""

    def __init__(self, model: keras.Model, feed: ResidentFeed, *, keep_predictions: bool = True) -> None:
        """Prepare an evaluator; nothing is traced yet. Predictions that nobody scores need not be kept."""
        self._model = model
        self._feed = feed
        self._keep_predictions = keep_predictions
        self._chunk: Any = None
        self._reset = compiled_reset(model)
        self._pacer = Pacer()

    @property
    def samples(self) -> int:
        """Number of validation samples."""
        return len(self._feed)

    def retrace(self) -> None:
        """Forget the compiled call, so that the next one sees a changed model."""
        self._chunk = None

    def evaluate(self, batch_size: int, between_chunks: Callable[[], None] = lambda: None) -> Evaluation:
        """Run the pass. Loss and metrics equal those of `model.evaluate` with the same batch size.

        The model's metrics are reset first and left as the pass leaves them, as in `fit`. `between_chunks` is called
        about every 100 ms; what it raises ends the pass.
        """
        import numpy as np

        self._reset()
        steps, step = self._feed.steps(batch_size), 0
        logs: dict[str, Any] = {}
        parts = []
        while step < steps:
            if step:
                between_chunks()
            last = min(steps, step + self._pacer.next_steps())
            logs, predictions = self._run_chunk(step, last, batch_size)
            parts.append(np.asarray(predictions, dtype=np.float32))
            step = last
        return Evaluation(metrics=plain_numbers(logs), predictions=np.concatenate(parts))

    def _run_chunk(self, first: int, last: int, batch_size: int) -> tuple[dict[str, Any], Any]:
        import tensorflow as tf

        if self._chunk is None:
            self._chunk = self._compile()
        since = time.perf_counter()
        result: tuple[dict[str, Any], Any] = self._chunk(tf.constant(first), tf.constant(last), tf.constant(batch_size))
        self._pacer.took(last - first, time.perf_counter() - since)
        return result

    def _compile(self) -> Any:
        import tensorflow as tf

        model, feed = self._model, self._feed
        step_function = compiled_step(model, _step_with_predictions(model, self._keep_predictions), feed.signature())
        first_logs = _logs_to_carry(model, step_function, feed.signature())
        order = tf.range(len(feed), dtype=tf.int64)

        def chunk(first: tf.Tensor, last: tf.Tensor, batch_size: tf.Tensor) -> tuple[dict[str, Any], tf.Tensor]:
            parts = tf.TensorArray(tf.float32, size=last - first, infer_shape=False, element_shape=None)

            def more(step: tf.Tensor, *_: Any) -> tf.Tensor:
                return step < last

            def one(step: tf.Tensor, parts: tf.TensorArray, _logs: Any) -> tuple[Any, ...]:
                logs, predictions = step_function(feed.batch(order, step, batch_size))
                kept = parts.write(step - first, tf.cast(predictions, tf.float32))
                return step + 1, kept, carried(logs, first_logs)

            _, parts, logs = loop_while(model, more, one, (first, parts, first_logs))
            return reported(model, logs), parts.concat()

        return chunk if model.run_eagerly else tf.function(chunk, autograph=False)


def _step_with_predictions(model: keras.Model, keep: bool) -> Callable[[Any], tuple[Any, Any]]:
    """Return Keras's test step that also gives the predictions it has made.

    `test_step` keeps them to itself, and a second forward pass would double the cost of validating. It hands them,
    though, to the model's public `compute_loss` and `compute_metrics`; while the step is traced these two are replaced
    by ones that take note of what they are given. A custom step that calls neither costs a second forward pass. Several
    outputs, or predictions that are not to be kept, are given as a matrix without columns.
    """
    import tensorflow as tf

    def step(batch: Any) -> tuple[Any, Any]:
        with _noting_predictions(model) as noted:
            logs = model.test_step(batch)
        if not keep:
            return logs, tf.zeros((batch_length(batch), 0))
        inputs = batch[0] if isinstance(batch, tuple) else batch
        predictions = noted[-1] if noted else model(inputs, training=False)
        return logs, predictions if tf.is_tensor(predictions) else tf.zeros((batch_length(batch), 0))

    return step


@contextmanager
def _noting_predictions(model: keras.Model) -> Iterator[list[Any]]:
    noted: list[Any] = []
    originals = {name: getattr(model, name) for name in ("compute_loss", "compute_metrics")}

    def noting(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **kwargs: Any) -> Any:
            noted.append(y_pred)
            return original(x, y, y_pred, *args, **kwargs)

        return call

    for name, original in originals.items():
        object.__setattr__(model, name, noting(original))
    try:
        yield noted
    finally:
        for name in originals:
            object.__delattr__(model, name)


def _logs_to_carry(model: keras.Model, step_function: Any, signature: Any) -> dict[str, Any]:
    import tensorflow as tf

    if not hasattr(step_function, "get_concrete_function"):
        return {}
    logs_only = tf.function(lambda batch: step_function(batch)[0], input_signature=[signature], autograph=False)
    return logs_to_carry(model, logs_only, signature)
