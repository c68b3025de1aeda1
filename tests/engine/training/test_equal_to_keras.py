"""The loop computes what `model.fit` computes, to the last bit, given the same order of samples and no XLA."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from fitmon.engine.data.feed import ResidentFeed, epoch_order, weights_for_classes
from fitmon.engine.evaluation.evaluate import Evaluator
from fitmon.engine.keras_internals import build_model
from fitmon.engine.knobs.model_knobs import ModelKnobs
from fitmon.engine.training.loop import TrainingLoop
from tests.engine.conftest import Digits

EPOCHS = 2
BATCH_SIZE = 32
SEED = 11
STEPS_PER_CHUNK = 3


@dataclass
class Case:
    """A compiled model and what it is trained on, as `fit` takes it."""

    model: Any
    x: Any
    y: Any
    validation: tuple[Any, ...]
    sample_weight: Any = None
    class_weight: dict[int, float] | None = None
    extra: dict[str, Any] = field(default_factory=dict)


def _dense(*layers: Any, **compile_options: Any) -> Any:
    import keras

    model = keras.Sequential([keras.Input((14, 14, 1)), keras.layers.Flatten(), *layers])
    options = {"optimizer": "adam", "loss": "categorical_crossentropy", "metrics": ["accuracy"], **compile_options}
    model.compile(jit_compile=False, **options)
    return model


def _case(digits: Digits, *layers: Any, **options: Any) -> Case:
    y, y_validation = digits.one_hot()
    return Case(_dense(*layers, **options), digits.x, y, (digits.x_validation, y_validation))


def _head() -> Any:
    import keras

    return keras.layers.Dense(10, activation="softmax")


def plain_mlp(digits: Digits) -> Case:
    import keras

    return _case(digits, keras.layers.Dense(8, activation="relu"), _head())


def recurrent_and_spatial_dropout(digits: Digits) -> Case:
    import keras

    layers = keras.layers
    return _case(
        digits,
        layers.Reshape((14, 14)),
        layers.SpatialDropout1D(0.2),
        layers.LSTM(4, dropout=0.2, recurrent_dropout=0.1),
        _head(),
    )


def plain_alpha_and_gaussian_dropout(digits: Digits) -> Case:
    import keras

    layers = keras.layers
    hidden = (
        layers.Dense(8, activation="selu"),
        layers.AlphaDropout(0.1),
        layers.Dense(8),
        layers.GaussianDropout(0.4),
        layers.Dense(8),
        layers.Dropout(0.3),
    )
    return _case(digits, *hidden, _head())


def attention_with_dropout(digits: Digits) -> Case:
    import keras

    layers = keras.layers
    inputs = keras.Input((14, 14, 1))
    rows = layers.Reshape((14, 14))(inputs)
    heads = layers.MultiHeadAttention(2, 4, dropout=0.2)(rows, rows)
    single = layers.Attention(dropout=0.3, seed=5)([heads, rows])
    outputs = _head()(layers.GlobalAveragePooling1D()(single))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    y, y_validation = digits.one_hot()
    return Case(model, digits.x, y, (digits.x_validation, y_validation))


def batch_normalization_with_penalties(digits: Digits) -> Case:
    import keras

    layers, regularizers = keras.layers, keras.regularizers
    return _case(
        digits,
        layers.Dense(8, activation="relu", kernel_regularizer=regularizers.L2(0.013)),
        layers.BatchNormalization(),
        layers.Dense(8, activation="relu", kernel_regularizer=regularizers.L1(0.0007)),
        layers.Dense(10, activation="softmax", kernel_regularizer=regularizers.L1L2(0.0003, 0.004)),
    )


def conv_net(digits: Digits) -> Case:
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((14, 14, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(4, 3, activation="relu"),
            layers.Flatten(),
            _head(),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    return Case(model, digits.x, digits.y, (digits.x_validation, digits.y_validation))


def sample_weights(digits: Digits) -> Case:
    case = plain_mlp(digits)
    case.sample_weight = np.linspace(0.1, 2.0, len(digits.y))
    case.validation = (*case.validation, np.linspace(0.5, 1.5, len(digits.y_validation)))
    return case


def class_weights(digits: Digits) -> Case:
    case = plain_mlp(digits)
    case.class_weight = {0: 0.5, 3: 2.0, 7: 3.0}
    return case


def two_outputs(digits: Digits) -> Case:
    import keras

    layers = keras.layers
    inputs = keras.Input((14, 14, 1))
    hidden = layers.Dense(8, activation="relu")(layers.Flatten()(inputs))
    digit = layers.Dense(10, activation="softmax", name="digit")(hidden)
    odd = layers.Dense(1, activation="sigmoid", name="odd")(hidden)
    model = keras.Model(inputs, [digit, odd])
    model.compile(
        "adam",
        {"digit": "sparse_categorical_crossentropy", "odd": "binary_crossentropy"},
        loss_weights={"digit": 1.0, "odd": 0.3},
        metrics={"digit": ["accuracy"], "odd": ["accuracy"]},
        jit_compile=False,
    )
    y = [digits.y, (digits.y % 2).astype(np.float32)]
    y_validation = [digits.y_validation, (digits.y_validation % 2).astype(np.float32)]
    return Case(model, digits.x, y, (digits.x_validation, y_validation))


def custom_train_step(digits: Digits) -> Case:
    import keras
    import tensorflow as tf

    class Doubled(keras.Model):  # type: ignore[misc]  # Keras has no types
        def train_step(self, data: Any) -> dict[str, Any]:
            x, y = data
            with tf.GradientTape() as tape:
                y_pred = self(x, training=True)
                loss = 2 * self.compute_loss(x=x, y=y, y_pred=y_pred)
            gradients = tape.gradient(loss, self.trainable_weights)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_weights, strict=True))
            for metric in self.metrics:
                metric.update_state(loss) if metric.name == "loss" else metric.update_state(y, y_pred)
            return {metric.name: metric.result() for metric in self.metrics} | {
                "norm": tf.linalg.global_norm(gradients)
            }

    inputs = keras.Input((14, 14, 1))
    hidden = keras.layers.Dense(8, activation="relu")(keras.layers.Flatten()(inputs))
    model = Doubled(inputs, keras.layers.Dropout(0.2)(_head()(hidden)))
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    y, y_validation = digits.one_hot()
    return Case(model, digits.x, y, (digits.x_validation, y_validation))


def mixed_bfloat16(digits: Digits) -> Case:
    import keras

    layers = keras.layers
    policy = "mixed_bfloat16"
    return _case(
        digits,
        layers.Dense(8, activation="relu", dtype=policy),
        layers.Dropout(0.3, dtype=policy),
        layers.BatchNormalization(dtype=policy),
        layers.Dense(10, activation="softmax", dtype=policy),
    )


def augmentation_with_a_learning_rate_schedule(digits: Digits) -> Case:
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((14, 14, 1)), layers.RandomTranslation(0.1, 0.1, seed=3), layers.Flatten(), _head()]
    )
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 15)
    optimizer = keras.optimizers.SGD(schedule, momentum=0.9)
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    y, y_validation = digits.one_hot()
    return Case(model, digits.x, y, (digits.x_validation, y_validation))


CASES: list[Callable[[Digits], Case]] = [
    plain_mlp,
    recurrent_and_spatial_dropout,
    plain_alpha_and_gaussian_dropout,
    attention_with_dropout,
    batch_normalization_with_penalties,
    conv_net,
    sample_weights,
    class_weights,
    two_outputs,
    custom_train_step,
    mixed_bfloat16,
    augmentation_with_a_learning_rate_schedule,
]


def _ordered(values: Any, order: Any) -> Any:
    import keras

    return None if values is None else keras.tree.map_structure(lambda array: np.asarray(array)[order], values)


def _train_with_fit(case: Case) -> list[dict[str, float]]:
    history = []
    for epoch in range(1, EPOCHS + 1):
        order = epoch_order(len(case.x), SEED, epoch)
        report = case.model.fit(
            case.x[order],
            _ordered(case.y, order),
            sample_weight=_ordered(case.sample_weight, order),
            class_weight=case.class_weight,
            validation_data=case.validation,
            batch_size=BATCH_SIZE,
            shuffle=False,
            verbose=0,
        )
        history.append({name: values[0] for name, values in report.history.items()})
    return history


def _train_with_loop(case: Case) -> list[dict[str, float]]:
    weights = weights_for_classes(case.y, case.sample_weight, case.class_weight)
    feed = ResidentFeed(case.x, case.y, weights)
    build_model(case.model, feed.head())
    model_knobs = ModelKnobs(case.model)
    loop = TrainingLoop(case.model, feed, model_knobs.readings)
    evaluator = Evaluator(case.model, ResidentFeed(*case.validation))
    history = []
    for epoch in range(1, EPOCHS + 1):
        metrics = _train_epoch(case, loop, feed, epoch)
        evaluation = evaluator.evaluate(BATCH_SIZE)
        history.append(metrics | {f"val_{name}": value for name, value in evaluation.metrics.items()})
    model_knobs.restore()
    return history


def _train_epoch(case: Case, loop: TrainingLoop, feed: ResidentFeed, epoch: int) -> dict[str, float]:
    import tensorflow as tf

    order = tf.constant(epoch_order(len(feed), SEED, epoch))
    case.model.reset_metrics()
    step, steps, metrics = 0, feed.steps(BATCH_SIZE), {}
    while step < steps:
        chunk = loop.run_chunk(order, step, min(steps, step + STEPS_PER_CHUNK), BATCH_SIZE)
        step, metrics = chunk.step, chunk.epoch_metrics
    return metrics


@pytest.mark.slow
@pytest.mark.parametrize("make_case", CASES)
def test_loop_and_fit_give_the_same_bits(make_case: Callable[[Digits], Case], digits: Digits) -> None:
    """Losses, metrics and every weight, seed states and moments included, after two epochs."""
    import keras

    keras.utils.set_random_seed(SEED)
    fitted = make_case(digits)
    reported_by_fit = _train_with_fit(fitted)
    keras.utils.set_random_seed(SEED)
    looped = make_case(digits)
    reported_by_loop = _train_with_loop(looped)

    for ours, theirs in zip(reported_by_loop, reported_by_fit, strict=True):
        assert {name: np.float32(value) for name, value in ours.items()} == {
            name: np.float32(value) for name, value in theirs.items()
        }
    ours_and_theirs = zip(_state(looped.model), _state(fitted.model), strict=True)
    assert all(np.array_equal(ours, theirs) for ours, theirs in ours_and_theirs)


def _state(model: Any) -> list[Any]:
    return [np.asarray(variable) for variable in [*model.variables, *model.optimizer.variables]]


@pytest.mark.slow
def test_the_comparison_notices_another_order(digits: Digits) -> None:
    """A control: with another order of samples the bits differ, so the test above can fail."""
    one, other = (_state_after_an_epoch(digits, reverse=reverse) for reverse in (False, True))
    assert not all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _state_after_an_epoch(digits: Digits, *, reverse: bool) -> list[Any]:
    import keras

    keras.utils.set_random_seed(SEED)
    case = plain_mlp(digits)
    step = -1 if reverse else 1
    feed = ResidentFeed(case.x[::step], case.y[::step])
    build_model(case.model, feed.head())
    _train_epoch(case, TrainingLoop(case.model, feed), feed, 1)
    return _state(case.model)
