"""The fixed subset of the training set, compared with Keras itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.data.feed import ResidentFeed, epoch_order
from fitmon.engine.evaluation import train_subset
from fitmon.engine.evaluation.probe import Probe
from fitmon.engine.evaluation.train_subset import SubsetScores, train_subset_of
from fitmon.engine.job import Job, TrainingData
from fitmon.engine.keras_internals import build_model
from tests.engine.watching import Watched, settings

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(5)
INPUTS = RANDOM.standard_normal((700, 6)).astype(np.float32)
LABELS = np.eye(3, dtype=np.float32)[(INPUTS[:, 0] > 0).astype(int) + (INPUTS[:, 1] > 0)]
SPLIT = 600


def _data(**changes: Any) -> TrainingData:
    sides = {"x": INPUTS[:SPLIT], "y": LABELS[:SPLIT], "x_validation": INPUTS[SPLIT:], "y_validation": LABELS[SPLIT:]}
    return TrainingData(**(sides | changes))


def _model(*layers: Any, eager: bool = False, jit: bool = False, optimizer: str = "adam") -> Any:
    import keras

    model = keras.Sequential([keras.Input((6,)), *layers, keras.layers.Dense(3, activation="softmax")])
    model.compile(
        keras.optimizers.get({"class_name": optimizer, "config": {"learning_rate": 0.01}}),
        "categorical_crossentropy",
        metrics=["accuracy"],
        run_eagerly=eager,
        jit_compile=jit,
    )
    return model


def _watched(build: Callable[[], Any], data: TrainingData | None = None, **changes: Any) -> Watched:
    job = Job(
        name="subset",
        settings=settings(**({"batch_size": 32, "epochs": 2} | changes)),
        load=lambda *_: data or _data(),
        build=lambda *_: build(),
    )
    return Watched(job)


def _measures(watched: Watched) -> list[Any]:
    return [event.measures for event in watched.run().all(events.EpochEnded)]


def _scored(model: Any, seed: int = 3) -> SubsetScores:
    """Evaluate an untrained model and return what was found of its subset."""
    data = _data()
    feed = ResidentFeed(data.x, data.y)
    build_model(model, feed.head())
    subset = train_subset_of(model, feed, settings(batch_size=32, seed=seed), validation_samples=100)
    found = Probe(model, data, 0.5, subset).evaluate(1, 32, lambda: None).train_subset
    assert found
    return found


def _dense(**options: Any) -> Any:
    import keras

    return keras.layers.Dense(16, activation="relu", **options)


def _with_penalty_and_dropout(**options: Any) -> Any:
    import keras

    return _model(_dense(kernel_regularizer="l2"), keras.layers.Dropout(0.4), **options)


def _predicted(model: Any) -> tuple[Any, float]:
    """Return the loss of each training sample and the accuracy, from Keras's own `predict` and loss."""
    import keras

    model.jit_compile = False
    predictions = model.predict(INPUTS[:SPLIT], batch_size=SPLIT, verbose=0)
    losses = np.asarray(keras.losses.categorical_crossentropy(LABELS[:SPLIT], predictions))
    return losses, float(np.mean(predictions.argmax(axis=1) == LABELS[:SPLIT].argmax(axis=1)))


def test_loss_and_accuracy_of_the_subset_are_those_of_evaluate_without_penalty() -> None:
    watched = _watched(_with_penalty_and_dropout)
    last = _measures(watched)[-1]
    facts = watched.one(events.RunStarted).facts
    assert facts
    assert facts.train_subset == SPLIT
    model = watched.session.model
    loss, accuracy = model.evaluate(INPUTS[:SPLIT], LABELS[:SPLIT], batch_size=100, verbose=0)
    penalty = float(sum(model.losses))
    assert last.training_loss == pytest.approx(loss - penalty, rel=1e-4)
    assert last.training_accuracy == pytest.approx(accuracy, abs=1e-5)
    assert last.penalty == pytest.approx(penalty, rel=1e-4)
    validation_loss, _ = model.evaluate(INPUTS[SPLIT:], LABELS[SPLIT:], verbose=0)
    assert last.validation_loss == pytest.approx(validation_loss - penalty, rel=1e-4)


EITHER_WAY = pytest.mark.parametrize("options", [{"eager": True}, {"jit": True}], ids=["eagerly", "with XLA"])


@EITHER_WAY
def test_losses_and_accuracy_are_the_same_eagerly_and_under_xla(options: dict[str, bool]) -> None:
    model = _with_penalty_and_dropout(**options)
    found = _scored(model)
    losses, accuracy = _predicted(model)
    np.testing.assert_allclose(found.losses, losses, rtol=1e-4, atol=1e-6)
    assert found.scores
    assert found.scores.right(0.5).mean() == pytest.approx(accuracy, abs=1e-5)


@EITHER_WAY
def test_a_run_reports_those_of_its_trained_model_eagerly_and_under_xla(options: dict[str, bool]) -> None:
    watched = _watched(lambda: _with_penalty_and_dropout(optimizer="sgd", **options), epochs=1, batch_size=100)
    (measures,) = _measures(watched)
    losses, accuracy = _predicted(watched.session.model)
    assert measures.training_loss == pytest.approx(losses.mean(), rel=1e-4)
    assert measures.training_accuracy == pytest.approx(accuracy, abs=1e-5)


def test_keras_s_own_training_loss_differs_while_dropout_is_on() -> None:
    import keras

    watched = _watched(lambda: _model(_dense(), keras.layers.Dropout(0.6)))
    ends = watched.run().all(events.EpochEnded)
    in_inference_mode = [end.measures.training_loss or 0.0 for end in ends if end.measures]
    assert all(loss < end.metrics["loss"] - 0.01 for loss, end in zip(in_inference_mode, ends, strict=True))
    assert min(in_inference_mode) > 0


def test_a_large_model_is_scored_on_a_subset_that_the_seed_chooses() -> None:
    import keras

    model = _model(*(keras.layers.Dense(400, activation="relu") for _ in range(4)))
    found = _scored(model, seed=1)
    samples = len(found.losses)
    assert 32 <= samples < 0.2 * SPLIT
    rows = epoch_order(SPLIT, 1, 0)[:samples]
    loss, _ = model.evaluate(INPUTS[rows], LABELS[rows], verbose=0)
    assert found.losses.mean() == pytest.approx(loss, rel=1e-4)


def test_units_that_are_zero_for_every_sample_are_dead() -> None:
    import keras

    def bias(_shape: Any, dtype: Any = None) -> Any:
        return keras.ops.convert_to_tensor([-1e6] * 4 + [0.0] * 12, dtype=dtype)

    watched = _watched(
        lambda: _model(_dense(bias_initializer=bias), keras.layers.Dense(4, activation="tanh")), epochs=1
    )
    assert [measures.dead_share for measures in _measures(watched)] == [0.25]


def test_a_model_without_relu_has_no_dead_units_to_report() -> None:
    import keras

    assert _scored(_model(keras.layers.Dense(4, activation="tanh"))).dead_share is None


def test_a_model_with_its_own_call_method_is_scored_with_it() -> None:
    import keras

    class Doubled(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.hidden = keras.layers.Dense(8, activation="relu")
            self.last = keras.layers.Dense(3, activation="softmax")

        def call(self, x: Any) -> Any:
            return self.last(self.hidden(2 * x))

    model = Doubled()
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    found = _scored(model)
    loss, _ = model.evaluate(INPUTS[:SPLIT], LABELS[:SPLIT], verbose=0)
    assert found.losses.mean() == pytest.approx(loss, rel=1e-4)
    assert found.dead_share is None


def test_scoring_the_subset_does_not_change_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dropout that works in inference too draws from a seed whenever it is passed through."""
    import keras

    class Always(keras.layers.Dropout):  # type: ignore[misc]
        def call(self, inputs: Any, training: bool = False) -> Any:
            del training
            return super().call(inputs, training=True)

    def build() -> Any:
        return _model(_dense(), Always(0.3, seed=4), keras.layers.BatchNormalization())

    with_subset = _watched(build).run()
    monkeypatch.setattr(train_subset, "losses_of", lambda _model: [])
    without = _watched(build).run()
    scored: list[Any] = [run.all(events.EpochEnded)[0].measures for run in (with_subset, without)]
    assert scored[0].training_loss is not None
    assert scored[1].training_loss is None
    for one, other in zip(with_subset.state(), without.state(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_batches_of_a_dataset_are_not_read_for_a_subset() -> None:
    import tensorflow as tf

    dataset = tf.data.Dataset.from_tensor_slices((INPUTS[:SPLIT], LABELS[:SPLIT])).batch(300)
    watched = _watched(lambda: _model(_dense(), eager=True), _data(x=dataset, y=None), epochs=1)
    (measures,) = _measures(watched)
    assert measures.training_loss is None
    assert measures.validation_loss is not None


@EITHER_WAY
def test_the_subset_is_scored_without_validation_too(options: dict[str, bool]) -> None:
    data = _data(x_validation=None, y_validation=None)
    watched = _watched(lambda: _with_penalty_and_dropout(**options), data)
    last = _measures(watched)[-1]
    losses, accuracy = _predicted(watched.session.model)
    assert last.training_loss == pytest.approx(losses.mean(), rel=1e-4)
    assert last.training_accuracy == pytest.approx(accuracy, abs=1e-5)
    assert last.training_mode_loss != last.inference_mode_loss, "dropout is on in one of them"
    assert last.validation_loss is None


def _with_two_outputs(**options: Any) -> Any:
    import keras

    inputs = keras.Input((6,))
    hidden = _dense()(inputs)
    kinds = keras.layers.Dense(3, activation="softmax", name="kind")(keras.layers.Dropout(0.3)(hidden))
    model = keras.Model(inputs, {"kind": kinds, "size": keras.layers.Dense(1, name="size")(hidden)})
    losses = {"kind": "categorical_crossentropy", "size": "mse"}
    model.compile("adam", losses, loss_weights={"kind": 2.0, "size": 0.5}, jit_compile=False, **options)
    return model


@pytest.mark.parametrize("validated", [True, False])
def test_of_several_outputs_it_is_the_weighted_sum_that_keras_computes(validated: bool) -> None:
    sizes = INPUTS[:, 2:3] * 3
    data = _data(y={"kind": LABELS[:SPLIT], "size": sizes[:SPLIT]})
    on_validation = {"kind": LABELS[SPLIT:], "size": sizes[SPLIT:]}
    data = replace(
        data, **({"y_validation": on_validation} if validated else {"x_validation": None, "y_validation": None})
    )
    watched = _watched(_with_two_outputs, data)
    last = _measures(watched)[-1]
    model = watched.session.model
    reported = model.evaluate(data.x, data.y, batch_size=SPLIT, verbose=0, return_dict=True)
    assert last.training_loss == pytest.approx(reported["loss"], rel=1e-4)
    assert last.dead_share is not None
    if validated:
        reported = model.evaluate(data.x_validation, data.y_validation, verbose=0, return_dict=True)
        assert last.validation_loss == pytest.approx(reported["loss"], rel=1e-4)
    facts = watched.one(events.RunStarted).facts
    assert facts
    shares = LABELS[:SPLIT].mean(axis=0)
    expected = 2 * float(-(shares * np.log(shares)).sum()) + 0.5 * float(sizes[:SPLIT].var())
    assert facts.training_baseline_loss == pytest.approx(expected, rel=1e-3)


def test_weights_of_single_steps_are_left_to_keras() -> None:
    """As in a mask for padding: Keras takes them, and a sample has no loss of its own then."""
    import keras

    steps = RANDOM.standard_normal((64, 5, 1)).astype(np.float32)

    def build() -> Any:
        model = keras.Sequential([keras.Input((5, 1)), keras.layers.Dense(1)])
        model.compile("sgd", "mse", jit_compile=False)
        return model

    data = TrainingData(
        x=steps, y=steps, x_validation=steps, y_validation=steps, sample_weight_validation=np.ones((64, 5), np.float32)
    )
    watched = _watched(build, data, epochs=1)
    (measures,) = _measures(watched)
    assert measures.validation_loss is None
    ended, facts = watched.one(events.EpochEnded), watched.one(events.RunStarted).facts
    assert ended.metrics["val_loss"] > 0
    assert facts
    assert facts.baseline_loss == pytest.approx(float(steps.var()), rel=1e-2)
