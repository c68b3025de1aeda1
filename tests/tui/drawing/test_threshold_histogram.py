"""The histogram counts and draws every validation sample."""

import math
from itertools import pairwise

import pytest

from fitmon.engine.insight.scores import SampleScores
from fitmon.text.roles import Role
from fitmon.text.rows import text_of
from fitmon.tui.drawing.count_axis import GUTTER, count_axis
from fitmon.tui.drawing.threshold_histogram import THRESHOLD, class_histograms, draw_histogram, histogram, scale
from tests.tui.fake_run import binary_scores, several_class_scores

MIXED = binary_scores(0.6, 0.8, 0.3, 0.7, 0.55, labels=(1, 1, 0, 0, 1))


@pytest.mark.parametrize("scores", [MIXED, several_class_scores()])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("columns", [1, 7, 54])
def test_every_sample_is_in_the_histogram_once(scores: SampleScores, threshold: float, columns: int) -> None:
    bins = histogram(scores, threshold, columns)
    assert bins.right.sum() == scores.right(threshold).sum()
    assert (bins.right + bins.wrong).sum() == len(scores)


def test_two_classes_show_the_threshold_from_both_sides() -> None:
    assert histogram(MIXED, 0.7, 50).thresholds == pytest.approx((0.7, 0.3))
    assert histogram(MIXED, 0.5, 50).thresholds == (0.5,)


def test_several_classes_show_the_margin_to_the_best_other_class() -> None:
    bins = histogram(several_class_scores(), 0.5, 50)
    assert (bins.low, bins.high, bins.thresholds) == (-1.0, 1.0, (0.0,))
    assert not bins.right[:24].any()
    assert not bins.wrong[26:].any()


@pytest.mark.parametrize("log_scale", [False, True])
def test_a_single_sample_among_thousands_is_still_visible(log_scale: bool) -> None:
    scores = binary_scores(*[0.95] * 5000, 0.05, labels=(1,) * 5001)
    rows = draw_histogram(histogram(scores, 0.5, 40), 8, log_scale=log_scale)
    assert any(role is Role.BAD for _, role in rows[-1])


def test_heights_are_in_proportion_to_the_counts_and_the_axis_says_how_many_they_are() -> None:
    scores = binary_scores(*[0.96] * 4000, *[0.76] * 1000, labels=(1,) * 5000)
    rows = [text_of(line) for line in draw_histogram(histogram(scores, 0.5, 40), 8)]
    assert sum("█" in row[GUTTER + 30] for row in rows) * 4 == sum("█" in row[GUTTER + 38] for row in rows) == 8
    labels = ["4,000┤", "     │", "3,000┤", "     │", "2,000┤", "     │", "1,000┤", "     │"]
    assert [row[:GUTTER] for row in rows] == labels
    logarithmic = [text_of(line) for line in draw_histogram(histogram(scores, 0.5, 40), 8, log_scale=True)]
    assert sum(row[GUTTER + 30] != " " for row in logarithmic) == 7


@pytest.mark.parametrize("tallest", [1, 3, 45, 999, 4_682, 10_000, 123_456])
@pytest.mark.parametrize("rows", [2, 4, 5, 8, 18, 31])
def test_counts_are_written_in_even_steps_where_a_bar_of_that_height_ends(tallest: int, rows: int) -> None:
    axis = count_axis(tallest, rows, log_scale=False)
    places = sorted(axis.ticks)
    assert places
    assert len({below - above for above, below in pairwise([*places, rows])}) == 1
    for row, count in axis.ticks.items():
        assert axis.eighths(count) == (rows - row) * 8
    assert axis.top >= tallest
    assert axis.eighths(tallest) >= rows * 8 * 0.6


def test_wrong_samples_are_dotted_however_few_they_are() -> None:
    scores = binary_scores(*[0.95] * 400, *[0.05] * 40, *[0.25] * 4, labels=(1,) * 444)
    signs = {
        sign
        for line in draw_histogram(histogram(scores, 0.5, 40), 8)
        for text, role in line
        for sign in text
        if role is Role.BAD
    }
    assert signs == {"⣶", "⣀"}


def test_each_class_is_at_its_probability_with_one_threshold() -> None:
    scores = binary_scores(0.95, 0.15, 0.25, 0.75, labels=(1, 1, 0, 0))
    no, yes = class_histograms(scores, 0.6, 10)
    assert (yes.right.nonzero()[0].tolist(), yes.wrong.nonzero()[0].tolist()) == ([9], [1])
    assert (no.right.nonzero()[0].tolist(), no.wrong.nonzero()[0].tolist()) == ([2], [7])
    assert yes.thresholds == no.thresholds == (0.6,)


def test_nan_is_at_the_wrong_end_of_its_class() -> None:
    scores = binary_scores(math.nan, math.nan, labels=(1, 0))
    no, yes = class_histograms(scores, 0.5, 10)
    assert yes.wrong.tolist() == [1] + [0] * 9
    assert no.wrong.tolist() == [0] * 9 + [1]


@pytest.mark.parametrize("tallest", [0, 1, 7, 45, 999, 10_000, 4_999_999, 3_000_000_000])
@pytest.mark.parametrize("rows", [1, 2, 5, 20])
@pytest.mark.parametrize("log_scale", [False, True])
def test_every_count_of_the_axis_fits_and_falls_from_top_to_bottom(tallest: int, rows: int, log_scale: bool) -> None:
    labels = count_axis(tallest, rows, log_scale=log_scale).labels()
    assert [len(label) for label in labels] == [GUTTER] * rows
    assert any("┤" in label for label in labels) == (tallest > 0)
    assert sum("┤" in label for label in labels) <= max(1, rows // 2)


def test_the_scale_labels_both_ends_and_every_threshold_below_its_column() -> None:
    bins = histogram(MIXED, 0.25, 40)
    numbers = text_of(scale(bins))
    assert numbers.split() == ["0", "0.25", "0.75", "1"]
    top = text_of(draw_histogram(bins, 9)[0])
    assert [place for place, sign in enumerate(top) if sign == THRESHOLD] == [GUTTER + 10, GUTTER + 30]
    assert numbers.index("0.25") <= GUTTER + 10 < numbers.index("0.25") + 4


def test_labels_of_close_thresholds_do_not_overlap() -> None:
    assert text_of(scale(histogram(MIXED, 0.49, 40))).split() == ["0", "0.49", "1"]
