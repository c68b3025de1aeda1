"""Which losses give probabilities, and that logits become the same ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fitmon.engine.evaluation.scoring import Scorer, Unscorable, scorer_for
from fitmon.engine.insight.scores import SampleScores
from fitmon.engine.keras_internals import build_model


def _model(loss: Any, labels: Any, columns: int = 1, activation: str = "tanh") -> Any:
    import keras

    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(columns, activation, name="dense")(inputs))
    model.compile("adam", loss)
    build_model(model, (np.zeros((1, 2), np.float32), labels[:1]))
    return model


def _scorer(loss: Any, labels: Any, columns: int = 1) -> Scorer:
    scorer = scorer_for(_model(loss, labels, columns), labels)
    assert isinstance(scorer, Scorer)
    return scorer


def _reason(loss: Any, labels: Any, columns: int = 1) -> str:
    found = scorer_for(_model(loss, labels, columns), labels)
    assert isinstance(found, Unscorable)
    return found.reason


def _scored(loss: Any, labels: Any, predictions: Any) -> SampleScores:
    scored = _scorer(loss, labels, predictions.shape[1]).score(predictions)
    assert scored is not None
    return scored.scores


LABELS = np.array([0, 1, 1])
ROWS = np.eye(3, dtype=np.float32)[[0, 1, 1]]
LOGITS = np.array([[0.3, -1.0, 2.0], [0.0, 4.0, 1.0], [9.0, 8.0, 7.0]], dtype=np.float32)


def test_two_classes_from_logits_equal_the_sigmoid() -> None:
    import keras

    logits = LOGITS[:, :1]
    scores = _scored(keras.losses.BinaryCrossentropy(from_logits=True, name="bce"), LABELS, logits)
    expected = np.asarray(keras.ops.sigmoid(logits))[:, 0]
    assert scores.probability is not None
    np.testing.assert_allclose(scores.probability, expected, rtol=1e-6)


@pytest.mark.parametrize("sparse", [True, False], ids=["class numbers", "one-hot rows"])
def test_several_classes_from_logits_equal_the_softmax(sparse: bool) -> None:
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy if sparse else keras.losses.CategoricalCrossentropy
    scores = _scored(loss(from_logits=True), LABELS if sparse else ROWS, LOGITS)
    expected = np.asarray(keras.ops.softmax(LOGITS))[np.arange(3), LABELS]
    np.testing.assert_allclose(scores.probability_true, expected, rtol=1e-6)


def test_the_baseline_is_the_share_of_the_most_frequent_class() -> None:
    assert _scorer("binary_crossentropy", LABELS).majority_share() == pytest.approx(2 / 3)


@pytest.mark.parametrize("loss", ["mse", "hinge", lambda a, b: (a - b) ** 2], ids=["mse", "hinge", "own function"])
def test_a_loss_that_does_not_use_probabilities_has_no_scores(loss: Any) -> None:
    assert _reason(loss, LABELS).endswith(" does not use probabilities")


@pytest.mark.parametrize("columns", [1, 3], ids=["two classes", "one-hot rows"])
def test_the_alias_of_cross_entropy_is_recognized(columns: int) -> None:
    labels = LABELS[:, None] if columns == 1 else ROWS
    predictions = np.full((3, columns), 1 / 3, np.float32)
    assert _scored("crossentropy", labels, predictions).task == ("binary" if columns == 1 else "multiclass")


def test_several_labels_a_sample_are_scored_one_by_one() -> None:
    labels = np.array([[0, 1], [1, 1], [1, 0]])
    scores = _scored("binary_crossentropy", labels, np.array([[0.2, 0.7], [0.4, 0.9], [0.8, 0.6]], np.float32))
    assert scores.labels == 2
    assert scores.true_class.tolist() == [0, 1, 1, 1, 1, 0]
    assert scores.right(0.5).tolist() == [True, True, False, True, True, False]


def test_very_large_logits_do_not_overflow() -> None:
    import keras

    logits = np.array([[-1e4], [1e4], [0.0]], dtype=np.float32)
    scores = _scored(keras.losses.BinaryCrossentropy(from_logits=True), LABELS, logits)
    assert scores.probability is not None
    assert scores.probability.tolist() == [0.0, 1.0, 0.5]


@pytest.mark.parametrize("loss", [{"dense": "binary_crossentropy"}, ["binary_crossentropy"]], ids=["dict", "list"])
def test_the_only_entry_of_several_losses_is_recognised(loss: Any) -> None:
    assert _scorer(loss, LABELS).labels == 1


UNSCORED = [
    pytest.param("sparse_categorical_crossentropy", np.array([0, -1, 1]), id="a label that marks samples to ignore"),
    pytest.param("binary_crossentropy", np.array([0.2, 0.9, 0.5]), id="soft labels of two classes"),
    pytest.param("categorical_crossentropy", np.full((3, 3), 1 / 3), id="soft rows"),
]


@pytest.mark.parametrize(("loss", "labels"), UNSCORED)
def test_labels_that_are_not_class_numbers_have_no_scores_and_do_no_harm(loss: str, labels: Any) -> None:
    assert "not plain class labels" in _reason(loss, labels, 1 if loss.startswith("binary") else 3)


def test_a_label_beyond_the_columns_has_no_scores_and_does_no_harm() -> None:
    assert _scorer("sparse_categorical_crossentropy", np.array([0, 255, 1]), 3).score(LOGITS) is None


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_probabilities_are_not_treated_as_logits_even_if_from_logits_is_set(activation: str) -> None:
    import keras

    two = activation == "sigmoid"
    loss = keras.losses.BinaryCrossentropy if two else keras.losses.SparseCategoricalCrossentropy
    predictions = np.array([[0.2], [0.9], [0.4]] if two else [[0.2, 0.7, 0.1], [0.3, 0.6, 0.1], [0.5, 0.4, 0.1]])
    model = _model(loss(from_logits=True), LABELS, predictions.shape[1], activation)
    scorer = scorer_for(model, LABELS)
    assert isinstance(scorer, Scorer)
    scored = scorer.score(predictions.astype(np.float32))
    assert scored is not None
    expected = [0.8, 0.9, 0.4] if two else [0.2, 0.6, 0.4]
    np.testing.assert_allclose(scored.scores.probability_true, expected, rtol=1e-6)


def test_plain_numbers_under_a_loss_that_expects_probabilities_are_reported() -> None:
    found = scorer_for(_model("binary_crossentropy", LABELS, activation="linear"), LABELS)
    assert isinstance(found, Unscorable)
    assert "from_logits=True" in found.reason


def test_numbers_outside_0_and_1_are_not_probabilities() -> None:
    assert _scorer("binary_crossentropy", LABELS).score(np.array([[-0.5], [0.5], [0.5]], np.float32)) is None


def test_softmax_over_one_column_has_no_probabilities_worth_showing() -> None:
    found = scorer_for(_model("binary_crossentropy", LABELS, activation="sigmoid"), LABELS)
    assert isinstance(found, Scorer)
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1), keras.layers.Softmax()])
    model.compile("adam", "binary_crossentropy")
    with pytest.warns(UserWarning, match="softmax"):
        build_model(model, (np.zeros((1, 2), np.float32), LABELS[:1]))
    found = scorer_for(model, LABELS)
    assert isinstance(found, Unscorable)
    assert "use sigmoid" in found.reason


def test_targets_of_a_single_output_may_come_by_its_name() -> None:
    assert isinstance(scorer_for(_model("binary_crossentropy", LABELS), {"dense": LABELS}), Scorer)


def test_two_outputs_have_no_scores() -> None:
    import keras

    inputs = keras.Input((2,))
    model = keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(1)(inputs)])
    model.compile("adam", ["mse", "mse"])
    assert scorer_for(model, LABELS) == Unscorable("not for this model: it has several outputs")
