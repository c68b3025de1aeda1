"""The loss of the best prediction without inputs, against formulas worked by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fitmon.engine.evaluation.baseline import Baseline, baseline_of, floor_of, loss_parts

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(6)


def of(loss: Any, y: Any, *, units: int = 1, activation: str | None = None, x: Any = None, weights: Any = None) -> Any:
    """Return the baseline of a model with one layer, compiled with a loss."""
    import keras

    shape = (3,) if x is None else x.shape[1:]
    layers = [keras.Input(shape), *([keras.layers.Flatten()] if len(shape) > 1 else [])]
    model = keras.Sequential([*layers, keras.layers.Dense(units, activation)])
    model.compile("sgd", loss, jit_compile=False)
    inputs = np.zeros((len(y), *shape), np.float32) if x is None else x
    model.evaluate(inputs[:2], y[:2], verbose=0)
    return baseline_of(loss_parts(model, inputs, y, weights), inputs)


def assert_is(found: Baseline, kind: str, loss: float, tolerance: float = 1e-3) -> None:
    assert found.kind == kind
    assert found.loss == pytest.approx(loss, rel=tolerance)


def test_of_the_squared_error_it_is_the_variance_of_the_targets() -> None:
    y = RANDOM.normal(30, 7, (500, 1)).astype(np.float32)
    assert_is(of("mse", y), "mean", float(y.var()))


def test_of_the_absolute_error_it_is_the_mean_distance_from_the_median() -> None:
    y = RANDOM.lognormal(0, 1, 501).astype(np.float32)
    assert_is(of("mae", y), "median", float(np.abs(y - np.median(y)).mean()))


def test_sample_weights_are_taken_as_keras_takes_them() -> None:
    y, weights = np.array([[0.0], [1.0], [1.0]], np.float32), np.array([2.0, 1.0, 1.0], np.float32)
    # Keras divides by the number of samples; the weighted mean is 0.5.
    assert of("mse", y, weights=weights).loss == pytest.approx((2 * 0.25 + 0.25 + 0.25) / 3, rel=1e-3)


def test_of_a_custom_loss_the_best_constant_output_is_found() -> None:
    import keras

    def negative_log_likelihood(y: Any, output: Any) -> Any:
        mean, log_scale = output[:, :1], output[:, 1:]
        return keras.ops.mean(log_scale + 0.5 * keras.ops.square((y - mean) / keras.ops.exp(log_scale)), axis=-1)

    y = RANDOM.normal(3, 0.5, (800, 1)).astype(np.float32)
    expected = float(np.log(y.std()) + 0.5)
    found = of(negative_log_likelihood, y, units=2)
    assert found.loss < 0
    assert_is(found, "constant", expected, tolerance=0.02)


def test_of_soft_targets_it_is_their_mean_entropy() -> None:
    y = RANDOM.uniform(0, 1, (300, 4)).astype(np.float32)
    share = y.mean(axis=0)
    expected = float(-(share * np.log(share) + (1 - share) * np.log(1 - share)).mean())
    assert of("binary_crossentropy", y, units=4, activation="sigmoid").loss == pytest.approx(expected, rel=1e-3)


def test_of_a_series_the_last_value_repeated_counts_too() -> None:
    walk = np.cumsum(RANDOM.normal(0, 1, 600)).astype(np.float32)
    x = np.stack([walk[i : i + 10] for i in range(500)])[..., None]
    y = walk[10:510]
    assert_is(of("mse", y, x=x), "last value", float(((y - x[:, -1, 0]) ** 2).mean()))


def test_the_lowest_cross_entropy_is_that_of_the_targets_themselves() -> None:
    import keras

    one_hot, soft = np.eye(10)[np.arange(50) % 10], np.array([[0.2], [0.5]])
    assert floor_of(keras.losses.CategoricalCrossentropy(), one_hot) == pytest.approx(0, abs=1e-6)
    smoothed = -(0.91 * np.log(0.91) + 9 * 0.01 * np.log(0.01))
    assert floor_of(keras.losses.CategoricalCrossentropy(label_smoothing=0.1), one_hot) == pytest.approx(
        smoothed, rel=1e-4
    )
    entropies = [-0.2 * np.log(0.2) - 0.8 * np.log(0.8), np.log(2)]
    assert floor_of(keras.losses.BinaryCrossentropy(), soft) == pytest.approx(np.mean(entropies), rel=1e-4)
    assert floor_of(keras.losses.MeanSquaredError(), soft) == 0


def test_a_loss_without_a_lowest_value_has_none() -> None:
    import keras

    def critic(y: Any, output: Any) -> Any:
        return keras.ops.mean(y * output, axis=-1)

    assert of(critic, np.ones((50, 1), np.float32)) is None


def test_smoothed_labels_have_the_baseline_of_the_smoothed_loss() -> None:
    import keras

    loss = keras.losses.BinaryCrossentropy(label_smoothing=0.1)
    y = (np.arange(200) < 4).astype(np.float32)[:, None]
    found = of(loss, y, activation="sigmoid")
    share = 0.02 * 0.95 + 0.98 * 0.05
    assert found.loss == pytest.approx(-share * np.log(share) - (1 - share) * np.log(1 - share), rel=1e-3)
    assert floor_of(loss, y) < found.loss


def test_thousands_of_classes_need_no_matrix_of_them_all() -> None:
    y = RANDOM.integers(0, 500, 2_000) * 40
    found = of("sparse_categorical_crossentropy", y, units=20_000, activation="softmax")
    assert_is(found, "class frequencies", float(np.log(500)), tolerance=0.05)


def _found(model: Any, x: Any, y: Any) -> Baseline:
    found = baseline_of(loss_parts(model, x, y), x)
    assert found is not None
    return found


def test_of_several_outputs_it_is_the_weighted_sum_of_theirs() -> None:
    import keras

    inputs = keras.Input((3,))
    model = keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(1, "sigmoid")(inputs)])
    model.compile("sgd", ["mse", "binary_crossentropy"], loss_weights=[0.1, 2.0], jit_compile=False)
    x = np.zeros((400, 3), np.float32)
    y = [RANDOM.normal(5, 2, (400, 1)).astype(np.float32), (np.arange(400) < 100).astype(np.float32)[:, None]]
    model.evaluate(x, y, verbose=0)
    entropy = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)
    assert_is(_found(model, x, y), "constant", 0.1 * float(y[0].var()) + 2 * entropy)


def test_a_model_with_a_call_of_its_own_has_one_too() -> None:
    import keras

    class Own(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.last = keras.layers.Dense(2, "softmax")

        def call(self, inputs: Any, training: bool = False) -> Any:
            del training
            return self.last(inputs)

    model = Own()
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    x, y = np.zeros((300, 3), np.float32), (np.arange(300) < 60).astype(np.int64)
    model.evaluate(x, y, verbose=0)
    assert_is(_found(model, x, y), "class frequencies", -0.2 * np.log(0.2) - 0.8 * np.log(0.8))


def test_of_many_classes_it_is_the_entropy_of_all_labels_and_never_of_a_few() -> None:
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(20_000, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=False)
    shares = 1 / np.arange(1, 2_001)
    y = RANDOM.choice(2_000, size=60_000, p=shares / shares.sum()) + 15_000
    x = np.zeros((len(y), 3), np.float32)
    model.evaluate(x[:2], y[:2], verbose=0)
    counts = np.unique(y, return_counts=True)[1] / len(y)
    assert_is(_found(model, x, y), "class frequencies", float(-(counts * np.log(counts)).sum()))
    assert baseline_of(loss_parts(model, x[:300], np.arange(300)), x[:300]) is None, "each label occurs once"


def test_weights_of_single_steps_and_of_outputs_are_taken_as_keras_takes_them() -> None:
    import keras

    y = RANDOM.normal(4, 1, (300, 5, 1)).astype(np.float32)
    weights = np.ones((300, 5), np.float32)
    weights[:, 3:] = 0
    inputs = keras.Input((5, 1))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    model.compile("sgd", "mse", jit_compile=False)
    model.evaluate(y[:2], y[:2], verbose=0)
    found = baseline_of(loss_parts(model, y, y, weights), y)
    assert found is not None
    assert found.loss == pytest.approx(float(y[:, :3].var()) * 3 / 5, rel=1e-2)

    flat = keras.Input((3,))
    two = keras.Model(flat, {"a": keras.layers.Dense(1, name="a")(flat), "b": keras.layers.Dense(1, name="b")(flat)})
    two.compile("sgd", {"a": "mse", "b": "mse"}, jit_compile=False)
    x, targets = np.zeros((300, 3), np.float32), {"a": y[:, 0], "b": y[:, 1]}
    two.evaluate(x, targets, verbose=0)
    apart = {"a": np.full(300, 2.0, np.float32), "b": np.ones(300, np.float32)}
    found = baseline_of(loss_parts(two, x, targets, apart), x)
    assert found is not None
    assert found.loss == pytest.approx(2 * float(y[:, 0].var()) + float(y[:, 1].var()), rel=1e-2)
