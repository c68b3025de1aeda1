"""The threshold panel counts and draws every validation sample."""

import math

import pytest

from fitmon.engine.insight.scores import SampleScores
from fitmon.tui.palette import Role
from fitmon.tui.picture import Picture
from fitmon.tui.rows import text_of, width_of
from fitmon.tui.widgets.threshold import draw_histogram, draw_threshold, histogram

from .fake_run import FakeRun, binary_scores, several_class_scores


def picture(run: FakeRun, threshold: float = 0.5) -> Picture:
    return Picture(
        snapshot=run.snapshot(),
        name="mnist",
        threshold=threshold,
        log_scale=False,
        held=False,
        notice="",
        phase_seconds=0,
    )


def drawn(run: FakeRun, threshold: float = 0.5, width: int = 60, height: int = 16) -> str:
    return "\n".join(text_of(row) for row in draw_threshold(picture(run, threshold), width, height))


MIXED = binary_scores(0.6, 0.8, 0.3, 0.7, 0.55, labels=(1, 1, 0, 0, 1))


@pytest.mark.parametrize("scores", [MIXED, several_class_scores()])
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("columns", [1, 7, 54])
def test_every_sample_stands_in_the_histogram_once(scores: SampleScores, threshold: float, columns: int) -> None:
    bins = histogram(scores, threshold, columns)
    assert bins.right.sum() == scores.right(threshold).sum()
    assert (bins.right + bins.wrong).sum() == len(scores)


def test_two_classes_show_the_threshold_from_both_sides() -> None:
    assert histogram(MIXED, 0.7, 50).borders == pytest.approx((0.3, 0.7))
    assert histogram(MIXED, 0.5, 50).borders == (0.5,)


def test_several_classes_show_the_margin_to_the_best_other_class() -> None:
    bins = histogram(several_class_scores(), 0.5, 50)
    assert (bins.low, bins.high, bins.borders) == (-1.0, 1.0, (0.0,))
    assert not bins.right[:24].any()
    assert not bins.wrong[26:].any()


def test_samples_without_a_number_are_wrong_and_break_nothing() -> None:
    run = FakeRun().begin(class_names=("no", "yes")).epochs(1, binary_scores(math.nan, 0.9, labels=(1, 1)))
    assert "wrong 1" in drawn(run)


def test_a_single_sample_among_thousands_is_still_seen() -> None:
    scores = binary_scores(*[0.95] * 5000, 0.05, labels=(1,) * 5001)
    rows = draw_histogram(histogram(scores, 0.5, 40), 8)
    assert any(role is Role.BAD for _, role in rows[-1])


def test_the_counts_say_what_crossed_since_the_epoch_before() -> None:
    run = FakeRun().begin(class_names=("no", "yes")).epochs(1, binary_scores(0.4, 0.6, 0.2, labels=(1, 1, 0)))
    run.epoch_ended(2, binary_scores(0.7, 0.45, 0.1, labels=(1, 1, 0)))
    text = drawn(run)
    for words in ("right 2", "wrong 1", "crossed ↑ 1 to right", "↓ 1 to wrong", "near 1", "answers 1 if p > 0.5"):
        assert words in text


def test_before_any_scores_the_panel_says_why_it_is_empty() -> None:
    assert "probabilities come with the first validation" in drawn(FakeRun().begin())
    assert "no probability for each sample" in drawn(FakeRun().begin().epochs(1))


@pytest.mark.parametrize("size", [(60, 16), (40, 7), (20, 5), (6, 3), (1, 1), (200, 60)])
def test_no_size_breaks_the_panel(size: tuple[int, int]) -> None:
    run = FakeRun().begin(class_names=("no", "yes")).epochs(2, MIXED)
    rows = draw_threshold(picture(run), *size)
    assert {width_of(row) for row in rows} == {size[0]}
    assert len(rows) == size[1]


def test_the_texture_of_wrong_samples_differs_from_the_right_ones() -> None:
    run = FakeRun().begin(class_names=("no", "yes")).epochs(1, MIXED)
    text = drawn(run)
    assert "░" in text
    assert "█" in text
