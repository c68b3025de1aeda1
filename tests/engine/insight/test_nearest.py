"""Which samples are about to cross: only after three epochs, and only from measurements."""

from __future__ import annotations

import numpy as np
import pytest

from fitmon.engine.insight.nearest import KEPT_EPOCHS, Nearest, crossing_soon
from fitmon.engine.insight.scores import SampleScores, score_probabilities


class Followed(Nearest):
    """Keeps the last scores too, as an observation does."""

    def update(self, scores: SampleScores, epoch: int | None = None) -> None:
        super().update(scores, epoch)
        self.scores = scores

    def crossing_soon(self, threshold: float, within_epochs: float = 3) -> int | None:
        speed = self.speed()
        return None if speed is None else crossing_soon(self.scores, speed, threshold, within_epochs)


def after(*rows: list[float], labels: list[int] | None = None) -> Followed:
    """Follow two-class samples whose p over the epochs is given, a row for each sample."""
    nearest = Followed()
    for epoch in np.array(rows).T:
        nearest.update(score_probabilities(epoch, np.array(labels or [1] * len(rows))))
    return nearest


def test_steady_samples_cross_when_their_line_does() -> None:
    nearest = after(
        [0.30, 0.35, 0.40],  # crosses in a little over two epochs
        [0.10, 0.11, 0.12],  # far too slow
        [0.40, 0.35, 0.30],  # goes the other way
        [0.60, 0.70, 0.80],  # right already
    )
    assert nearest.crossing_soon(0.5) == 1
    assert nearest.crossing_soon(0.5, within_epochs=1) == 0
    assert nearest.crossing_soon(0.5, within_epochs=50) == 2
    speed = nearest.speed()
    assert speed is not None
    assert speed.tolist() == pytest.approx([0.05, 0.01, -0.05, 0.1], abs=1e-6)


def test_class_zero_comes_from_the_other_side() -> None:
    nearest = after([0.7, 0.6, 0.55], [0.3, 0.4, 0.45], labels=[0, 0])
    assert nearest.crossing_soon(0.5) == 1
    speed = nearest.speed()
    assert speed is not None
    assert speed.tolist() == pytest.approx([0.075, -0.075], abs=1e-6)


def test_nothing_is_predicted_before_three_epochs() -> None:
    nearest = after([0.3, 0.45])
    assert (nearest.speed(), nearest.crossing_soon(0.5)) == (None, None)
    assert (Followed().crossing_soon(0.5), Followed().epochs) == (None, 0)


def test_the_speed_is_the_least_squares_slope_of_the_last_epochs() -> None:
    rows = np.random.default_rng(0).random((20, 9))
    nearest = after(*rows.tolist())
    speed = nearest.speed()
    assert nearest.epochs == KEPT_EPOCHS
    assert speed is not None
    expected = np.polyfit(np.arange(KEPT_EPOCHS), rows[:, -KEPT_EPOCHS:].T, 1)[0]
    np.testing.assert_allclose(speed, expected, atol=1e-6)


def test_several_classes_move_by_their_margin() -> None:
    nearest = Followed()
    for own in (0.30, 0.35, 0.40):
        nearest.update(score_probabilities(np.array([[own, 1 - own]]), np.array([0])))
    speed = nearest.speed()
    assert speed is not None
    assert speed.tolist() == pytest.approx([0.1], abs=1e-6)
    assert nearest.crossing_soon(0.5) == 1


def test_epochs_that_were_not_validated_count_as_time() -> None:
    nearest = Followed()
    for epoch, probability in ((2, 0.2), (4, 0.3), (6, 0.4)):
        nearest.update(score_probabilities(np.array([probability]), np.array([1])), epoch)
    speed = nearest.speed()
    assert speed is not None
    assert speed.tolist() == pytest.approx([0.05])
    assert [nearest.crossing_soon(0.5, within_epochs) for within_epochs in (1.9, 2.1)] == [0, 1]


def test_moving_the_threshold_changes_who_crosses_soon() -> None:
    nearest = after([0.2, 0.25, 0.3])
    assert (nearest.crossing_soon(0.5), nearest.crossing_soon(0.35)) == (0, 1)


def test_a_sample_with_nan_is_not_predicted() -> None:
    nearest = after([np.nan, 0.4, 0.45], [0.35, 0.4, 0.45])
    assert nearest.crossing_soon(0.5) == 1
    speed = nearest.speed()
    assert speed is not None
    assert np.isnan(speed[0])


@pytest.mark.parametrize("epoch", [1, 3])
def test_rewinding_starts_over(epoch: int) -> None:
    nearest = after([0.3, 0.35, 0.4])
    nearest.update(score_probabilities(np.array([0.3]), np.array([1])), epoch)
    assert (nearest.epochs, nearest.crossing_soon(0.5)) == (1, None)


def test_other_samples_start_over() -> None:
    nearest = after([0.3, 0.35, 0.4])
    nearest.update(score_probabilities(np.array([0.3, 0.4]), np.array([1, 1])))
    assert (nearest.epochs, nearest.crossing_soon(0.5)) == (1, None)


def test_no_samples_are_no_trouble() -> None:
    nearest = Followed()
    for _ in range(3):
        nearest.update(score_probabilities(np.zeros(0), np.zeros(0, int)))
    assert nearest.crossing_soon(0.5) == 0
