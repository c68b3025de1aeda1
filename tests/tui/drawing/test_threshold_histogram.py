"""The histogram counts and draws every validation sample."""

import pytest

from fitmon.engine.insight.scores import SampleScores
from fitmon.text.roles import Role
from fitmon.text.rows import text_of
from fitmon.tui.drawing.threshold_histogram import THRESHOLD, draw_histogram, histogram, scale
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


def test_a_single_sample_among_thousands_is_still_visible() -> None:
    scores = binary_scores(*[0.95] * 5000, 0.05, labels=(1,) * 5001)
    rows = draw_histogram(histogram(scores, 0.5, 40), 8)
    assert any(role is Role.BAD for _, role in rows[-1])


def test_the_scale_labels_both_ends_and_every_threshold_below_its_column() -> None:
    bins = histogram(MIXED, 0.25, 40)
    numbers = text_of(scale(bins))
    assert numbers.split() == ["0", "0.25", "0.75", "1"]
    top = text_of(draw_histogram(bins, 9)[0])
    assert [place for place, sign in enumerate(top) if sign == THRESHOLD] == [11, 31]
    assert numbers.index("0.25") <= 11 < numbers.index("0.25") + 4


def test_labels_of_close_thresholds_do_not_overlap() -> None:
    assert text_of(scale(histogram(MIXED, 0.49, 40))).split() == ["0", "0.49", "1"]
