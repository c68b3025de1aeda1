"""The loss of a sample whose probability is known."""

import numpy as np
import pytest
from sklearn.metrics import log_loss

from fitmon.engine.insight.cross_entropy import cross_entropy
from fitmon.engine.insight.scores import score_probabilities


def test_the_tutorials_four_losses_come_out_and_only_the_last_sample_is_right() -> None:
    """From 0.1 to 0.49 the loss falls by two thirds and accuracy does not move; from 0.49 to 0.51 it is the reverse."""
    scores = score_probabilities(np.array([0.1, 0.22, 0.49, 0.51]), np.array([1, 1, 1, 1]))
    losses = cross_entropy(scores.probability_true)
    assert losses.tolist() == pytest.approx([2.303, 1.514, 0.713, 0.673], abs=5e-4)
    assert losses.dtype == np.float32
    assert scores.right(0.5).tolist() == [False, False, False, True]


def test_the_mirror_for_class_zero_has_the_same_losses() -> None:
    scores = score_probabilities(np.array([0.9, 0.78, 0.51, 0.49]), np.array([0, 0, 0, 0]))
    assert cross_entropy(scores.probability_true).tolist() == pytest.approx([2.303, 1.514, 0.713, 0.673], abs=5e-4)
    assert scores.right(0.5).tolist() == [False, False, False, True]


def test_certainty_is_clipped_as_keras_does() -> None:
    assert cross_entropy(np.array([0, 1], dtype=np.float32)).tolist() == pytest.approx([16.118, 1.19e-7], rel=1e-2)


def test_the_mean_agrees_with_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    probability, labels = generator.random(500), generator.integers(0, 2, 500)
    scores = score_probabilities(probability, labels)
    assert cross_entropy(scores.probability_true).mean() == pytest.approx(log_loss(labels, probability), rel=1e-5)


def test_nan_stays_nan() -> None:
    assert np.isnan(cross_entropy(np.array([np.nan], dtype=np.float32))).all()
    assert len(cross_entropy(np.zeros(0, dtype=np.float32))) == 0
