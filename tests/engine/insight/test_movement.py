"""What moved between two epochs: counts that add up, and a loss change split without a remainder."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest

from fitmon.engine.insight.movement import FirstEpoch, LossChange, Movement, measure_movement
from fitmon.engine.insight.scores import SampleScores, score_probabilities


def of_class_one(*probabilities: float) -> SampleScores:
    return score_probabilities(np.array(probabilities), np.ones(len(probabilities), dtype=np.int32))


def cross_entropy(probability_true: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.asarray(-np.log(probability_true))


def moved(
    before: SampleScores,
    after: SampleScores,
    threshold: float = 0.5,
    weights: npt.NDArray[np.float32] | None = None,
) -> Movement:
    movement = measure_movement(
        after,
        before,
        threshold,
        losses=cross_entropy(after.probability_true),
        previous_losses=cross_entropy(before.probability_true),
        weights=weights,
    )
    assert isinstance(movement, Movement)
    return movement


def random_epochs(seed: int, classes: int) -> tuple[SampleScores, SampleScores]:
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes, 997)
    if classes == 2:
        return score_probabilities(generator.random(997), labels), score_probabilities(generator.random(997), labels)
    epochs = [generator.dirichlet(np.ones(classes), 997) for _ in range(2)]
    return score_probabilities(epochs[0], labels), score_probabilities(epochs[1], labels)


def test_the_tutorials_sample_lowers_the_loss_three_times_and_raises_accuracy_once() -> None:
    steps = [of_class_one(p) for p in (0.1, 0.22, 0.49, 0.51)]
    movements = [moved(before, after) for before, after in itertools.pairwise(steps)]
    assert [movement.crossed_up for movement in movements] == [0, 0, 1]
    assert [movement.data_loss_change for movement in movements] == pytest.approx([-0.788, -0.801, -0.040], abs=1e-3)
    assert [movement.wrong_closer for movement in movements] == [1, 1, 0]
    assert movements[1].loss_change == pytest.approx(
        {"stayed_right": 0, "stayed_wrong": math.log(0.22 / 0.49), "crossed_up": 0, "crossed_down": 0}, abs=1e-6
    )


def test_every_sample_is_in_its_group_by_hand() -> None:
    before = of_class_one(0.6, 0.9, 0.7, 0.1, 0.3, 0.2, 0.4, 0.8)
    after = of_class_one(0.8, 0.6, 0.7, 0.2, 0.1, 0.2, 0.6, 0.4)
    movement = moved(before, after)
    assert (movement.stayed_right, movement.right_closer, movement.right_further) == (3, 1, 1)
    assert (movement.stayed_wrong, movement.wrong_closer, movement.wrong_further) == (3, 1, 1)
    assert (movement.crossed_up, movement.crossed_down) == (1, 1)
    assert (movement.right, movement.previous_right) == (4, 4)
    assert movement.loss_change == pytest.approx(
        {
            "stayed_right": math.log(0.6 * 0.9 / (0.8 * 0.6)) / 8,
            "stayed_wrong": math.log(0.1 * 0.3 / (0.2 * 0.1)) / 8,
            "crossed_up": math.log(0.4 / 0.6) / 8,
            "crossed_down": math.log(0.8 / 0.4) / 8,
        },
        abs=1e-7,
    )


@pytest.mark.parametrize("classes", [2, 3, 50])
@pytest.mark.parametrize("seed", range(5))
def test_counts_add_up_and_accuracy_changes_by_up_less_down(seed: int, classes: int) -> None:
    before, after = random_epochs(seed, classes)
    movement = moved(before, after, threshold=0.37)
    groups = (movement.stayed_right, movement.stayed_wrong, movement.crossed_up, movement.crossed_down)
    assert sum(groups) == movement.samples == 997
    assert movement.right_closer + movement.right_further <= movement.stayed_right
    assert movement.wrong_closer + movement.wrong_further <= movement.stayed_wrong
    gained = int(after.right(0.37).sum()) - int(before.right(0.37).sum())
    assert movement.crossed_up - movement.crossed_down == gained


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_the_four_parts_sum_to_the_change_of_the_mean_loss(seed: int, weighted: bool) -> None:
    """Compared with `math.fsum`, which adds without rounding."""
    before, after = random_epochs(seed, 3)
    weights = np.random.default_rng(seed).random(997).astype(np.float32) * 3 if weighted else None
    movement = moved(before, after, weights=weights)
    factors = np.ones(997) if weights is None else weights.astype(np.float64)
    earlier = cross_entropy(before.probability_true).astype(np.float64)
    later = cross_entropy(after.probability_true).astype(np.float64)
    exact = math.fsum(factors * (later - earlier)) / 997
    assert movement.parts is not None
    assert movement.data_loss_change == pytest.approx(exact, abs=1e-14)
    assert math.fsum((movement.loss_change or {}).values()) == pytest.approx(exact, abs=1e-14)
    assert movement.parts.by_staying + movement.parts.by_crossing == pytest.approx(exact, abs=1e-14)


def test_weights_divide_by_the_number_of_samples_as_keras_does() -> None:
    movement = moved(of_class_one(0.1, 0.1), of_class_one(0.2, 0.1), weights=np.array([4, 0], dtype=np.float32))
    assert movement.data_loss == pytest.approx(4 * -math.log(0.2) / 2)
    assert movement.loss_change == pytest.approx(
        {"stayed_right": 0, "stayed_wrong": 4 * math.log(0.1 / 0.2) / 2, "crossed_up": 0, "crossed_down": 0}
    )


def test_moving_the_threshold_makes_no_crossings() -> None:
    same = of_class_one(0.4, 0.6)
    for threshold in (0.3, 0.5, 0.7):
        assert (moved(same, same, threshold).crossed_up, moved(same, same, threshold).crossed_down) == (0, 0)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(None, id="no-earlier-epoch"),
        pytest.param(of_class_one(0.1), id="another-number-of-samples"),
        pytest.param(score_probabilities(np.array([0.1, 0.6]), np.array([0, 1])), id="other-labels"),
        pytest.param(score_probabilities(np.array([[0.1, 0.9]] * 2), np.array([1, 1])), id="another-task"),
    ],
)
def test_an_epoch_without_a_comparable_previous_one_is_a_first_epoch(other: SampleScores | None) -> None:
    scores = of_class_one(0.4, 0.6)
    first = measure_movement(scores, other, 0.5, losses=cross_entropy(scores.probability_true))
    assert isinstance(first, FirstEpoch)
    assert (first.samples, first.right, first.threshold, first.losses_not_finite) == (2, 1, 0.5, 0)
    assert first.data_loss == pytest.approx(-math.log(0.4 * 0.6) / 2)


def test_a_nan_loss_keeps_the_counts_and_removes_the_split() -> None:
    before, after = of_class_one(0.4, 0.6, 0.3), of_class_one(0.6, np.nan, 0.4)
    movement = moved(before, after)
    assert (movement.crossed_up, movement.crossed_down, movement.wrong_closer) == (1, 1, 1)
    assert movement.losses_not_finite == 1
    assert (movement.data_loss, movement.data_loss_change, movement.parts, movement.loss_change) == (None,) * 4
    assert movement.previous_data_loss is not None


def test_infinite_losses_give_no_warning() -> None:
    scores, infinite = of_class_one(0.4, 0.6), np.array([np.inf, 1.0])
    movement = measure_movement(scores, scores, 0.5, losses=infinite, previous_losses=infinite)
    assert isinstance(movement, Movement)
    assert (movement.losses_not_finite, movement.parts) == (1, None)


def test_without_losses_there_are_counts_only() -> None:
    movement = measure_movement(of_class_one(0.6), of_class_one(0.4), 0.5)
    assert isinstance(movement, Movement)
    assert (movement.crossed_up, movement.losses_not_finite, movement.loss_change) == (1, 0, None)


def test_no_samples_have_no_accuracy() -> None:
    nothing = score_probabilities(np.zeros(0), np.zeros(0, dtype=np.int32))
    movement = moved(nothing, nothing)
    assert (movement.samples, movement.accuracy) == (0, None)
    assert (movement.data_loss, movement.parts) == (None, None)


def test_several_classes_name_no_threshold() -> None:
    before, after = random_epochs(0, 3)
    assert moved(before, after).threshold is None


def test_the_losses_passed_in_are_not_changed() -> None:
    scores, losses = of_class_one(0.4, 0.6), np.array([1.0, 2.0])
    measure_movement(scores, scores, 0.5, losses=losses, previous_losses=losses, weights=np.array([2.0, 3.0]))
    assert losses.tolist() == [1, 2]


def test_the_names_of_the_groups_are_the_four() -> None:
    assert list(LossChange.__dataclass_fields__) == ["stayed_right", "stayed_wrong", "crossed_up", "crossed_down"]
