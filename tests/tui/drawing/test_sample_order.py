"""Samples are sorted and filtered as the user asks, whatever numbers there are."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fitmon.engine.insight.dynamics import Kind
from fitmon.tui.drawing.sample_order import Only, Order, SampleSelection, classes_present, listed_indices
from tests.tui.sample_observations import observed, random_scores, two_classes

LABELS = (1, 1, 0, 0, 1)
FIRST = two_classes(0.4, 0.9, 0.1, 0.7, 0.52, labels=LABELS)
SECOND = two_classes(0.6, 0.8, 0.3, 0.65, 0.45, labels=LABELS)
"""p(true) 0.6, 0.8, 0.7, 0.35, 0.45: the first crossed to right, the last to wrong."""


def listed(selection: SampleSelection, threshold: float = 0.5) -> list[int]:
    indices: list[int] = listed_indices(observed(FIRST, SECOND), threshold, selection).tolist()
    return indices


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Order.WORST, [3, 4, 0, 2, 1]),
        (Order.NEAREST, [4, 0, 3, 2, 1]),
        (Order.CHANGED, [0, 2, 1, 4, 3]),
        (Order.INDEX, [0, 1, 2, 3, 4]),
    ],
)
def test_each_order_sorts_by_its_criterion(order: Order, expected: list[int]) -> None:
    assert listed(SampleSelection(order=order)) == expected


def test_without_losses_the_worst_is_furthest_on_the_wrong_side_of_the_threshold() -> None:
    scores = two_classes(0.6, 0.2, 0.3, labels=(1, 1, 0), losses=False)
    assert listed_indices(observed(scores), 0.5, SampleSelection()).tolist() == [1, 0, 2]
    assert listed_indices(observed(scores), 0.9, SampleSelection()).tolist() == [1, 0, 2]
    assert listed_indices(observed(scores), 0.2, SampleSelection()).tolist() == [2, 1, 0]


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (Only.ALL, [0, 1, 2, 3, 4]),
        (Only.WRONG, [3, 4]),
        (Only.CROSSED, [0, 4]),
        (Only.NEAR, [4]),
    ],
)
def test_each_filter_selects_its_samples(only: Only, expected: list[int]) -> None:
    assert listed(SampleSelection(order=Order.INDEX, only=only)) == expected


def test_the_filters_use_the_threshold_of_the_view() -> None:
    assert listed(SampleSelection(order=Order.INDEX, only=Only.WRONG), threshold=0.7) == [0, 4]


@pytest.mark.parametrize("only", [Only.SUSPECT, Only.UNSTABLE, Only.HARD, Only.AMBIGUOUS])
def test_a_filter_by_kind_selects_that_kind(only: Only) -> None:
    flips = [0.2, 0.8, 0.2, 0.8, 0.2]
    epochs = [two_classes(flip, 0.05, 0.25, 0.5, 0.95, labels=(1, 1, 1, 1, 1)) for flip in flips]
    observation = observed(*epochs)
    kinds = {Only.UNSTABLE: [0], Only.SUSPECT: [1], Only.HARD: [2], Only.AMBIGUOUS: [3]}
    assert observation.dynamics is not None
    assert observation.dynamics.kinds.tolist()[4] == Kind.EASY
    assert listed_indices(observation, 0.5, SampleSelection(order=Order.INDEX, only=only)).tolist() == kinds[only]


def test_before_the_first_epoch_nothing_has_a_kind_or_crossed() -> None:
    untrained = observed(FIRST, first_epoch=0)
    for only in (Only.CROSSED, Only.SUSPECT, Only.HARD):
        assert not len(listed_indices(untrained, 0.5, SampleSelection(only=only)))


def test_without_an_epoch_before_the_largest_change_is_sorted_by_index() -> None:
    assert listed_indices(observed(FIRST), 0.5, SampleSelection(order=Order.CHANGED)).tolist() == [0, 1, 2, 3, 4]


def test_a_class_filter_selects_the_samples_of_that_true_class() -> None:
    assert listed(SampleSelection(order=Order.INDEX, class_number=0)) == [2, 3]
    assert listed(SampleSelection(order=Order.WORST, only=Only.WRONG, class_number=0)) == [3]


def test_where_a_sample_has_several_labels_the_class_is_the_label() -> None:
    scores = replace(two_classes(0.1, 0.9, 0.2, 0.8, 0.3, 0.7, labels=(1, 1, 0, 0, 1, 0)), labels=2)
    indices = listed_indices(observed(scores), 0.5, SampleSelection(order=Order.INDEX, class_number=1))
    assert indices.tolist() == [1, 3, 5]
    assert classes_present(scores) == (0, 1)


def test_a_nan_prediction_is_worst_of_all_and_not_near_the_threshold() -> None:
    scores = two_classes(0.1, math.nan, 0.95, labels=(1, 1, 1))
    observation = observed(scores, scores)
    assert listed_indices(observation, 0.5, SampleSelection()).tolist() == [1, 0, 2]
    assert listed_indices(observation, 0.5, SampleSelection(order=Order.NEAREST)).tolist() == [0, 2, 1]
    assert listed_indices(observation, 0.5, SampleSelection(order=Order.CHANGED)).tolist() == [0, 2, 1]
    assert listed_indices(observation, 0.5, SampleSelection(only=Only.WRONG)).tolist() == [1, 0]
    assert listed_indices(observation, 0.5, SampleSelection(only=Only.NEAR)).tolist() == []


def test_equal_samples_are_sorted_by_index() -> None:
    scores = two_classes(*[0.25] * 500, labels=(1,) * 500)
    for order in Order:
        assert listed_indices(observed(scores, scores), 0.5, SampleSelection(order=order)).tolist() == list(range(500))


def test_many_samples_are_sorted_by_their_losses() -> None:
    scores = random_scores(5_000, 3)
    indices = listed_indices(observed(scores), 0.5, SampleSelection(only=Only.WRONG))
    assert scores.losses is not None
    assert (np.diff(scores.losses[indices]) <= 0).all()
    assert set(indices.tolist()) == set(np.flatnonzero(~scores.right(0.5)).tolist())


def test_losses_of_every_size_and_sign_are_sorted_and_equal_ones_by_index() -> None:
    losses = np.array([0.0, -0.0, 1e-45, -1e-45, math.inf, -3.5, 2.5, 2.5, 0.0, math.nan, -math.nan, 3e38], np.float32)
    scores = replace(two_classes(*[0.5] * len(losses), labels=(1,) * len(losses)), losses=losses)
    assert listed_indices(observed(scores), 0.5, SampleSelection()).tolist() == [4, 9, 10, 11, 6, 7, 2, 0, 1, 8, 3, 5]


def test_only_classes_with_samples_are_offered() -> None:
    assert classes_present(two_classes(0.5, 0.5, labels=(1, 1))) == (1,)
    assert classes_present(two_classes(labels=())) == ()
