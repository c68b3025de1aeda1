"""The table of the four groups adds up to the change of the loss."""

import dataclasses

import numpy as np
import pytest

from fitmon.engine.insight.movement import LossChange, Movement, measure_movement
from fitmon.engine.insight.scores import SampleScores
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.threshold_groups import Group, bar_cells, groups_block, number_texts, signed
from tests.tui.fake_run import binary_scores

LABELS = (1, 1, 0, 0)
BEFORE = binary_scores(0.4, 0.6, 0.2, 0.7, labels=LABELS)
NOW = binary_scores(0.7, 0.8, 0.6, 0.6, labels=LABELS)
"""One crossed up, one stayed right and is more confident, one crossed down, one stayed wrong and is closer."""


def losses(scores: SampleScores) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    lost: np.ndarray[tuple[int], np.dtype[np.float32]] = -np.log(scores.probability_true)
    return lost


def movement(with_losses: bool = True) -> Movement:
    both = (losses(NOW), losses(BEFORE)) if with_losses else (None, None)
    measured = measure_movement(NOW, BEFORE, 0.5, losses=both[0], previous_losses=both[1])
    assert isinstance(measured, Movement)
    return measured


def texts(measured: Movement, form: int = 0, width: int = 60, epoch: int = 2) -> list[str]:
    block = groups_block(measured, epoch, width)
    return [text_of(line).rstrip() for line in (block.rows, block.smaller, *block.larger)[form]]


def test_each_group_has_its_count_and_its_share_of_the_loss_change() -> None:
    assert texts(movement()) == [
        "              samples    loss  since the last epoch",
        " stayed right       1  −0.072  1 more, 0 less confident",
        " stayed wrong       1  −0.072  1 toward, 0 away",
        " crossed ↑          1  −0.140  was wrong, now right",
        " crossed ↓          1  +0.173  was right, now wrong",
    ]


def test_with_room_bars_show_each_group_s_share_and_the_sum_is_shown() -> None:
    full = texts(movement(), form=2)
    assert full[0].endswith("fell│rose")
    assert full[1].endswith("     █████│"), "0.072 of 0.173, in 12 cells"
    assert full[2] == "   1 more, 0 less confident"
    assert full[-2].endswith("│████████████")
    assert full[-1] == " total              4  −0.110"


def test_without_room_only_the_crossings_are_shown() -> None:
    assert texts(movement(), form=1) == [" crossed ↑ 1 to right  ↓ 1 to wrong  since the last epoch"]
    assert texts(movement(), form=1, width=40) == [" crossed ↑ 1 to right  ↓ 1 to wrong"]


def test_the_first_epoch_is_compared_with_the_untrained_model() -> None:
    assert texts(movement(), epoch=1)[0].endswith("since before training")


def test_without_losses_of_single_samples_only_counts_are_shown() -> None:
    assert texts(movement(with_losses=False))[:2] == [
        "              samples  since the last epoch",
        " stayed right       1  1 more, 0 less confident",
    ]
    full = texts(movement(with_losses=False), form=2)
    assert not any("loss" in line or "together" in line or "│" in line for line in full)


def test_a_group_without_samples_has_no_share_of_the_loss_change() -> None:
    groups = Group("stayed right", 5, -0.25), Group("crossed ↑", 0, 0.0)
    assert number_texts(groups) == ["samples    loss", "      5  −0.250", "      0       –"]


@pytest.mark.parametrize(
    ("change", "largest", "text"),
    [
        (-0.0312, 0.0312, "−0.0312"),
        (0.00004, 0.0312, "0.0000"),
        (-0.4, 123.0, "0"),
        (1234.0, 1234.0, "+1,234"),
        (-3.21e-6, 3.21e-6, "−0.00000321"),
        (-1e-12, 1e-12, "0.00000000"),
        (0.0, 0.0, "0.0"),
        (-2.5e12, 2.5e12, "−2.5e12"),
    ],
)
def test_changes_have_the_decimals_of_the_largest(change: float, largest: float, text: str) -> None:
    assert signed(change, largest) == text


def test_the_bar_of_the_smallest_change_is_still_visible() -> None:
    assert text_of(bar_cells(-1e-9, 1.0, 4)) == "     ▐│    "
    assert text_of(bar_cells(1e-9, 1.0, 4)) == "      │▌   "
    assert text_of(bar_cells(0.0, 0.0, 4)) == "      │    "
    assert bar_cells(1.0, 1.0, 0) == ()


@pytest.mark.parametrize("width", [34, 38, 44, 58, 100])
def test_the_table_fits_its_width_with_a_million_samples(width: int) -> None:
    million = dataclasses.replace(
        movement(),
        samples=1_000_000,
        stayed_right=900_000,
        right_further=450_000,
        right_closer=440_000,
        parts=LossChange(-0.012, 0.0001, -0.002, 0.001),
    )
    block = groups_block(million, 2, width)
    for form in (block.rows, block.smaller, *block.larger):
        assert all(width_of(line) <= width for line in form)
