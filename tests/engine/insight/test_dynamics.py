"""The dynamics of each sample, compared with its complete history, which the engine does not keep."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from fitmon.engine.insight.dynamics import BLOCK, DynamicsSnapshot, Kind, SampleDynamics
from fitmon.engine.insight.scores import score_probabilities


def history_of(*rows: list[float], threshold: float = 0.5) -> DynamicsSnapshot:
    """Follow samples of class 1 whose p(true) over the epochs is given, a row for each sample."""
    dynamics = SampleDynamics(len(rows))
    for epoch in np.array(rows).T:
        dynamics.update(score_probabilities(epoch, np.ones(len(rows), dtype=np.int32)), threshold)
    return dynamics.snapshot()


def test_crossings_and_forgetting_are_counted_by_hand() -> None:
    seen = history_of(
        [0.1, 0.6, 0.4, 0.7, 0.8],  # up, down, up
        [0.9, 0.9, 0.9, 0.9, 0.4],  # down at the end
        [0.2, 0.2, 0.2, 0.2, 0.2],  # never learnt
        [0.9, 0.8, 0.9, 0.9, 0.9],  # right from the first
    )
    assert seen.epochs == 5
    assert seen.crossings.tolist() == [3, 1, 0, 0]
    assert seen.forgotten.tolist() == [1, 1, 0, 0]
    assert seen.learnt_epoch.tolist() == [4, 0, 0, 1]
    assert seen.mean.tolist() == pytest.approx([0.52, 0.8, 0.2, 0.88])
    assert seen.seen.tolist() == [5, 5, 5, 5]


@pytest.mark.parametrize("classes", [2, 4])
def test_streaming_agrees_with_the_whole_history(classes: int) -> None:
    generator = np.random.default_rng(classes)
    labels = generator.integers(0, classes, 300)
    dynamics, true, margins, right = SampleDynamics(300), [], [], []
    for _ in range(40):
        outputs: npt.NDArray[np.float64] = (
            generator.random(300) if classes == 2 else generator.dirichlet(np.ones(classes), 300)
        )
        scores = score_probabilities(outputs, labels)
        dynamics.update(scores, 0.5)
        true.append(scores.probability_true)
        margins.append(scores.margin)
        right.append(scores.right(0.5))
    seen, answers = dynamics.snapshot(), np.array(right)
    np.testing.assert_allclose(seen.mean, np.mean(true, axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(seen.spread, np.std(true, axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(seen.mean_margin, np.mean(margins, axis=0, dtype=np.float64), atol=1e-6)
    np.testing.assert_array_equal(seen.crossings, (answers[1:] != answers[:-1]).sum(axis=0))
    np.testing.assert_array_equal(seen.forgotten, (answers[:-1] & ~answers[1:]).sum(axis=0))
    assert (seen.learnt_epoch > 0).tolist() == answers[-1].tolist()


@pytest.mark.parametrize(
    ("probabilities", "kind"),
    [
        pytest.param([0.7, 0.9, 0.95], Kind.EASY, id="high-and-steady"),
        pytest.param([0.8] * 20 + [0.32], Kind.AMBIGUOUS, id="easy-until-it-became-wrong"),
        pytest.param([0.2, 0.25, 0.3], Kind.HARD, id="low-and-steady"),
        pytest.param([0.1, 0.5, 0.9], Kind.AMBIGUOUS, id="spread-wide"),
        pytest.param([0.5, 0.45, 0.55], Kind.AMBIGUOUS, id="steady-at-the-threshold"),
        pytest.param([0.1, 0.05, 0.02], Kind.SUSPECT, id="sure-and-wrong"),
        pytest.param([0.5, 0.3, 0.08], Kind.HARD, id="sure-and-wrong-only-now"),
        pytest.param([0.05, 0.05, 0.15], Kind.HARD, id="wrong-and-no-longer-sure"),
        pytest.param([0.4, 0.6, 0.4, 0.6], Kind.UNSTABLE, id="back-and-forth"),
        pytest.param([0.4, 0.6, 0.4, 0.6] + [0.9] * 40, Kind.EASY, id="flipped-only-long-ago"),
        pytest.param([0.9, 0.9], Kind.TOO_EARLY, id="two-epochs-show-no-pattern"),
        pytest.param([0.9, np.nan, 0.9], Kind.TOO_EARLY, id="too-few-numbers"),
    ],
)
def test_a_history_makes_a_kind(probabilities: list[float], kind: Kind) -> None:
    seen = history_of(probabilities)
    assert Kind(seen.kinds[0]) is kind
    assert seen.count(kind) == 1


def test_the_kinds_share_out_all_samples() -> None:
    seen = history_of(*np.random.default_rng(1).random((200, 12)).tolist())
    assert sum(seen.count(kind) for kind in Kind) == len(seen) == 200


def test_several_classes_are_suspect_when_one_other_class_leads_for_sure() -> None:
    dynamics = SampleDynamics(2)
    for _ in range(3):
        spread_out, sure = [0.05, 0.35, 0.3, 0.3], [0.03, 0.95, 0.01, 0.01]
        dynamics.update(score_probabilities(np.array([spread_out, sure]), np.array([0, 0])), 0.5)
    assert dynamics.snapshot().kinds.tolist() == [Kind.HARD, Kind.SUSPECT]


def test_nan_predictions_are_wrong_and_keep_mean_and_spread() -> None:
    seen = history_of([0.8, np.nan, 0.6], [np.nan, np.nan, np.nan])
    assert seen.seen.tolist() == [2, 0]
    assert (seen.mean[0], seen.spread[0]) == (pytest.approx(0.7), pytest.approx(0.1))
    assert np.isnan([seen.mean[1], seen.spread[1], seen.mean_margin[1]]).all()
    assert (seen.crossings.tolist(), seen.forgotten.tolist(), seen.learnt_epoch.tolist()) == ([2, 0], [1, 0], [3, 0])


def test_one_class_without_a_number_among_several_does_not_spoil_the_means() -> None:
    dynamics = SampleDynamics(1)
    for row in ([0.8, 0.1, 0.1], [0.8, np.nan, 0.1], [0.6, 0.2, 0.2]):
        dynamics.update(score_probabilities(np.array([row]), np.array([0])), 0.5)
    seen = dynamics.snapshot()
    assert (seen.seen[0], seen.mean[0], seen.mean_margin[0]) == (2, pytest.approx(0.7), pytest.approx(0.55))


def test_moving_the_threshold_is_no_crossing() -> None:
    dynamics, scores = SampleDynamics(2), score_probabilities(np.array([0.4, 0.6]), np.array([1, 1]))
    for threshold in (0.5, 0.3, 0.7, 0.3):
        dynamics.update(scores, threshold)
    seen = dynamics.snapshot()
    assert (seen.crossings.tolist(), seen.forgotten.tolist()) == ([0, 0], [0, 0])
    assert seen.learnt_epoch.tolist() == [4, 4], "right at this threshold, and known to be since it was set"


def test_epochs_may_have_their_own_numbers() -> None:
    dynamics = SampleDynamics(1)
    for epoch, probability in ((5, 0.4), (10, 0.6), (15, 0.7)):
        dynamics.update(score_probabilities(np.array([probability]), np.array([1])), 0.5, epoch)
    assert (dynamics.snapshot().learnt_epoch.tolist(), dynamics.epochs) == ([10], 3)


def test_a_snapshot_is_not_changed_by_later_epochs_nor_by_its_reader() -> None:
    dynamics = SampleDynamics(1)
    dynamics.update(score_probabilities(np.array([0.4]), np.array([1])), 0.5)
    early = dynamics.snapshot()
    dynamics.update(score_probabilities(np.array([0.8]), np.array([1])), 0.5)
    assert (early.epochs, early.mean.tolist(), early.crossings.tolist()) == (1, pytest.approx([0.4]), [0])
    for array in (early.seen, early.mean, early.spread, early.mean_margin, early.crossings, early.forgotten):
        assert not array.flags.writeable
    assert not early.learnt_epoch.flags.writeable
    assert not early.kinds.flags.writeable


def test_memory_does_not_grow_with_the_epochs() -> None:
    dynamics = SampleDynamics(10)
    for _ in range(100):
        dynamics.update(score_probabilities(np.full(10, 0.5), np.ones(10, dtype=np.int32)), 0.5)
    assert sum(array.itemsize for array in dynamics.arrays().values() if array.ndim) == 36


def test_more_samples_than_one_block_are_all_followed() -> None:
    dynamics, probability = SampleDynamics(BLOCK + 7), np.linspace(0, 1, BLOCK + 7)
    for _ in range(3):
        dynamics.update(score_probabilities(probability, np.ones(BLOCK + 7, dtype=np.int32)), 0.5)
    np.testing.assert_allclose(dynamics.snapshot().mean, probability, atol=1e-7)


def test_no_samples_and_no_epochs_are_no_trouble() -> None:
    assert len(SampleDynamics(0).snapshot()) == 0
    assert SampleDynamics(2).snapshot().kinds.tolist() == [Kind.TOO_EARLY] * 2
    nothing = SampleDynamics(0)
    nothing.update(score_probabilities(np.zeros(0), np.zeros(0, dtype=np.int32)), 0.5)
    assert nothing.snapshot().epochs == 1


def test_other_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="Expected scores of 3 samples, received 1"):
        SampleDynamics(3).update(score_probabilities(np.array([0.4]), np.array([1])), 0.5)
