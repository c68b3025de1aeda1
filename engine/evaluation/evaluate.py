"""One compiled pass over the validation samples: loss, metrics and every sample's prediction together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from fitmon.engine.graph import (
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

    from fitmon.engine.data.feed import ResidentFeed
    from fitmon.engine.evaluation.sample_losses import SampleLosses
    from fitmon.engine.evaluation.train_subset import TrainSubset


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The result of a pass over the validation samples."""

    metrics: dict[str, float]
    """By Keras's names, without the prefix `val_`."""
    predictions: npt.NDArray[np.float32]
    """(m, …) the model's outputs in the order of the samples; (m, 0) when they were not kept or the model has several
    outputs."""
    losses: npt.NDArray[np.float32] | None
    """(m * labels,) each sample's own loss; None if not requested or not defined for the loss."""
    penalty: float
    """What the model adds to the loss: L1, L2 and activity penalties, the mean over the batches."""
    train_subset: tuple[npt.NDArray[np.float32], ...] | None = None
    """The arguments of `TrainSubset.scores`; None without a subset."""


class Evaluator:
    """Evaluates a compiled model on a feed, in order, with Keras's own `test_step`."""

    def __init__(
        self,
        model: keras.Model,
        feed: ResidentFeed,
        *,
        keep_predictions: bool = True,
        sample_losses: SampleLosses | None = None,
        train_subset: TrainSubset | None = None,
    ) -> None:
        """Prepare an evaluator; nothing is traced yet.

        With `keep_predictions` False only losses and metrics are computed. `train_subset` is scored in the same
        compiled call as the last validation batches.
        """
        self._model = model
        self._feed = feed
        self._keep_predictions = keep_predictions
        self._sample_losses = sample_losses
        self._train_subset = train_subset
        self._chunk: Any = None
        self._reset = compiled_reset(model)
        self._pacer = Pacer()

    @property
    def samples(self) -> int:
        """Number of validation samples."""
        return len(self._feed)

    def retrace(self) -> None:
        """Drop the compiled call, so that the next one uses the changed model."""
        self._chunk = None

    def evaluate(self, batch_size: int, between_chunks: Callable[[], None] = lambda: None) -> Evaluation:
        """Run the pass. Loss and metrics equal those of `model.evaluate` with the same batch size.

        The model's metrics are reset first, but not afterwards, as in `fit`. `between_chunks` is called about every
        100 ms; an exception from it ends the pass.
        """
        import numpy as np

        self._reset()
        steps, step = self._feed.steps(batch_size), 0
        chunks: list[_Chunk] = []
        while step < steps:
            if step:
                between_chunks()
            last = min(steps, step + self._pacer.next_steps())
            chunks.append(self._run_chunk(step, last, batch_size))
            step = last
        losses = np.concatenate([np.asarray(chunk.losses) for chunk in chunks])
        return Evaluation(
            metrics=plain_numbers(chunks[-1].logs),
            predictions=np.concatenate([np.asarray(chunk.predictions) for chunk in chunks]),
            losses=losses if len(losses) else None,
            penalty=sum(float(chunk.penalty) for chunk in chunks) / len(self._feed),
            train_subset=None if self._train_subset is None else tuple(map(np.asarray, chunks[-1].train_subset)),
        )

    def _run_chunk(self, first: int, last: int, batch_size: int) -> _Chunk:
        import tensorflow as tf

        if self._chunk is None:
            self._chunk = self._compile()
        since = time.perf_counter()
        ends = tf.constant(last >= self._feed.steps(batch_size))
        result = _Chunk(*self._chunk(tf.constant(first), tf.constant(last), tf.constant(batch_size), ends))
        self._pacer.took(last - first, time.perf_counter() - since)
        return result

    def _compile(self) -> Any:
        import tensorflow as tf

        model, feed = self._model, self._feed
        step = _step_with_predictions(model, self._keep_predictions, self._sample_losses)
        step_function = compiled_step(model, step, feed.signature())
        first_logs = _logs_to_carry(model, step_function, feed.signature())
        order = tf.range(len(feed), dtype=tf.int64)
        score_subset = self._score_subset()

        def chunk(first: tf.Tensor, last: tf.Tensor, batch_size: tf.Tensor, ends: tf.Tensor) -> _Chunk:
            kept = [tf.TensorArray(tf.float32, size=last - first, infer_shape=False) for _ in range(2)]

            def more(step: tf.Tensor, *_: Any) -> tf.Tensor:
                return step < last

            def one(step: tf.Tensor, kept: list[tf.TensorArray], penalty: tf.Tensor, _logs: Any) -> tuple[Any, ...]:
                result = step_function(feed.batch(order, step, batch_size))
                written = [
                    array.write(step - first, values)
                    for array, values in zip(kept, (result.predictions, result.losses), strict=True)
                ]
                return (
                    step + 1,
                    written,
                    penalty + tf.cast(result.penalty, tf.float64),
                    carried(result.logs, first_logs),
                )

            # In float64 the sum of a few float32 numbers is exact, so that it does not depend on where chunks begin.
            start = (first, kept, tf.zeros((), tf.float64), first_logs)
            _, (predictions, losses), penalty, logs = loop_while(model, more, one, start)
            # The metrics are read before the subset is scored, which must not change them.
            final_logs = reported(model, logs)
            return _Chunk(final_logs, predictions.concat(), losses.concat(), penalty, score_subset(ends))

        return chunk if model.run_eagerly else tf.function(chunk, autograph=False)

    def _score_subset(self) -> Callable[[tf.Tensor], tuple[Any, ...]]:
        import tensorflow as tf

        subset = self._train_subset
        if subset is None:
            return lambda _ends: ()
        score = subset.in_graph()
        if self._model.run_eagerly:
            return lambda ends: score() if ends else subset.nothing()
        return lambda ends: tf.cond(ends, score, subset.nothing)


class _Chunk(NamedTuple):
    """The result of one or several steps."""

    logs: dict[str, Any]
    predictions: Any
    """(b, …) float32; (b, 0) if not kept."""
    losses: Any
    """(b * labels,) float32; (0,) if there are none."""
    penalty: Any
    """() float32 for a step, float64 for a chunk, multiplied by the number of samples."""
    train_subset: tuple[Any, ...] = ()
    """The result of the training subset; empty without one."""


def _step_with_predictions(
    model: keras.Model, keep: bool, sample_losses: SampleLosses | None
) -> Callable[[Any], _Chunk]:
    """Return Keras's test step that also returns its predictions and each sample's loss.

    `test_step` does not return them, and a second forward pass would double the cost of validation. It does pass them
    to the model's public `compute_loss` and `compute_metrics`; while the step is traced these two are wrapped to record
    their arguments. A custom step that calls neither costs a second forward pass where predictions are kept. For
    several outputs, and with `keep` False, the predictions are a matrix without columns.
    """
    import tensorflow as tf

    def step(batch: Any) -> _Chunk:
        with _recording_predictions(model) as recorded:
            logs = model.test_step(batch)
        length = tf.cast(batch_length(batch), tf.float32)
        penalty = length * sum((tf.cast(tf.reduce_sum(loss), tf.float32) for loss in model.losses), tf.zeros(()))
        nothing = tf.zeros((batch_length(batch), 0))
        inputs = batch[0] if isinstance(batch, tuple) else batch
        if recorded:
            y, predictions = recorded[-1]
        else:
            y, predictions = None, model(inputs, training=False) if keep else None
        losses = None if sample_losses is None else sample_losses.of_batch(y, predictions)
        kept = tf.cast(predictions, tf.float32) if keep and tf.is_tensor(predictions) else nothing
        return _Chunk(logs, kept, tf.zeros((0,)) if losses is None else losses, penalty)

    return step


@contextmanager
def _recording_predictions(model: keras.Model) -> Iterator[list[tuple[Any, Any]]]:
    recorded: list[tuple[Any, Any]] = []
    originals = {name: getattr(model, name) for name in ("compute_loss", "compute_metrics")}

    def recording(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **kwargs: Any) -> Any:
            recorded.append((y, y_pred))
            return original(x, y, y_pred, *args, **kwargs)

        return call

    for name, original in originals.items():
        object.__setattr__(model, name, recording(original))
    try:
        yield recorded
    finally:
        for name in originals:
            object.__delattr__(model, name)


def _logs_to_carry(model: keras.Model, step_function: Any, signature: Any) -> dict[str, Any]:
    import tensorflow as tf

    if not hasattr(step_function, "get_concrete_function"):
        return {}
    logs_only = tf.function(lambda batch: step_function(batch).logs, input_signature=[signature], autograph=False)
    return logs_to_carry(model, logs_only, signature)
