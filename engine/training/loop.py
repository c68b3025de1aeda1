"""The compiled training loop: many steps of `model.train_step` in one call.

It owns the compiled functions and nothing else: what to train on comes from the feed, when to stop and what to change
from the session. Keras's own semantics are kept by calling Keras's own public step; the step is a `tf.function` of its
own with an open batch length because that is how `fit` traces it, and so the results are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from fitmon.engine.data.feed import Feed, State, Stepping
from fitmon.engine.data.label_order import LabelCounter, LabelCounts
from fitmon.engine.graph import (
    batch_length,
    carried,
    compiled_reset,
    compiled_step,
    logs_to_carry,
    loop_while,
    plain_numbers,
    reported,
)
from fitmon.engine.values import shortest

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

DATA_PARTS = ("training inputs", "training targets", "training sample weights")

Readings = Mapping[str, "tf.Tensor"]


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one compiled call did."""

    step: int
    """Steps of the epoch done so far."""
    epoch_metrics: dict[str, float]
    """Keras's running values since the epoch began, under Keras's names."""
    chunk_metrics: dict[str, float]
    """Means over this chunk alone where the metric is a mean; else the running value."""
    readings: dict[str, float | tuple[float, ...]]
    """Knob values as the compiled step used them."""
    non_finite: bool
    """Whether the loss became NaN or infinite at `step`; the chunk ended there."""
    non_finite_data: dict[str, int] = field(default_factory=dict)
    """NaN and infinite numbers in the batches of this chunk, by part of the data, such as `training inputs`; only those
    above 0. Empty too where the feed's arrays were searched before."""
    label_counts: LabelCounts | None = None
    """The labels of this chunk's batches; None where the feed's arrays were examined before, or targets are no
    classes."""
    exhausted: bool = False
    """Whether the feed had no batch left after `step`; the epoch ended there."""


class TrainingLoop:
    """Trains a compiled model on a feed, a chunk of steps a call."""

    def __init__(self, model: keras.Model, feed: Feed, read_knobs: Callable[[], Readings] | None = None) -> None:
        """Prepare a loop; nothing is traced yet.

        `read_knobs` is called while a chunk is traced and returns tensors that say what the step uses; their values
        come back with every chunk.
        """
        self._model = model
        self._feed = feed
        self._read_knobs = read_knobs or dict
        outputs = getattr(model, "outputs", None) or []
        units = outputs[0].shape[-1] if len(outputs) == 1 and outputs[0].shape else None
        self._labels = LabelCounter(feed.signature(), units) if feed.unsearched else None
        self._chunk: Any = None
        self._reset = compiled_reset(model)

    def begin_epoch(self) -> None:
        """Reset the model's metrics, as `fit` does at the start of an epoch."""
        self._reset()

    @property
    def traced(self) -> bool:
        """Whether the compiled call exists; if not, the next chunk spends time tracing it."""
        return self._chunk is not None

    def retrace(self) -> None:
        """Forget the compiled call, so that the next chunk sees a changed model."""
        self._chunk = None

    def run_chunk(
        self, source: Any, first: int, last: int, batch_size: int, *, stop_at_non_finite: bool = True
    ) -> Chunk:
        """Train on batches `first` to `last` - 1 (zero-based) of what the feed's `begin_epoch` returned.

        With `stop_at_non_finite` the call ends after the first step that leaves the loss NaN or infinite. It may also
        end early because the feed has no batch left, or is slow to give one.
        """
        import tensorflow as tf

        if self._chunk is None:
            self._chunk = self._compile()
        result = self._chunk(
            source, tf.constant(first), tf.constant(last), tf.constant(batch_size), tf.constant(stop_at_non_finite)
        )
        return self._chunk_of(result)

    def _chunk_of(self, result: dict[str, Any]) -> Chunk:
        import numpy as np

        epoch_metrics = plain_numbers(result["epoch"])
        chunk_metrics = {name: shortest(np.asarray(tensor)) for name, tensor in result["chunk"].items()}
        return Chunk(
            step=int(result["step"]),
            epoch_metrics=epoch_metrics,
            chunk_metrics=epoch_metrics | chunk_metrics,
            readings={name: _reading(np.asarray(tensor)) for name, tensor in result["readings"].items()},
            non_finite=not bool(result["finite"]),
            non_finite_data={
                name: int(count)
                for counts in result["counts"][:1]
                for name, count in zip(DATA_PARTS, np.asarray(counts), strict=True)
                if count
            },
            label_counts=self._labels.counts(result["counts"][1])
            if self._labels and len(result["counts"]) > 1
            else None,
            exhausted=bool(result["exhausted"]),
        )

    def _compile(self) -> Any:
        import tensorflow as tf

        model, feed = self._model, self._feed
        step_function = compiled_step(model, model.train_step, feed.signature())
        first_logs = logs_to_carry(model, step_function, feed.signature())
        counts, counters = self._counters()

        def chunk(
            source: Any, first: tf.Tensor, last: tf.Tensor, batch_size: tf.Tensor, stop_at_non_finite: tf.Tensor
        ) -> dict[str, Any]:
            means = _mean_metrics(model)
            before = {name: (tf.identity(m.total.value), tf.identity(m.count.value)) for name, m in means.items()}

            def more(step: tf.Tensor, finite: tf.Tensor, *_: Any) -> tf.Tensor:
                return tf.logical_and(step < last, tf.logical_or(finite, tf.logical_not(stop_at_non_finite)))

            def train(
                batch: Any, step: tf.Tensor, _finite: tf.Tensor, longest: tf.Tensor, _logs: Any, *counts: tf.Tensor
            ) -> State:
                logs = step_function(batch)
                longest = tf.maximum(longest, batch_length(batch))
                counts = tuple(count + add(batch) for count, add in zip(counts, counters, strict=True))
                return step + 1, _is_finite(logs), longest, carried(logs, first_logs), *counts

            # A schedule's rate is read before the steps: after them it is that of the next step. A model that runs
            # eagerly first calls its layers in the loop, and is read after it.
            readings = {} if model.run_eagerly else self._read_knobs()
            start = (first, tf.constant(True), tf.constant(0), first_logs, *counts)
            stepping = Stepping(start=start, more=more, train=train, repeat=partial(loop_while, model))
            state, exhausted = feed.each_batch(source, batch_size, stepping)
            step, finite, longest, logs, *counted = state
            return {
                "step": step,
                "finite": finite,
                "counts": counted,
                "exhausted": exhausted,
                "epoch": reported(model, logs),
                "chunk": _chunk_means(means, before),
                "readings": {**(readings or self._read_knobs()), "batch_size": longest},
            }

        return chunk if model.run_eagerly else tf.function(chunk, autograph=False)

    def _counters(self) -> tuple[tuple[tf.Tensor, ...], list[Callable[[Any], tf.Tensor]]]:
        """Return what is counted in batches that nobody has examined: counts of none, and what a batch adds to each."""
        import tensorflow as tf

        if self._labels is None:
            return (), []
        counts = (tf.zeros(len(DATA_PARTS), tf.int64), *self._labels.start())
        counters: list[Callable[[Any], tf.Tensor]] = [_non_finite_counts, self._labels.of_batch]
        return counts, counters[: len(counts)]


def _reading(value: Any) -> float | tuple[float, ...]:
    distinct = sorted({shortest(element) for element in value.reshape(-1)})
    return distinct[0] if len(distinct) == 1 else tuple(distinct)


def _non_finite_counts(batch: Any) -> tf.Tensor:
    """Return how many numbers of a batch are NaN or infinite, (3,) int64, in the order of `DATA_PARTS`."""
    import keras
    import tensorflow as tf

    def count(part: Any) -> tf.Tensor:
        tensors = [t for t in keras.tree.flatten(part) if isinstance(t, tf.Tensor) and t.dtype.is_floating]
        counts = [tf.math.count_nonzero(tf.logical_not(tf.math.is_finite(tensor))) for tensor in tensors]
        return tf.add_n(counts) if counts else tf.zeros((), tf.int64)

    return tf.stack([count(part) for part in keras.utils.unpack_x_y_sample_weight(batch)])


def _is_finite(logs: dict[str, Any]) -> tf.Tensor:
    import tensorflow as tf

    return tf.math.is_finite(logs["loss"]) if "loss" in logs else tf.constant(True)


def _mean_metrics(model: keras.Model) -> dict[str, Any]:
    """Return the metrics that are plain means, under the names Keras reports them by.

    Only their sums can be taken apart into chunks. A metric reported under a longer name (several outputs) or defined
    otherwise (AUC, or the root of a mean) is left out, and its running value shown instead.
    """
    import keras

    flat = [inner for metric in model.metrics for inner in getattr(metric, "metrics", [metric])]
    names = set(model.get_metrics_result())
    mean = keras.metrics.Mean
    return {m.name: m for m in flat if isinstance(m, mean) and type(m).result is mean.result and m.name in names}


def _chunk_means(means: dict[str, Any], before: dict[str, tuple[Any, Any]]) -> dict[str, tf.Tensor]:
    import tensorflow as tf

    def mean(metric: Any, total_before: tf.Tensor, count_before: tf.Tensor) -> tf.Tensor:
        added = metric.total.value - total_before
        own = tf.math.divide_no_nan(added, metric.count.value - count_before)
        # After a loss has exploded, the sum is so large that what a chunk adds is lost in its rounding.
        precise = tf.abs(added) >= SMALLEST_SHARE_OF_SUM * tf.abs(metric.total.value)
        return tf.where(precise, own, metric.result())

    return {name: mean(metric, *before[name]) for name, metric in means.items()}


SMALLEST_SHARE_OF_SUM = 1e-5
"""A chunk's mean is taken from what it added to a float32 sum only if that is a larger share: it is right to about 1%
then. Otherwise the mean since the epoch began is reported."""
