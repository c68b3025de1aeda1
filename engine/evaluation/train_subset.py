"""A fixed subset of the training set, scored in inference mode after each epoch, as the validation samples are.

Keras's training loss is a mean over an epoch of changing weights, with dropout on and penalties added; the validation
loss is measured at the end, with dropout off. Only losses measured in the same way show the gap between the two sets.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.data.feed import epoch_order
from fitmon.engine.evaluation.layer_modes import layers_with_modes
from fitmon.engine.evaluation.sample_losses import SampleLosses, sample_losses_of
from fitmon.engine.evaluation.scoring import Scorer, scorer_for
from fitmon.engine.graph import compiled_step, loop_while
from fitmon.engine.keras_internals import all_layers, losses_of

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from fitmon.engine.data.feed import Feed
    from fitmon.engine.insight.scores import SampleScores
    from fitmon.engine.job import Settings

    Floats = npt.NDArray[np.float32]

SHARE_OF_EPOCH = 0.03
"""The share of an epoch's cost that scoring the subset may take."""
MIN_SAMPLES = 32
"""Fewer are not meaningful, whatever they cost."""
MAX_SAMPLES = 10_000
MAX_BYTES = 256 * 1024**2
MAX_ROWS_AT_ONCE = 4096
ARITHMETIC_AT_ONCE = 5e8
"""Multiply-adds of a forward pass that outweigh its overhead. A small model is scored on thousands of rows at once, a
large one in batches of its training size, which fit on its device."""
STEP_OVERHEAD = 1e6
"""The overhead of a training step, in multiply-adds: about 0.1 ms on two cores. With it a small model, whose steps are
all overhead, is scored on all its samples."""
TRAINING_FACTOR = 3
"""A training step takes about three times the arithmetic of a forward pass: forward, and back to inputs and weights."""


@dataclass(frozen=True, slots=True, eq=False)
class SubsetScores:
    """The scores of the subset after an epoch."""

    scores: SampleScores | None
    """None if there are no probabilities."""
    losses: Floats
    """(m * labels,) each sample's data loss."""
    dead_share: float | None
    """Share of the hidden relu units that are 0 for the whole subset; None if no such unit can be observed."""
    training_mode_losses: Floats | None
    """(k * labels,) the losses of a batch of k samples, spread over the subset, with the model in training mode; None
    where no layer behaves differently in it."""
    inference_mode_losses: Floats | None
    """(k * labels,) those of the same samples in inference mode."""


class TrainSubset:
    """Scores the subset inside the compiled validation pass, which saves a small model a separate call."""

    def __init__(
        self,
        model: keras.Model,
        samples: Any,
        scorer: Scorer | None,
        losses: SampleLosses,
        *,
        rows_at_once: int,
        batch_size: int,
    ) -> None:
        """Prepare a subset; nothing is traced yet.

        Args:
            model: built and compiled.
            samples: inputs and targets, as tensors.
            scorer: of the targets; None: there are no probabilities.
            losses: splits the model's loss over the samples.
            rows_at_once: samples in a forward pass.
            batch_size: samples in a batch that is scored in training mode.
        """
        import keras

        self._rows_at_once, self._batch_size = rows_at_once, batch_size
        self._model, self._scorer, self._losses = model, scorer, losses
        self._x, self._y, _ = keras.utils.unpack_x_y_sample_weight(samples)
        self._samples = len(keras.tree.flatten(self._x)[0])
        self._with_hidden = _with_hidden_outputs(model)

    def __len__(self) -> int:
        return self._samples

    @property
    def sample_losses(self) -> SampleLosses:
        """What splits the model's loss over the samples."""
        return self._losses

    def arrays(self) -> tuple[Any, Any]:
        """Return inputs and targets of all samples, as numpy arrays."""
        import keras

        x, y = keras.tree.map_structure(np.asarray, (self._x, self._y))
        return x, y

    def spread_batch(self) -> Any:
        """Return inputs and targets of as many samples as a training batch has, spread over the subset."""
        import keras
        import tensorflow as tf

        return keras.tree.map_structure(lambda t: tf.gather(t, self._spread_rows()), (self._x, self._y))

    def nothing(self) -> tuple[Any, ...]:
        """Return an empty result of `in_graph`, for when the subset is not scored."""
        import tensorflow as tf

        return tf.zeros((0, 0)), tf.zeros((0,)), tf.zeros((0,)), *self._no_activity()

    def in_graph(self) -> Callable[[], tuple[Any, ...]]:
        """Return a function that scores the subset; it is called while the validation pass is traced.

        What a pass changes in the model, such as the seeds of a dropout that is active in inference, is restored:
        training is not affected.
        """
        step = compiled_step(self._model, self._step, self._signature())
        in_training = self._in_training_mode()

        def scored() -> tuple[Any, ...]:
            import tensorflow as tf

            variables = self._model.non_trainable_variables
            before = [tf.identity(variable.value) for variable in variables]
            predictions, losses, *largest = self._all_batches(step)
            result = predictions, losses, in_training(), *largest
            for variable, value in zip(variables, before, strict=True):
                variable.assign(value)
            return result

        return scored

    def scores(
        self, predictions: Floats, losses: Floats, in_training_mode: Floats, *largest: Floats
    ) -> SubsetScores | None:
        """Return the scores of a pass; None without a loss per sample."""
        if not len(losses):
            return None
        scored = None if self._scorer is None else self._scorer.score(predictions, losses)
        units = sum(map(len, largest))
        dead = sum(int(np.count_nonzero(most <= 0)) for most in largest)
        return SubsetScores(
            scores=None if scored is None else scored.scores,
            losses=losses,
            dead_share=dead / units if units else None,
            training_mode_losses=in_training_mode if len(in_training_mode) else None,
            inference_mode_losses=self._same_samples(losses) if len(in_training_mode) else None,
        )

    def _no_activity(self) -> list[Any]:
        import tensorflow as tf

        return (
            [] if self._with_hidden is None else [tf.zeros(hidden.shape[-1]) for hidden in self._with_hidden.output[0]]
        )

    def _signature(self) -> Any:
        import keras
        import tensorflow as tf

        return keras.tree.map_structure(lambda t: tf.TensorSpec([None, *t.shape[1:]], t.dtype), (self._x, self._y))

    def _step(self, batch: Any) -> tuple[Any, ...]:
        import tensorflow as tf

        x, y = batch
        hidden, predictions = (
            ([], self._model(x, training=False)) if self._with_hidden is None else self._with_hidden(x, training=False)
        )
        losses = self._losses.of_batch(y, predictions)
        largest = [tf.cast(tf.reduce_max(h, axis=list(range(len(h.shape) - 1))), tf.float32) for h in hidden]
        losses = tf.zeros((0,)) if losses is None else losses
        kept = tf.zeros((tf.shape(losses)[0], 0)) if self._scorer is None else tf.cast(predictions, tf.float32)
        return kept, losses, *largest

    def _spread_rows(self) -> npt.NDArray[np.int64]:
        """Return the samples of a batch of the training's size, (k,), spread over the subset.

        Of a file sorted by class, a batch of neighbours would be all of one class.
        """
        return np.linspace(0, self._samples - 1, min(self._batch_size, self._samples)).astype(np.int64)

    def _same_samples(self, losses: Floats) -> Floats:
        each: Floats = losses.reshape(self._samples, -1)[self._spread_rows()]
        return each.reshape(-1)

    def _in_training_mode(self) -> Callable[[], Any]:
        """Return a function that scores a batch in training mode; it changes what a training step does."""
        import tensorflow as tf

        if not layers_with_modes(self._model):
            return lambda: tf.zeros((0,))

        # Traced into the pass as it is: a single batch is not worth compiling with XLA.
        def scored() -> Any:
            x, y = self.spread_batch()
            losses = self._losses.of_batch(y, self._model(x, training=True))
            return tf.zeros((0,)) if losses is None else losses

        return scored

    def _all_batches(self, step: Callable[[Any], tuple[Any, ...]]) -> tuple[Any, ...]:
        import keras
        import tensorflow as tf

        length = self._rows_at_once
        count = math.ceil(self._samples / length)
        if count == 1:
            return step((self._x, self._y))
        kept = [tf.TensorArray(tf.float32, size=count, infer_shape=False) for _ in range(2)]

        def more(number: tf.Tensor, *_: Any) -> tf.Tensor:
            return number < count

        def one(number: tf.Tensor, kept: list[tf.TensorArray], largest: list[tf.Tensor]) -> tuple[Any, ...]:
            rows = slice(number * length, (number + 1) * length)
            result = step(keras.tree.map_structure(lambda t: t[rows], (self._x, self._y)))
            written = [array.write(number, values) for array, values in zip(kept, result[:2], strict=True)]
            return number + 1, written, [tf.maximum(*pair) for pair in zip(largest, result[2:], strict=True)]

        _, kept, largest = loop_while(self._model, more, one, (tf.constant(0), kept, self._no_activity()))
        return *(array.concat() for array in kept), *largest


def train_subset_of(
    model: keras.Model, feed: Feed, settings: Settings, *, validation_samples: int
) -> TrainSubset | None:
    """Return the subset of a feed's samples to score; it depends on the seed, not on the machine.

    None if the feed's batches come from outside, or the loss is not defined per sample.
    """
    forward = multiply_adds(model)
    rows_at_once = int(min(max(ARITHMETIC_AT_ONCE / forward, settings.batch_size), MAX_ROWS_AT_ONCE))
    samples = _affordable_samples(forward, feed, settings, validation_samples)
    # Whole batches, so that XLA compiles for one length only.
    samples -= samples % rows_at_once if samples > rows_at_once else 0
    rows = np.sort(epoch_order(feed.samples, settings.seed, 0)[:samples])
    batch = feed.rows(rows) if samples and losses_of(model) and not _only_inputs(feed) else None
    if batch is None:
        return None
    found = scorer_for(model, _targets(batch))
    scorer = found if isinstance(found, Scorer) else None
    losses = sample_losses_of(model, None, 1 if scorer is None else scorer.labels)
    return (
        None
        if losses is None
        else TrainSubset(model, batch, scorer, losses, rows_at_once=rows_at_once, batch_size=settings.batch_size)
    )


def _only_inputs(feed: Feed) -> bool:
    import keras

    return keras.utils.unpack_x_y_sample_weight(feed.head())[1] is None


def _targets(batch: Any) -> Any:
    import keras

    targets = keras.utils.unpack_x_y_sample_weight(batch)[1]
    return keras.tree.map_structure(np.asarray, targets)


def _affordable_samples(forward: float, feed: Feed, settings: Settings, validation_samples: int) -> int:
    """Return how many samples can be scored for `SHARE_OF_EPOCH`, by counting multiply-adds.

    A size measured by the clock would differ between machines, and between a run and its repetition.
    """
    if not feed.samples:
        return 0
    batch = settings.batch_size
    training = math.ceil(feed.samples / batch) * STEP_OVERHEAD + TRAINING_FACTOR * feed.samples * forward
    validating = math.ceil(validation_samples / batch) * STEP_OVERHEAD / TRAINING_FACTOR + validation_samples * forward
    affordable = int(SHARE_OF_EPOCH * (training + validating) / forward)
    bytes_each = max(1, _bytes_of_one(feed))
    return min(max(affordable, MIN_SAMPLES), feed.samples, MAX_SAMPLES, max(1, MAX_BYTES // bytes_each))


def _bytes_of_one(feed: Feed) -> int:
    import keras

    return sum(np.asarray(array).nbytes for array in keras.tree.flatten(feed.head()))


def multiply_adds(model: keras.Model) -> float:
    """Estimate the multiply-adds of one sample's forward pass: each weight times the positions it is applied to."""
    used = [layer for layer in all_layers(model) if layer.built]
    return max(1.0, sum(float(_positions(layer) * layer.count_params()) for layer in used))


def _positions(layer: Any) -> int:
    if getattr(layer, "layers", None) or not layer.weights:
        return 0
    try:
        shapes: list[tuple[int | None, ...]] = [layer.input.shape, layer.output.shape]
    except (AttributeError, ValueError):
        return 1
    return max(math.prod(side or 1 for side in shape[1:-1]) for shape in shapes)


def _with_hidden_outputs(model: keras.Model) -> keras.Model | None:
    """Return a model of the same layers that outputs each relu's result before its own; None if that is not possible.

    A model with a custom `call` does not expose its intermediate results.
    """
    import keras

    try:
        hidden = [layer.output for layer in model.layers if _is_relu(layer)]
        if not hidden:
            return None
        outputs = model.outputs[0] if len(model.outputs) == 1 else model.output
        with_hidden = keras.Model(model.inputs, (hidden, outputs))
    except (AttributeError, ValueError):
        return None
    return with_hidden if type(model).call in {type(with_hidden).call, keras.Sequential.call} else None


def _is_relu(layer: Any) -> bool:
    import keras

    return isinstance(layer, keras.layers.ReLU) or getattr(layer, "activation", None) is keras.activations.relu
