"""Probabilities and the threshold, checked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fitmon.engine.insight.movement import FirstEpoch, Movement
from fitmon.engine.insight.observer import Observation, Observer
from fitmon.engine.insight.scores import SampleScores, score_probabilities


def test_two_classes_are_counted_right_only_past_the_threshold() -> None:
    """The tutorial's case: y = 1 and p = 0.1, 0.22, 0.49, 0.51 are wrong, wrong, wrong, right; its mirror for y = 0."""
    scores = score_probabilities(np.array([0.1, 0.22, 0.49, 0.51, 0.9, 0.51, 0.49]), np.array([1, 1, 1, 1, 0, 0, 0]))
    assert scores.right(0.5).tolist() == [False, False, False, True, False, False, True]
    assert scores.probability_true.tolist() == pytest.approx([0.1, 0.22, 0.49, 0.51, 0.1, 0.49, 0.51])


def test_a_probability_equal_to_the_threshold_predicts_zero() -> None:
    scores = score_probabilities(np.array([0.5, 0.5]), np.array([1, 0]))
    assert scores.right(0.5).tolist() == [False, True]
    assert scores.predicted_class.tolist() == [0, 0]


def test_the_threshold_moves_what_is_right_without_touching_the_scores() -> None:
    scores = score_probabilities(np.array([[0.3], [0.7]]), np.array([1, 0]))
    assert scores.right(0.2).tolist() == [True, False]
    assert scores.right(0.8).tolist() == [False, True]
    assert scores.distance(0.2).tolist() == pytest.approx([0.1, -0.5])


def test_several_classes_have_a_margin_to_the_best_other_class() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.1, 0.45, 0.45], [0.2, 0.5, 0.3]])
    scores = score_probabilities(probabilities, np.array([0, 2, 2]))
    assert scores.margin.tolist() == pytest.approx([0.5, 0.0, -0.2])
    assert scores.predicted_class.tolist() == [0, 1, 1], "a tie goes to the first class, as argmax has it"
    assert scores.right(0.5).tolist() == [True, False, False]
    assert scores.probability_true.tolist() == pytest.approx([0.7, 0.45, 0.3])


def test_scores_cannot_be_changed_afterwards() -> None:
    scores = score_probabilities(np.array([0.3, 0.7]), np.array([1, 0]))
    with pytest.raises(ValueError, match="read-only"):
        scores.probability_true[0] = 1


def observed(*epochs: SampleScores) -> Observation:
    observer = Observer(len(epochs[0]), threshold=0.5)
    return [observer.observe(scores, epoch) for epoch, scores in enumerate(epochs, start=1)][-1]


def test_crossings_are_counted_both_ways() -> None:
    labels = np.array([1, 1, 1, 1, 1])
    before = score_probabilities(np.array([0.39, 0.61, 0.9, 0.1, 0.49]), labels)
    after = score_probabilities(np.array([0.61, 0.39, 0.95, 0.2, 0.51]), labels)
    observation = observed(before, after)
    movement = observation.movement
    assert isinstance(movement, Movement)
    assert (movement.right, movement.crossed_up, movement.crossed_down) == (3, 2, 1)
    assert observation.near(0.5) == 1, "0.51 is within a tenth; 0.61 and 0.39 lie just beyond it"
    accuracy_change = movement.crossed_up - movement.crossed_down
    assert accuracy_change == int(after.right(0.5).sum()) - int(before.right(0.5).sum())


def test_the_first_epoch_has_no_crossings() -> None:
    movement = observed(score_probabilities(np.array([0.4]), np.array([1]))).movement
    assert isinstance(movement, FirstEpoch)


def test_nan_predictions_are_wrong_and_never_near() -> None:
    two = score_probabilities(np.array([np.nan, np.nan]), np.array([1, 0]))
    several = score_probabilities(np.full((2, 3), np.nan), np.array([1, 2]))
    assert observed(two).baseline.right == 0
    assert observed(two).near(0.5) == 0
    assert observed(several).baseline.right == 0
