"""The sentence about a movement, which never claims more than the numbers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fitmon.engine.insight.movement import FirstEpoch, LossChange, Movement, measure_movement
from fitmon.engine.insight.scores import score_probabilities
from fitmon.engine.insight.sentence import movement_sentence

STILL = Movement(
    samples=1000,
    threshold=0.5,
    stayed_right=800,
    stayed_wrong=176,
    crossed_up=12,
    crossed_down=12,
    right_closer=300,
    right_further=500,
    wrong_closer=100,
    wrong_further=76,
    data_loss=0.469,
    previous_data_loss=0.5,
    parts=LossChange(stayed_right=-0.02, stayed_wrong=-0.00914, crossed_up=-0.00386, crossed_down=0.002),
    losses_not_finite=0,
)
ALONE = "no earlier epoch to compare with"
FLAT = "accuracy unchanged (12 up, 12 down)"


def changed(staying: float, crossing: float, up: int = 12, down: int = 12) -> Movement:
    return dataclasses.replace(
        STILL,
        data_loss=0.5 + staying + crossing,
        parts=LossChange(staying, 0.0, crossing, 0.0),
        stayed_right=1000 - 176 - up - down,
        crossed_up=up,
        crossed_down=down,
    )


def test_the_sentence_of_the_issue_is_exact() -> None:
    assert movement_sentence(STILL) == (
        "val loss fell 0.031; 94% of that came from samples that did not cross; accuracy unchanged (12 up, 12 down)"
    )


@pytest.mark.parametrize(
    ("movement", "expected"),
    [
        pytest.param(
            changed(0.03, 0.01),
            f"val loss rose 0.040; 75% of that came from samples that did not cross; {FLAT}",
            id="rose",
        ),
        pytest.param(changed(0.0, 0.0), f"val loss unchanged; {FLAT}", id="nothing-moved"),
        pytest.param(changed(1e-8, 0.0), f"val loss unchanged; {FLAT}", id="rounding-is-no-change"),
        pytest.param(
            changed(-0.02, 0.02),
            "val loss unchanged; samples that did not cross lowered it by 0.020, those that crossed raised it by "
            f"0.020; {FLAT}",
            id="unchanged-because-two-sides-cancel",
        ),
        pytest.param(
            changed(-0.05, 0.019),
            "val loss fell 0.031; samples that did not cross lowered it by 0.050, those that crossed raised it by "
            f"0.019; {FLAT}",
            id="more-than-the-whole-is-no-share",
        ),
        pytest.param(
            changed(0.019, -0.05),
            "val loss fell 0.031; samples that did not cross raised it by 0.019, those that crossed lowered it by "
            f"0.050; {FLAT}",
            id="less-than-nothing-is-no-share",
        ),
        pytest.param(
            changed(-0.03, -0.00001),
            f"val loss fell 0.030; nearly all of that came from samples that did not cross; {FLAT}",
            id="not-rounded-up-to-100-per-cent",
        ),
        pytest.param(
            changed(-0.00001, -0.03),
            f"val loss fell 0.030; nearly all of that came from samples that crossed; {FLAT}",
            id="not-rounded-down-to-nothing",
        ),
        pytest.param(
            changed(-0.03, 0.0, up=0, down=0),
            "val loss fell 0.030; all of that came from samples that did not cross; "
            "accuracy unchanged (no sample crossed)",
            id="no-sample-crossed",
        ),
        pytest.param(
            changed(-0.0004, 0.0, up=0, down=0),
            "val loss fell 0.0004; all of that came from samples that did not cross; "
            "accuracy unchanged (no sample crossed)",
            id="small-changes-keep-their-digits",
        ),
        pytest.param(
            changed(-0.02, -0.02, up=50, down=10),
            "val loss fell 0.040; 50% of that came from samples that did not cross; "
            "accuracy rose from 77.4% to 81.4% (50 up, 10 down)",
            id="accuracy-rose",
        ),
        pytest.param(
            changed(-0.02, -0.02, up=0, down=1),
            "val loss fell 0.040; 50% of that came from samples that did not cross; "
            "accuracy fell from 82.4% to 82.3% (0 up, 1 down)",
            id="accuracy-fell",
        ),
        pytest.param(
            dataclasses.replace(STILL, parts=None, data_loss=None, losses_not_finite=1),
            f"val loss unknown: the loss of 1 sample is not finite; {FLAT}",
            id="one-loss-is-nan",
        ),
        pytest.param(
            dataclasses.replace(STILL, parts=None, data_loss=None, losses_not_finite=1200),
            f"val loss unknown: the loss of 1,200 samples is not finite; {FLAT}",
            id="many-losses-are-nan",
        ),
        pytest.param(
            dataclasses.replace(STILL, parts=None, data_loss=None, previous_data_loss=None), FLAT, id="no-losses-known"
        ),
        pytest.param(
            dataclasses.replace(STILL, parts=None, data_loss=None, previous_data_loss=None, threshold=0.3),
            "accuracy at threshold 0.3 unchanged (12 up, 12 down)",
            id="an-unusual-threshold-is-named",
        ),
        pytest.param(
            dataclasses.replace(STILL, parts=None, data_loss=None, previous_data_loss=None, threshold=None),
            FLAT,
            id="several-classes",
        ),
        pytest.param(dataclasses.replace(STILL, samples=0), "there are no validation samples", id="no-samples"),
    ],
)
def test_the_sentence_matches_the_numbers(movement: Movement, expected: str) -> None:
    assert movement_sentence(movement) == expected


def test_when_every_sample_crossed_all_of_it_came_from_them() -> None:
    labels = np.array([1, 1])
    before, after = score_probabilities(np.array([0.4, 0.3]), labels), score_probabilities(np.array([0.6, 0.7]), labels)
    movement = measure_movement(after, before, 0.5, losses=np.array([0.5, 0.4]), previous_losses=np.array([0.9, 1.2]))
    assert movement_sentence(movement) == (
        "val loss fell 0.600; all of that came from samples that crossed; "
        "accuracy rose from 0.0% to 100.0% (2 up, 0 down)"
    )


def test_one_sample_among_a_million_is_still_seen_in_the_percentages() -> None:
    movement = dataclasses.replace(STILL, samples=1_000_000, stayed_right=899_987, stayed_wrong=99_999, crossed_up=13)
    movement = dataclasses.replace(movement, crossed_down=12)
    assert "rose from 89.9999% to 90.0000% (13 up, 12 down)" in movement_sentence(movement)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (
            FirstEpoch(30, 12, 0.5, 0.6931, 0),
            "val loss 0.693; 12 of 30 samples right; no earlier epoch to compare with",
        ),
        (FirstEpoch(1, 1, None, None, 0), "1 of 1 sample right; no earlier epoch to compare with"),
        (
            FirstEpoch(30, 0, 0.3, None, 30),
            f"the loss of 30 samples is not finite; 0 of 30 samples right at threshold 0.3; {ALONE}",
        ),
        (FirstEpoch(0, 0, 0.5, None, 0), "there are no validation samples"),
    ],
)
def test_the_first_epoch_is_named_as_such(first: FirstEpoch, expected: str) -> None:
    assert movement_sentence(first) == expected


def test_the_sentence_uses_the_caller_s_name_for_the_loss() -> None:
    assert movement_sentence(STILL, "data loss").startswith("data loss fell 0.031; ")
