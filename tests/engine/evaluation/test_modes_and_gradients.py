"""Training mode against inference mode, and the size of gradients, in models where both are known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.evaluation.gradients import Gradients, kernels_of
from fitmon.engine.evaluation.layer_modes import largest_momentum, layers_with_modes
from fitmon.engine.evaluation.sample_losses import SampleLosses
from fitmon.engine.job import Job, TrainingData
from tests.engine.watching import Watched, settings

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(7)
X = RANDOM.normal(size=(160, 6)).astype(np.float32)
Y = (X @ RANDOM.normal(size=(6, 1))).astype(np.float32)


def model_of(*layers: Any, loss: str = "mse") -> Any:
    import keras

    model = keras.Sequential([keras.Input((6,)), *layers, keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), loss, jit_compile=False)
    return model


def measures_of(model: Any, **more: Any) -> Any:
    """Train for an epoch with a rate of 0 and return what was measured."""
    data = TrainingData(x=X[:120], y=Y[:120], x_validation=X[120:], y_validation=Y[120:], **more)
    job = Job(name="job", settings=settings(batch_size=30, epochs=1), load=lambda *_: data, build=lambda *_: model)
    (ended,) = Watched(job).run().all(events.EpochEnded)
    return ended.measures


def test_a_regression_is_scored_as_evaluate_does() -> None:
    import keras

    model = model_of(keras.layers.Dense(5, "relu", kernel_regularizer="l2"))
    measures = measures_of(model)
    penalty = float(sum(model.losses))
    assert measures.penalty == pytest.approx(penalty, rel=1e-4)
    assert measures.training_loss == pytest.approx(model.evaluate(X[:120], Y[:120], verbose=0) - penalty, rel=1e-4)
    assert measures.validation_loss == pytest.approx(model.evaluate(X[120:], Y[120:], verbose=0) - penalty, rel=1e-4)
    assert measures.training_mode_loss is None, "no layer depends on the mode"


def test_the_same_samples_are_scored_in_both_modes() -> None:
    import keras

    model = model_of(keras.layers.Dense(5, "relu"), keras.layers.BatchNormalization())
    measures = measures_of(model)
    in_inference = float(np.mean((np.asarray(model(X[:120], training=False)) - Y[:120]) ** 2))
    assert measures.inference_mode_loss != measures.training_mode_loss
    assert measures.training_loss == pytest.approx(in_inference, rel=1e-3)


def test_layers_that_depend_on_the_mode_are_listed() -> None:
    import keras

    class Own(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: Any, training: bool = False) -> Any:
            return x if training else 2 * x

    kinds = keras.layers
    model = model_of(
        kinds.Dense(4), kinds.BatchNormalization(momentum=0.9), kinds.Dropout(0.2), kinds.GaussianNoise(0.1), Own()
    )
    assert layers_with_modes(model) == {"BatchNormalization": 1, "Dropout": 1, "GaussianNoise": 1, "Own": 1}
    assert largest_momentum(model) == 0.9
    model.layers[1].trainable = False
    assert "BatchNormalization" not in layers_with_modes(model), "a frozen one uses its moving averages always"


def test_gradients_are_those_of_the_loss() -> None:
    import keras
    import tensorflow as tf

    model = model_of(*(keras.layers.Dense(4, "tanh") for _ in range(3)))
    model.evaluate(X[:4], Y[:4], verbose=0)
    batch = tf.constant(X[:32]), tf.constant(Y[:32])
    measured = Gradients(model, SampleLosses(model, None, 1), batch, steps_per_epoch=100).measure(2)
    assert measured
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(batch[1] - model(batch[0], training=False)))
    ends = [layer.kernel.value for layer in (model.layers[0], model.layers[-1])]
    expected = [float(np.sqrt(np.mean(np.square(gradient)))) for gradient in tape.gradient(loss, ends)]
    assert list(measured) == pytest.approx(expected, rel=1e-4)


def test_gradients_cost_at_most_a_hundredth_of_the_steps_and_only_in_deep_models() -> None:
    import keras
    import tensorflow as tf

    batch = tf.constant(X[:8]), tf.constant(Y[:8])
    deep = model_of(*(keras.layers.Dense(3) for _ in range(3)))
    deep.evaluate(X[:4], Y[:4], verbose=0)
    gradients = Gradients(deep, SampleLosses(deep, None, 1), batch, steps_per_epoch=40)
    assert [epoch for epoch in range(1, 10) if gradients.measure(epoch)] == [2, 5, 8]
    shallow = model_of(keras.layers.Dense(3))
    shallow.evaluate(X[:4], Y[:4], verbose=0)
    assert Gradients(shallow, SampleLosses(shallow, None, 1), batch, 100).measure(2) is None
    deep.layers[0].trainable = False
    assert len(kernels_of(deep)) == 3
