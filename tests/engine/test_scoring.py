"""Which losses give probabilities, and that logits become the same ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fitmon.engine.scoring import scorer_for


def _model(loss: Any, columns: int = 1) -> Any:
    import keras

    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(columns)])
    model.compile("adam", loss)
    return model


LABELS = np.array([0, 1, 1])
ROWS = np.eye(3, dtype=np.float32)[[0, 1, 1]]
LOGITS = np.array([[0.3, -1.0, 2.0], [0.0, 4.0, 1.0], [9.0, 8.0, 7.0]], dtype=np.float32)


def test_two_classes_from_logits_equal_the_sigmoid() -> None:
    import keras

    logits = LOGITS[:, :1]
    scorer = scorer_for(_model(keras.losses.BinaryCrossentropy(from_logits=True)), LABELS)
    assert scorer is not None
    expected = np.asarray(keras.ops.sigmoid(logits))[:, 0]
    np.testing.assert_allclose(scorer.score(logits).probability, expected, rtol=1e-6)  # type: ignore[arg-type]


@pytest.mark.parametrize("sparse", [True, False], ids=["class numbers", "one-hot rows"])
def test_several_classes_from_logits_equal_the_softmax(sparse: bool) -> None:
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy if sparse else keras.losses.CategoricalCrossentropy
    scorer = scorer_for(_model(loss(from_logits=True), 3), LABELS if sparse else ROWS)
    assert scorer is not None
    expected = np.asarray(keras.ops.softmax(LOGITS))[np.arange(3), LABELS]
    np.testing.assert_allclose(scorer.score(LOGITS).probability_true, expected, rtol=1e-6)


def test_the_baseline_is_the_share_of_the_most_frequent_class() -> None:
    scorer = scorer_for(_model("binary_crossentropy"), LABELS)
    assert scorer is not None
    assert scorer.majority_share() == pytest.approx(2 / 3)


@pytest.mark.parametrize("loss", ["mse", "hinge", lambda a, b: (a - b) ** 2], ids=["mse", "hinge", "own function"])
def test_a_loss_that_knows_no_probabilities_has_no_scores(loss: Any) -> None:
    assert scorer_for(_model(loss), LABELS) is None


def test_very_large_logits_do_not_overflow() -> None:
    import keras

    scorer = scorer_for(_model(keras.losses.BinaryCrossentropy(from_logits=True)), LABELS)
    assert scorer is not None
    scores = scorer.score(np.array([[-1e4], [1e4], [0.0]], dtype=np.float32))
    assert scores.probability is not None
    assert scores.probability.tolist() == [0.0, 1.0, 0.5]
