"""What is tracked of the validation samples, compared with Keras itself."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.evaluation.probe import Probe, ValidationResult
from fitmon.engine.insight.movement import Movement
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.summary import summarize
from fitmon.engine.job import Job, TrainingData
from fitmon.engine.keras_internals import build_model
from fitmon.engine.measures import Insight
from tests.engine.watching import Watched, settings

pytestmark = pytest.mark.slow

RANDOM = np.random.default_rng(3)
INPUTS = RANDOM.standard_normal((140, 6)).astype(np.float32)
CLASS = (INPUTS[:, 0] + INPUTS[:, 1] > 0).astype(np.int64) + (INPUTS[:, 2] > 1)
LABELS: dict[str, Any] = {
    "two classes": (CLASS > 0).astype(np.float32),
    "class numbers": CLASS,
    "one-hot rows": np.eye(3, dtype=np.float32)[CLASS],
    "several labels": np.stack([CLASS > 0, INPUTS[:, 3] > 0], axis=1).astype(np.float32),
}
BATCH_SIZE = 16
WEIGHTS = RANDOM.uniform(0.2, 3.0, 40).astype(np.float32)


def _data(y: Any, **changes: Any) -> TrainingData:
    facts: dict[str, Any] = {"x": INPUTS[:100], "y": y[:100], "x_validation": INPUTS[100:], "y_validation": y[100:]}
    return TrainingData(**(facts | changes))


def _run(data: TrainingData, build: Callable[[], Any], **options: Any) -> Watched:
    """Train for an epoch of one eager step and return the run."""

    def build_eager(*_: Any) -> Any:
        model = build()
        model.run_eagerly = True
        return model

    chosen = settings(batch_size=100, epochs=1)
    return Watched(Job(name="probe", settings=chosen, load=lambda *_: data, build=build_eager), **options).run()


class Probed:
    """A model that is evaluated by a probe, once untrained and then with other weights in every epoch."""

    def __init__(self, data: TrainingData, build: Callable[[], Any]) -> None:
        import keras

        keras.utils.set_random_seed(3)
        self.model, self.data = build(), data
        build_model(self.model, (data.x[:1], data.y[:1]))
        self.probe = Probe(self.model, data, threshold=0.5)
        self.results = [self.probe.evaluate(0, BATCH_SIZE, lambda: None)]

    def epoch(self) -> Probed:
        """Change the weights and evaluate."""
        weights = self.model.get_weights()
        self.model.set_weights([RANDOM.normal(weight, 0.5).astype(np.float32) for weight in weights])
        self.results.append(self.probe.evaluate(len(self.results), BATCH_SIZE, lambda: None))
        return self

    @property
    def last(self) -> ValidationResult:
        return self.results[-1]

    def insight(self) -> Insight:
        """Return what is reported of the last epoch."""
        assert self.last.observation
        insight = summarize(self.last.observation)
        assert insight
        return insight

    def predictions(self) -> Any:
        return np.asarray(self.model(self.data.x_validation))


def _dense(columns: int, activation: str | None, loss: Any, **options: Any) -> Callable[[], Any]:
    def build() -> Any:
        import keras

        model = keras.Sequential(
            [
                keras.Input((6,)),
                keras.layers.Dense(8, activation="relu", **options),
                keras.layers.Dense(columns, activation=activation),
            ]
        )
        model.compile(keras.optimizers.Adam(0.05), loss() if callable(loss) else loss, jit_compile=False)
        return model

    return build


def _observations(watched: Watched) -> list[Observation]:
    return [event.observation for event in watched.all(events.SamplesScored)]


def _loss(name: str, **options: Any) -> Callable[[], Any]:
    def make() -> Any:
        import keras

        return getattr(keras.losses, name)(**options)

    return make


LOSSES = [
    pytest.param("two classes", 1, "sigmoid", "binary_crossentropy", id="sigmoid"),
    pytest.param("two classes", 1, None, _loss("BinaryCrossentropy", from_logits=True), id="logits"),
    pytest.param("two classes", 1, "sigmoid", _loss("BinaryFocalCrossentropy"), id="focal"),
    pytest.param("class numbers", 3, "softmax", "sparse_categorical_crossentropy", id="class numbers"),
    pytest.param("one-hot rows", 3, "softmax", "categorical_crossentropy", id="one-hot"),
    pytest.param("one-hot rows", 3, None, _loss("CategoricalCrossentropy", from_logits=True), id="one-hot logits"),
    pytest.param(
        "one-hot rows", 3, "softmax", _loss("CategoricalCrossentropy", label_smoothing=0.1), id="label smoothing"
    ),
    pytest.param("two classes", 1, "sigmoid", _loss("BinaryCrossentropy", reduction="sum"), id="a sum"),
    pytest.param(
        "two classes",
        1,
        "sigmoid",
        _loss("BinaryCrossentropy", reduction="mean_with_sample_weight"),
        id="a mean by weight",
    ),
    pytest.param("several labels", 2, "sigmoid", "binary_crossentropy", id="several labels"),
]


@functools.cache
def _probed(labels: str, columns: int, activation: str | None, loss: Any) -> Probed:
    return Probed(_data(LABELS[labels]), _dense(columns, activation, loss)).epoch()


@pytest.mark.parametrize(("labels", "columns", "activation", "loss"), LOSSES)
def test_the_mean_of_the_samples_is_the_validation_loss_of_keras(
    labels: str, columns: int, activation: str | None, loss: Any
) -> None:
    _assert_mean_is_the_loss(_probed(labels, columns, activation, loss))


@pytest.mark.parametrize(("labels", "columns", "activation", "loss"), LOSSES)
def test_the_weighted_mean_of_the_samples_is_the_weighted_loss_of_keras(
    labels: str, columns: int, activation: str | None, loss: Any
) -> None:
    data = _data(LABELS[labels], sample_weight_validation=WEIGHTS)
    _assert_mean_is_the_loss(Probed(data, _dense(columns, activation, loss)).epoch())


def _assert_mean_is_the_loss(probed: Probed) -> None:
    insight = probed.insight()
    assert insight.data_loss == pytest.approx(probed.last.metrics["loss"], rel=1e-5)
    assert insight.penalty == 0


@pytest.mark.parametrize(("labels", "columns", "activation", "loss"), LOSSES)
def test_each_sample_has_the_loss_that_keras_gives_it_alone(
    labels: str, columns: int, activation: str | None, loss: Any
) -> None:
    import keras

    probed = _probed(labels, columns, activation, loss)
    assert probed.last.observation
    losses = probed.last.observation.scores.losses
    assert losses is not None

    keras_loss = keras.losses.get(loss() if callable(loss) else loss)
    predictions = probed.predictions()
    targets = probed.data.y_validation if columns > 1 else probed.data.y_validation[:, None]
    expected = keras_loss.call(targets, predictions) if callable(loss) else keras_loss(targets, predictions)
    alone = losses.reshape(len(predictions), -1).mean(axis=1)
    np.testing.assert_allclose(alone, np.asarray(expected), rtol=1e-4, atol=1e-6)


def test_penalties_are_separated_from_the_data_loss() -> None:
    import keras

    build = _dense(1, "sigmoid", "binary_crossentropy", kernel_regularizer="l2", activity_regularizer="l1")
    probed = Probed(_data(LABELS["two classes"]), build).epoch()
    targets = probed.data.y_validation[:, None]
    data_loss = float(np.mean(keras.losses.binary_crossentropy(targets, probed.predictions())))
    insight = probed.insight()
    assert insight.data_loss == pytest.approx(data_loss, rel=1e-5)
    assert insight.penalty == pytest.approx(probed.last.metrics["loss"] - data_loss, rel=1e-4)
    assert "val loss without the penalty" in insight.sentence


def test_the_four_groups_add_up_to_all_samples_and_to_the_change_of_the_loss() -> None:
    probed = Probed(_data(LABELS["two classes"]), _dense(1, "sigmoid", "binary_crossentropy"))
    for _ in range(4):
        before = probed.last.observation
        insight = probed.epoch().insight()
        now = probed.last.observation
        assert insight.samples == 40
        groups = [insight.stayed_right, insight.stayed_wrong, insight.crossed_up, insight.crossed_down]
        assert sum(groups) == 40
        assert insight.loss_change is not None
        assert set(insight.loss_change) == {"stayed_right", "stayed_wrong", "crossed_up", "crossed_down"}
        change = _data_loss(now) - _data_loss(before)
        assert sum(insight.loss_change.values()) == pytest.approx(change, abs=1e-12)


def _data_loss(observation: Observation | None) -> float:
    assert observation is not None
    assert observation.movement.data_loss is not None
    return observation.movement.data_loss


def test_the_first_epoch_is_compared_with_the_untrained_model() -> None:
    watched = _run(_data(LABELS["two classes"]), _dense(1, "sigmoid", "binary_crossentropy"))
    untrained, first = _observations(watched)
    assert (untrained.epoch, first.epoch) == (0, 1)
    assert isinstance(first.movement, Movement)
    assert first.movement.previous_right == int(untrained.scores.right(0.5).sum())
    ended = watched.one(events.EpochEnded)
    assert ended.insight
    assert ended.insight.sentence.startswith("against the untrained model, val loss ")


def test_scoring_the_untrained_model_leaves_no_trace_in_a_model_that_draws_numbers_in_inference() -> None:
    def build() -> Any:
        import keras

        class AlwaysDrops(keras.layers.Dropout):  # type: ignore[misc]
            def call(self, inputs: Any, training: bool = False) -> Any:  # noqa: ARG002 - Keras passes it by name
                return super().call(inputs, training=True)

        model = keras.Sequential([keras.Input((6,)), AlwaysDrops(0.5, seed=1), keras.layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy", jit_compile=False)
        return model

    probed = Probed(_data(LABELS["two classes"]), build)
    before = _state(probed.model)
    assert probed.probe.score_untrained(BATCH_SIZE, lambda: None)
    assert all(map(np.array_equal, _state(probed.model), before))
    probed.probe.evaluate(1, BATCH_SIZE, lambda: None)
    assert not all(map(np.array_equal, _state(probed.model), before)), "an evaluation draws numbers"


def _state(model: Any) -> list[Any]:
    return [np.asarray(variable) for variable in model.variables]


def test_a_loss_made_of_more_than_its_samples_is_not_split() -> None:
    def build() -> Any:
        import keras

        class Doubled(keras.Sequential):  # type: ignore[misc]
            def compute_loss(self, *args: Any, **kwargs: Any) -> Any:
                return 2 * super().compute_loss(*args, **kwargs)

        model = Doubled([keras.Input((6,)), keras.layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy", jit_compile=False)
        return model

    insight = Probed(_data(LABELS["two classes"]), build).epoch().insight()
    assert (insight.data_loss, insight.loss_change, insight.penalty) == (None, None, None)
    assert insight.sentence.startswith("against the untrained model, accuracy ")


def test_regression_says_why_there_is_no_insight() -> None:
    watched = _run(_data(INPUTS[:, :1]), _dense(1, None, "mse"))
    assert watched.one(events.RunStarted).no_probabilities == "not for this loss: mse does not use probabilities"
    assert not watched.one(events.EpochEnded).insight
    assert not _observations(watched)


def _notes(y: Any = None, build: Callable[[], Any] | None = None, **changes: Any) -> tuple[str, ...]:
    data = _data(LABELS["two classes"] if y is None else y, **changes)
    watched = _run(data, build or _dense(1, "sigmoid", "binary_crossentropy"))
    assert watched.one(events.RunEnded).completed
    return watched.one(events.RunStarted).notes


def test_an_empty_validation_set_is_reported_and_nothing_is_validated() -> None:
    (note,) = _notes(x_validation=INPUTS[:0], y_validation=CLASS[:0])
    assert note == "The validation set is empty: nothing is validated."


def test_a_validation_set_of_one_sample_is_reported() -> None:
    (note,) = _notes(x_validation=INPUTS[:1], y_validation=LABELS["two classes"][:1])
    assert "one sample" in note


def test_a_validation_set_of_one_class_is_reported() -> None:
    (note,) = _notes(x_validation=INPUTS[:9], y_validation=np.ones(9, np.float32))
    assert "belong to one class" in note


@pytest.mark.filterwarnings("ignore:You are using a softmax")
def test_softmax_over_one_column_is_reported() -> None:
    (note,) = _notes(build=_dense(1, "softmax", "binary_crossentropy"))
    assert "Softmax over one output" in note
    assert "use sigmoid" in note


def test_labels_that_are_text_are_refused_in_plain_words() -> None:
    names = np.array(["cat", "dog"])[CLASS.clip(0, 1)]
    failed = _run(_data(names), _dense(1, "sigmoid", "binary_crossentropy")).one(events.RunFailed)
    assert failed.kind == "data"
    assert "labels as numbers" in failed.message
    assert "Number the classes" in failed.message


def test_nan_predictions_are_counted_and_give_no_numbers() -> None:
    def build() -> Any:
        import keras

        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, "sigmoid")])
        model.compile("adam", "binary_crossentropy", jit_compile=False)
        return model

    x = INPUTS[100:].copy()
    x[3] = np.nan
    data = _data(LABELS["two classes"], x_validation=x)
    watched = _run(data, build, stop_when_non_finite=True)
    ended = watched.one(events.EpochEnded)
    assert ended.insight
    assert ended.insight.not_numbers == 1
    assert ended.insight.data_loss is None
    assert ended.insight.roc_auc is None
    assert "the loss of 1 sample is not finite" in ended.insight.sentence
