"""The best threshold, compared with trying them all."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from fitmon.engine.insight.scores import SampleScores, score_probabilities
from fitmon.engine.insight.threshold_choice import ConfusionCounts, Goal, best_threshold, counts_at

GOALS: list[Goal] = ["accuracy", "f1", "balanced_accuracy", "cost"]


def random_scores(seed: int, *, ties: bool = False) -> SampleScores:
    generator = np.random.default_rng(seed)
    labels = np.append(generator.integers(0, 2, 60), [0, 1])
    outputs = np.clip(0.4 + 0.2 * labels + generator.normal(0, 0.3, 62), 0, 1)
    return score_probabilities(outputs.round(1) if ties else outputs, labels)


def value_at(scores: SampleScores, threshold: float, goal: Goal, cost_ratio: float) -> float:
    counts = counts_at(scores, threshold)
    assert counts is not None
    value = -counts.cost(cost_ratio) if goal == "cost" else getattr(counts, goal)
    assert value is not None
    return float(value)


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_no_other_threshold_is_better(seed: int, ties: bool, goal: Goal) -> None:
    scores = random_scores(seed, ties=ties)
    choice = best_threshold(scores, goal, cost_ratio=3)
    assert choice is not None
    assert scores.probability is not None
    others = [0.0, 1.0, *scores.probability.tolist(), *np.nextafter(scores.probability, np.float32(0)).tolist()]
    best = max(value_at(scores, other, goal, 3) for other in others if 0 <= other <= 1)
    found = value_at(scores, choice.threshold, goal, 3)
    assert found == best
    assert abs(choice.value) == abs(found)
    assert choice.counts == counts_at(scores, choice.threshold)
    assert 0 <= choice.threshold <= 1


def test_the_best_threshold_equals_one_computed_by_hand() -> None:
    scores = score_probabilities(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0, 1, 0, 1]))
    accuracy = best_threshold(scores, "accuracy")
    assert accuracy is not None
    assert (accuracy.threshold, accuracy.value) == (0.35, 0.75), "as good as 0.15, and nearer to 0.5"
    dear_misses = best_threshold(scores, "cost", cost_ratio=10)
    assert dear_misses is not None
    assert dear_misses.value == 1
    assert 0.1 <= dear_misses.threshold < 0.2
    assert (dear_misses.counts.false_negative, dear_misses.counts.false_positive) == (0, 1)


def test_a_threshold_of_one_half_is_preferred_among_equals() -> None:
    choice = best_threshold(score_probabilities(np.array([0.2, 0.9]), np.array([0, 1])), "f1")
    assert choice is not None
    assert (choice.threshold, choice.value) == (0.5, 1.0)


def test_neighboring_float32_probabilities_are_distinguished() -> None:
    low = np.float32(0.7)
    scores = score_probabilities(np.array([low, np.nextafter(low, np.float32(1))]), np.array([0, 1]))
    choice = best_threshold(scores, "accuracy")
    assert choice is not None
    assert choice.value == 1.0


def test_certain_zeros_can_never_be_predicted_as_one() -> None:
    """All of p = 0 are above a threshold only if it is below 0, which is not allowed."""
    choice = best_threshold(score_probabilities(np.array([0.0, 0.0, 0.0]), np.array([1, 1, 0])), "accuracy")
    assert choice is not None
    assert (choice.value, choice.threshold) == pytest.approx((1 / 3, 0.5))
    answer_all = best_threshold(score_probabilities(np.array([0.1, 0.1, 0.1]), np.array([1, 1, 0])), "accuracy")
    assert answer_all is not None
    assert answer_all.value == pytest.approx(2 / 3)
    assert answer_all.threshold < 0.1


def test_certain_ones_can_be_predicted_as_zero_by_a_threshold_of_one() -> None:
    choice = best_threshold(score_probabilities(np.array([1.0, 1.0, 1.0]), np.array([1, 0, 0])), "accuracy")
    assert choice is not None
    assert (choice.threshold, choice.value) == pytest.approx((1.0, 2 / 3))


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize(
    "scores",
    [
        pytest.param(score_probabilities(np.zeros(0), np.zeros(0, int)), id="no-samples"),
        pytest.param(score_probabilities(np.array([0.4]), np.array([1])), id="one-sample"),
        pytest.param(score_probabilities(np.array([0.4, 0.6]), np.array([0, 0])), id="one-class"),
        pytest.param(score_probabilities(np.array([np.nan, 0.6]), np.array([0, 1])), id="not-a-number"),
        pytest.param(score_probabilities(np.array([[0.4, 0.6]] * 2), np.array([0, 1])), id="several-classes"),
    ],
)
def test_without_two_classes_there_is_no_best_threshold(scores: SampleScores, goal: Goal) -> None:
    assert best_threshold(scores, goal) is None


@pytest.mark.parametrize("ratio", [0, -1, float("nan"), float("inf")])
def test_a_cost_ratio_that_is_none_is_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match="Expected a cost ratio above 0"):
        best_threshold(random_scores(0), "cost", ratio)


@pytest.mark.parametrize("threshold", [0.1, 0.5, 0.8])
def test_counts_at_a_threshold_agree_with_scikit_learn(threshold: float) -> None:
    scores = random_scores(5)
    answers, counts = scores.answers(threshold), counts_at(scores, threshold)
    assert counts is not None
    assert counts.accuracy == pytest.approx(metrics.accuracy_score(scores.true_class, answers))
    assert counts.precision == pytest.approx(metrics.precision_score(scores.true_class, answers))
    assert counts.recall == pytest.approx(metrics.recall_score(scores.true_class, answers))
    assert counts.f1 == pytest.approx(metrics.f1_score(scores.true_class, answers))
    assert counts.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(scores.true_class, answers))


def test_counts_leave_out_what_has_no_meaning() -> None:
    nothing = ConfusionCounts(0, 0, 0, 0)
    assert (nothing.accuracy, nothing.precision, nothing.recall, nothing.f1, nothing.balanced_accuracy) == (None,) * 5
    assert counts_at(score_probabilities(np.array([[0.4, 0.6]]), np.array([1])), 0.5) is None
    spoilt = counts_at(score_probabilities(np.array([np.nan, 0.9, np.nan]), np.array([1, 1, 0])), 0.5)
    assert spoilt == ConfusionCounts(1, 0, 0, 0, not_numbers=2)
    assert spoilt is not None
    assert spoilt.accuracy == pytest.approx(1 / 3)
