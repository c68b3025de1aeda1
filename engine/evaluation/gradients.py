"""The size of the loss's gradient in the first and in the last layer: where it vanishes, the first layers do not learn.

Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks,
https://proceedings.mlr.press/v9/glorot10a.html, compare the same sizes.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from fitmon.engine.keras_internals import all_layers

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from fitmon.engine.evaluation.sample_losses import SampleLosses

MIN_LAYERS = 4
"""Layers with weights of a model that is deep enough for its gradient to vanish."""
FIRST_EPOCH = 2
"""After one epoch most models have left the baseline, and are spared a second backward pass."""
STEPS_EACH = 100
"""Training steps that pay for one measurement, which costs about as much as a step: 1% of the time."""


class GradientSizes(NamedTuple):
    """Root mean squares over the weights of a layer."""

    first: float
    last: float


class Gradients:
    """Measures the gradient of one batch, in inference mode. Used by the training thread."""

    def __init__(self, model: keras.Model, losses: SampleLosses, batch: Any, steps_per_epoch: int) -> None:
        """Prepare for a batch `(x, y)` of tensors; nothing is traced yet."""
        import tensorflow as tf

        self._model, self._losses, self._batch = model, losses, batch
        self._epochs_each = math.ceil(STEPS_EACH / max(1, steps_per_epoch))
        self._kernels = kernels_of(model)
        self._function = self._sizes if model.run_eagerly else tf.function(self._sizes, autograph=False)

    def measure(self, epoch: int) -> GradientSizes | None:
        """Return the sizes at the end of an epoch; None where it is not due, or the model is not deep."""
        if len(self._kernels) < MIN_LAYERS or epoch < FIRST_EPOCH or (epoch - FIRST_EPOCH) % self._epochs_each:
            return None
        return GradientSizes(*(float(size) for size in self._function()))

    def _sizes(self) -> list[tf.Tensor]:
        import tensorflow as tf

        x, y = self._batch
        state = self._model.non_trainable_variables
        before = [tf.identity(variable.value) for variable in state]
        ends = [self._kernels[0].value, self._kernels[-1].value]
        with tf.GradientTape() as tape:
            losses = self._losses.of_batch(y, self._model(x, training=False))
            loss = tf.zeros(()) if losses is None else tf.reduce_mean(losses)
        gradients = tape.gradient(loss, ends, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        for variable, value in zip(state, before, strict=True):
            variable.assign(value)
        return [tf.sqrt(tf.reduce_mean(tf.square(tf.cast(gradient, tf.float32)))) for gradient in gradients]


def kernels_of(model: keras.Model) -> list[Any]:
    """Return the trainable kernels of a built model, in the order of its layers."""
    kernels = (getattr(layer, "kernel", None) for layer in all_layers(model) if layer.built)
    trained = {id(variable) for variable in model.trainable_variables}
    return [kernel for kernel in kernels if id(kernel) in trained]
