"""The chosen sample tells its past in words and curves, and shows itself."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fitmon.engine.insight.history import SampleCurve
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import score_probabilities
from fitmon.engine.samples import ValidationSamples
from fitmon.text.format import NO_BREAK
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.chosen_sample import ChosenSample
from fitmon.tui.drawing.sample_curve import draw_curve
from fitmon.tui.drawing.sample_detail import draw_curves, draw_detail, times
from tests.tui.sample_observations import observed, random_scores, samples_of, two_classes

NAMES = ("no", "yes")
IMAGES = samples_of(np.ones((300, 28, 28)))


def drawn(
    observation: Observation,
    entry: int = 0,
    *,
    threshold: float = 0.5,
    samples: ValidationSamples | None = None,
    names: tuple[str, ...] = NAMES,
    width: int = 120,
    height: int = 34,
) -> str:
    chosen = ChosenSample(observation, threshold, entry, samples, names)
    return "\n".join(text_of(line).replace(NO_BREAK, " ") for line in draw_detail(chosen, width, height))


def told(*probabilities: float, label: int = 1, threshold: float = 0.5) -> str:
    """Return what is drawn of one sample whose probability of class 1 went like this."""
    return drawn(observed(*[two_classes(p, labels=(label,)) for p in probabilities]), threshold=threshold)


def test_a_wrong_sample_shows_its_true_and_its_predicted_class() -> None:
    text = told(0.25)
    for words in ("sample 0", "✗ wrong: true yes, predicted no", "p(true) 0.2500", "margin −0.5000", "loss 1.3863"):
        assert words in text


def test_a_right_sample_shows_since_when_and_how_often_it_was_forgotten() -> None:
    text = told(0.75, 0.25, 0.75, 0.75)
    for words in (
        "✓ right: yes",
        "right since epoch 3 · crossed 2 times · forgotten once",
        "mean p(true) 0.625, spread 0.217 (4 epochs)",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        ((0.25, 0.75), "p(true) ↑ 0.5000 since the last epoch, crossed to right"),
        ((0.75, 0.25), "p(true) ↓ 0.5000 since the last epoch, crossed to wrong"),
        ((0.75, 0.75), "p(true) unchanged since the last epoch"),
        ((math.nan, 0.75), "p(true) cannot be compared with the last epoch, crossed to right"),
    ],
)
def test_the_change_since_the_previous_epoch_is_shown(probabilities: tuple[float, ...], words: str) -> None:
    assert words in told(*probabilities)


def test_the_first_epoch_is_compared_with_the_untrained_model() -> None:
    scores = [two_classes(p, labels=(1,)) for p in (0.25, 0.75)]
    text = drawn(observed(*scores, first_epoch=0))
    assert "since the untrained model" in text
    assert "epoch 0 " in text


@pytest.mark.parametrize(
    ("probabilities", "words"),
    [
        ((0.9, 0.9), "too early to classify"),
        ((0.9,) * 3, "easy: p(true) is high and stable"),
        ((0.25,) * 3, "hard: p(true) is low and stable"),
        ((0.02,) * 3, "suspect: confident and wrong, maybe mislabeled"),
        ((0.2, 0.8, 0.2, 0.8), "unstable: it keeps crossing the threshold"),
        ((0.5,) * 3, "ambiguous: p(true) varies, or is medium"),
    ],
)
def test_the_kind_of_a_sample_is_explained(probabilities: tuple[float, ...], words: str) -> None:
    assert words in told(*probabilities)


def test_a_nan_prediction_is_described_and_never_shown_as_nan() -> None:
    text = told(math.nan, math.nan, math.nan)
    assert "✗ wrong: true yes, the prediction is NaN" in text
    assert "nan" not in text.replace("unchanged", "")


def test_the_history_uses_the_threshold_of_the_run_and_says_so() -> None:
    assert "its history is at the run's threshold 0.5" in told(0.6, threshold=0.7)
    assert "✗ wrong" in told(0.6, threshold=0.7)
    assert "the run's threshold" not in told(0.6)


@pytest.mark.parametrize(("label", "border"), [(1, "0.7"), (0, "0.3")])
def test_for_two_classes_the_threshold_is_a_line_in_the_curve(label: int, border: str) -> None:
    rows = told(0.95, 0.9, label=label, threshold=0.7).splitlines()
    assert any(f" {border} " in line and "┈┈┈" in line for line in rows)


def test_several_classes_have_no_such_line() -> None:
    assert "┈" not in drawn(observed(random_scores(3, 4), random_scores(3, 4, seed=1)))


def test_curves_show_first_and_last_value_as_precisely_as_the_facts() -> None:
    text = told(0.5, 0.2004)
    assert "p(true) 0.500 → 0.200" in text
    assert "loss 0.693 → 1.61" in text
    assert "epoch 1" in text


def test_without_losses_there_is_no_loss_curve() -> None:
    scores = two_classes(0.5, labels=(1,), losses=False)
    text = drawn(observed(scores, scores))
    assert "p(true) 0.500 → 0.500" in text
    assert "loss" not in text


def test_a_curve_rises_from_its_lower_left_to_its_upper_right() -> None:
    rows = [text_of(line) for line in draw_curve((1, 2), (0.0, 1.0), 6, 2, labels={0.0: "0", 1.0: "1"})]
    assert rows == ["1   ⡠⠊", "0 ⡠⠊  "]


def test_a_curve_shows_gaps_and_isolated_points() -> None:
    values = (0.0, 0.0, math.nan, 1.0, math.nan, math.inf, 0.0, 0.0)
    upper, lower = draw_curve(tuple(range(8)), values, 18, 2, labels={0.0: "0", 1.0: "1"})
    assert text_of(upper).count("•") == 1
    assert text_of(upper).replace("•", " ").strip() == "1"
    assert " " in text_of(lower).strip("0 ")


def test_a_curve_is_drawn_at_its_epochs_not_at_even_distances() -> None:
    rows = draw_curve((1, 2, 101), (0.0, 1.0, 1.0), 102, 2, labels={0.0: "0", 1.0: "1"})
    foot = text_of(rows[1])[2:]
    assert foot.strip()
    assert not foot[2:].strip()


def test_values_off_the_scale_stay_within_the_curve() -> None:
    rows = draw_curve((1, 2), (-5.0, 9.0), 20, 3, labels={0.0: "0", 1.0: "1"}, threshold=0.5)
    assert {width_of(line) for line in rows} == {20}
    assert len(rows) == 3


def test_a_low_panel_shows_p_true_and_a_wide_one_both_side_by_side() -> None:
    curve = SampleCurve(epochs=(1, 2), probability_true=(0.1, 0.9), losses=(2.3, 0.1))
    both = [text_of(line) for line in draw_curves(curve, 0.5, 44, 7)]
    assert "p(true) 0.100 → 0.900" in both[0]
    assert "loss 2.3 → 0.1" in both[0]
    assert not any("loss" in text_of(line) for line in draw_curves(curve, 0.5, 22, 7))
    assert any("loss" in text_of(line) for line in draw_curves(curve, 0.5, 22, 10))
    assert draw_curves(curve, 0.5, 22, 4) == []


def test_a_heading_without_room_for_both_ends_shows_the_newest() -> None:
    curve = SampleCurve(epochs=(1, 2), probability_true=(0.1, 0.9), losses=(math.nan, math.nan))
    assert text_of(draw_curves(curve, None, 16, 6)[0]) == "p(true) 0.900"


@pytest.mark.parametrize(("width", "height"), [(46, 34), (80, 34), (80, 20), (120, 20)])
def test_an_image_of_28_by_28_is_shown_pixel_by_pixel_where_there_is_room(width: int, height: int) -> None:
    rows = drawn(observed(random_scores(300, 2)), 7, samples=IMAGES, width=width, height=height).splitlines()
    assert sum("█" * 28 in line for line in rows) == 14


def test_missing_inputs_are_reported() -> None:
    assert "the input of the model cannot be shown" in told(0.25)
    assert "cannot be shown" not in drawn(observed(random_scores(300, 2)), samples=IMAGES)


def test_several_labels_name_the_label_and_show_the_sample_it_belongs_to() -> None:
    scores = replace(two_classes(0.1, 0.9, 0.2, 0.8, labels=(1, 1, 0, 0)), labels=2)
    samples = samples_of(np.array([[1.5], [2.5]]), feature_names=("size",))
    text = drawn(observed(scores), 3, samples=samples, names=("cat", "dog"))
    assert "sample 1 · label dog" in text
    assert "✗ wrong: true 0, predicted 1" in text
    assert "size    2.5" in text


@pytest.mark.parametrize(
    ("number", "words"),
    [(0, "never crossed"), (1, "crossed once"), (2, "crossed 2 times"), (1_000, "crossed 1,000 times")],
)
def test_counts_are_written_in_words(number: int, words: str) -> None:
    assert times(number, "never", "crossed") == words


def test_names_cannot_control_the_terminal() -> None:
    text = told(0.25)
    hostile = drawn(observed(two_classes(0.25, labels=(1,))), names=("\x1b]0;a\x07", "[b]\x1b[2Jyes"))
    assert "\x1b" not in hostile
    assert "true [b]yes" in hostile
    assert len(hostile) == len(text)


def test_a_name_with_many_no_break_spaces_is_drawn_like_any_other() -> None:
    """Broken at a hard blank that fills a line, it once took the screen for ever."""
    text = drawn(observed(two_classes(0.25, labels=(1,))), names=("no", "a" + "\u00a0" * 500 + "b"), width=46)
    assert "true a b, predicted no" in text


OBSERVATIONS = {
    "long past": observed(*[random_scores(300, 2, seed) for seed in range(30)]),
    "thousands of classes": observed(random_scores(300, 2_000), random_scores(300, 2_000, seed=1)),
    "untrained": observed(random_scores(300, 2), first_epoch=0),
    "no numbers": observed(*[two_classes(*[math.nan] * 300, labels=(1,) * 300)] * 4),
    "no losses": observed(score_probabilities(np.full(300, 0.25), np.ones(300, dtype=int))),
    "infinite losses": observed(*[two_classes(*[0.0] * 300, labels=(1,) * 300)] * 2),
    "no losses to speak of": observed(*[two_classes(*[1.0] * 300, labels=(1,) * 300)] * 2),
}


@pytest.mark.parametrize("observation", OBSERVATIONS.values(), ids=OBSERVATIONS.keys())
@pytest.mark.parametrize(
    "size",
    [(46, 36), (46, 12), (40, 7), (80, 9), (80, 20), (120, 36), (200, 50), (70, 14), (20, 8), (7, 9), (5, 3), (1, 1)],
)
@pytest.mark.parametrize("threshold", [0.0, 0.3, 1.0])
def test_no_size_breaks_the_detail(observation: Observation, size: tuple[int, int], threshold: float) -> None:
    chosen = ChosenSample(observation, threshold, 299, IMAGES, ("a name of a class that is rather long",) * 2)
    rows = draw_detail(chosen, *size)
    assert len(rows) == size[1]
    assert {width_of(line) for line in rows} == {size[0]}
    assert not any(" nan" in text_of(line) for line in rows)
