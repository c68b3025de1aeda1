"""The strip of arrows says where the samples of each column of the histogram went."""

import math

import numpy as np
import pytest

from fitmon.engine.insight.scores import SampleScores
from fitmon.text.roles import Role
from fitmon.text.rows import Row, text_of, width_of
from fitmon.tui.drawing.threshold_histogram import column_of_each, positions
from fitmon.tui.drawing.threshold_strip import arrow, strip, strip_legend
from tests.tui.fake_run import binary_scores, several_class_scores


def strip_of(now: SampleScores, before: SampleScores, columns: int) -> Row:
    change = positions(now).astype(np.float64) - positions(before)
    return tuple(strip(change, column_of_each(before, columns), columns))


def arrows(before: tuple[float, ...], now: tuple[float, ...], labels: tuple[int, ...], columns: int = 10) -> str:
    return text_of(strip_of(binary_scores(*now, labels=labels), binary_scores(*before, labels=labels), columns))


@pytest.mark.parametrize(
    ("mean_change", "sign"),
    [
        (0.2, "→"),
        (0.05, "»"),
        (0.005, "›"),
        (0.0005, "·"),
        (0.0, "·"),
        (-0.0005, "·"),
        (-0.005, "‹"),
        (-0.05, "«"),
        (-0.2, "←"),
    ],
)
def test_the_arrow_shows_direction_and_strength(mean_change: float, sign: str) -> None:
    assert arrow(mean_change) == sign


def test_an_arrow_is_drawn_where_the_samples_were_not_where_they_are() -> None:
    assert arrows((0.15,), (0.85,), labels=(1,)) == " →        "


def test_p_of_the_true_class_counts_so_class_0_moves_right_as_p_falls() -> None:
    assert arrows((0.85, 0.25), (0.82, 0.28), labels=(0, 0)) == " »     «  "


def test_the_mean_of_a_column_is_drawn() -> None:
    assert arrows((0.51, 0.52), (0.61, 0.50), labels=(1, 1)) == "     »    ", "+0.10 and −0.02 make +0.04"
    assert arrows((0.51, 0.52), (0.53, 0.50), labels=(1, 1)) == "     ·    ", "they cancel out"


def test_samples_with_nan_in_either_epoch_are_ignored() -> None:
    assert arrows((math.nan, 0.55, 0.55), (0.9, math.nan, 0.75), labels=(1, 1, 1)) == "     →    "


def test_several_classes_move_by_their_margin() -> None:
    scores = several_class_scores()
    line = strip_of(scores, scores, 50)
    assert width_of(line) == 50
    assert set(text_of(line)) == {" ", "·"}


def test_the_direction_is_not_shown_by_color_alone() -> None:
    line = strip_of(binary_scores(0.9, 0.1, labels=(1, 1)), binary_scores(0.5, 0.8, labels=(1, 1)), 10)
    assert ("→", Role.GOOD) in line
    assert ("←", Role.BAD) in line


def test_towards_the_left_end_is_right_for_the_class_that_is_there() -> None:
    change, column = np.array([-0.2, 0.2]), np.array([3, 7])
    assert strip(change, column, 10, towards_right=False) == [
        ("   ", Role.FAINT),
        ("←", Role.GOOD),
        ("   ", Role.FAINT),
        ("→", Role.BAD),
        ("  ", Role.FAINT),
    ]


@pytest.mark.parametrize("width", [1, 20, 40, 80])
def test_the_legend_fits_its_width_and_explains_the_signs_first(width: int) -> None:
    legend = text_of(strip_legend(2, width))
    assert len(legend) <= width
    assert ("→ 0.1 · less" in legend) == (width >= 40)
    assert ("mean move since last epoch" in legend) == (width >= 80)


def test_the_first_epoch_is_compared_with_the_untrained_model() -> None:
    assert "mean move since the start" in text_of(strip_legend(1, 80))
