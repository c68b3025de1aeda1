"""The classes view: every part where it fits, at the view's threshold, with nothing that has no meaning."""

import math
import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from fitmon.engine import events
from fitmon.engine.insight.observer import Observer
from fitmon.engine.insight.scores import score_probabilities
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.class_data import MAX_CELLS, MAX_IMMEDIATE_CELLS, measure_context, takes_long
from fitmon.tui.drawing.classes import draw_classes
from fitmon.tui.frame import Frame
from tests.tui.fake_run import FakeRun, binary_scores

WIDE, NARROW = (120, 36), (80, 20)


def seen(run: FakeRun, threshold: float = 0.5) -> Frame:
    return Frame(
        snapshot=run.snapshot(),
        name="mnist",
        threshold=threshold,
        log_scale=False,
        frozen=False,
        notice="",
        phase_seconds=0,
    )


def drawn(run: FakeRun, size: tuple[int, int] = WIDE, threshold: float = 0.5) -> str:
    return "\n".join(text_of(line) for line in draw_classes(seen(run, threshold), *size))


def two_classes(*probabilities: float, labels: tuple[int, ...], names: tuple[str, ...] = ("no", "yes")) -> FakeRun:
    return FakeRun().begin(class_names=names).epochs(1, binary_scores(*probabilities, labels=labels))


def several_classes(samples: int, classes: int, names: tuple[str, ...] = (), pull: float = 3.0) -> FakeRun:
    """Return a run whose model answers mostly right."""
    random = np.random.default_rng(0)
    labels = random.integers(0, classes, samples)
    powers = random.standard_normal((samples, classes)).astype(np.float32)
    powers[np.arange(samples), labels] += pull
    shares = np.exp(powers) / np.exp(powers).sum(axis=1, keepdims=True)
    return scored(shares, labels, names)


def scored(shares: npt.NDArray[np.float32], labels: npt.NDArray[np.int64], names: tuple[str, ...] = ()) -> FakeRun:
    observer = Observer(len(labels), 0.5)
    run = FakeRun().begin(class_names=names)
    observation = observer.observe(score_probabilities(shares, labels), 1, probabilities=shares)
    return run.tell(events.SamplesScored(observation=observation)).epoch_ended(1)


def several_labels() -> FakeRun:
    """Three samples of two labels each."""
    scores = binary_scores(0.9, 0.2, 0.8, 0.6, 0.4, 0.7, labels=(1, 0, 0, 1, 1, 1))
    run = FakeRun().begin(class_names=("sports", "arts"))
    return run.epochs(1, replace(scores, labels=2))


MIXED = two_classes(0.6, 0.8, 0.3, 0.7, 0.55, 0.2, labels=(1, 1, 0, 0, 1, 0))


def test_a_wide_terminal_shows_all_parts_and_says_at_which_threshold() -> None:
    text = drawn(MIXED)
    for words in ("confusion matrix", "each class", "calibration", "accuracy in context"):
        assert words in text
    assert text.count("at threshold 0.5") == 3


def test_another_threshold_changes_matrix_bars_and_accuracy_but_no_probability() -> None:
    before, after = drawn(MIXED), drawn(MIXED, threshold=0.75)
    assert "[3]" in before
    assert re.search(r"yes +2 +\[1\]", re.sub("[░▒▓]", " ", after))
    assert "at threshold 0.75" in after
    assert re.search(r"accuracy +0\.8333", before)
    assert re.search(r"accuracy +0\.6667", after)
    assert re.search(r"Brier score +\S+", before)[0] == re.search(r"Brier score +\S+", after)[0]  # type: ignore[index]


def test_the_calibration_says_when_it_is_about_another_threshold() -> None:
    assert re.search(r"calibration +at threshold 0\.5 ", drawn(MIXED, threshold=0.75))
    assert not re.search(r"calibration +at threshold", drawn(MIXED))


def test_the_context_matches_numbers_worked_by_hand() -> None:
    text = drawn(MIXED)
    assert re.search(r"95% band +0\.4365 +to 0\.9699", text)
    assert re.search(r"majority baseline +0\.5000 +always predicting no", text)
    assert re.search(r"balanced accuracy +0\.8333", text)
    assert re.search(r"ROC AUC +0\.7778", text)
    assert re.search(r"Matthews correlation +0\.7071", text)


def test_three_classes_have_no_threshold() -> None:
    text = drawn(several_classes(60, 3, ("setosa", "versicolor", "virginica")))
    assert "threshold" not in text
    assert "versicolor" in text
    assert "Matthews" not in text


def test_ten_classes_show_their_matrix_wide_and_narrow() -> None:
    run = several_classes(2000, 10, tuple("0123456789"))
    for size in (WIDE, (100, 28), (80, 24), NARROW):
        text = drawn(run, size)
        assert "confusion matrix" in text
        assert "each class" in text
        assert "accuracy 0." in text or "accuracy in context" in text


@pytest.mark.parametrize("classes", [40, 300, 5000])
def test_many_classes_show_the_most_frequent_confusions_and_the_worst_classes(classes: int) -> None:
    text = drawn(several_classes(600, classes, tuple(f"class_{number}" for number in range(classes))))
    assert "most frequent confusions" in text
    assert "worst F1 first" in text
    assert re.search(r"and [\d,]+ more classes", text)
    assert "calibration" in text


def test_several_labels_are_measured_one_by_one() -> None:
    text = drawn(several_labels())
    assert "each label  at threshold 0.5" in text
    assert re.search(r"sports +2 +0\.500 +0\.500 +0\.500", text)
    assert re.search(r"arts +2 +1\.000 +1\.000 +1\.000", text)
    assert "confusion" not in text
    assert "balanced" not in text
    assert "Matthews" not in text
    assert "all labels" in text
    assert "of 6 labels" in text


def test_nan_predictions_are_excluded_from_the_classes_and_reported() -> None:
    run = two_classes(math.nan, 0.9, 0.8, 0.1, labels=(1, 1, 0, 0))
    text = drawn(run)
    assert "1 prediction is NaN" in text
    assert "no curve while predictions are NaN" in text
    assert re.search(r"accuracy +0\.5000", text)
    assert re.search(r"yes +1 +1\.000 +0\.500", text)
    assert "balanced" not in text
    assert "1 prediction is NaN" in drawn(run, (80, 13))


def test_if_all_predictions_are_nan_one_sentence_is_shown() -> None:
    assert "all predictions of this model are NaN" in drawn(two_classes(math.nan, math.nan, labels=(1, 0)))


def test_a_single_class_is_reported_and_what_needs_two_is_hidden() -> None:
    text = drawn(two_classes(0.9, 0.2, 0.8, labels=(1, 1, 1)))
    assert "all samples are of class yes: accuracy says little" in text
    assert "none, predicted 1×" in text
    for hidden in ("ROC AUC", "balanced", "Matthews", "average precision"):
        assert hidden not in text


def test_one_sample_alone_has_no_calibration() -> None:
    text = drawn(two_classes(0.9, labels=(1,)))
    assert "one sample is not enough for a curve" in text
    assert "of 1 sample " in text
    assert "calibration error" not in text


def test_without_scores_the_reason_is_shown_in_one_line() -> None:
    assert "probabilities are available after the first validation" in drawn(FakeRun().begin())
    assert "mean_squared_error knows no probabilities" in drawn(
        FakeRun().begin(no_probabilities="mean_squared_error knows no probabilities")
    )


def test_the_untrained_model_is_labeled_as_such() -> None:
    run = FakeRun().begin(class_names=("no", "yes")).observe(0, binary_scores(0.6, 0.4, labels=(1, 0)))
    assert "before training" in drawn(run)


def test_hostile_names_reach_no_part_of_the_screen_unescaped() -> None:
    run = two_classes(0.6, 0.8, 0.3, labels=(0, 1, 0), names=("\x1b[2J\x1b]0;title\x07no", "[red]yes\n\x07"))
    for size in (WIDE, NARROW, (40, 10)):
        text = drawn(run, size)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f]", text)
        assert "title" not in text


RUNS = {
    "two classes": MIXED,
    "one sample": two_classes(0.9, labels=(1,)),
    "one class": two_classes(0.9, 0.2, labels=(1, 1)),
    "not numbers": two_classes(math.nan, 0.9, 0.1, labels=(1, 1, 0)),
    "ten": several_classes(500, 10, tuple("0123456789")),
    "wide names": several_classes(300, 12, tuple(f"名前の長い{number}" for number in range(12))),
    "forty": several_classes(2000, 40),
    "thousands": several_classes(900, 2000, tuple(f"class_{number}" for number in range(2000))),
    "labels": several_labels(),
    "nothing": FakeRun().begin(),
}


@pytest.mark.parametrize("name", RUNS)
def test_every_size_is_filled_exactly_and_shows_no_nan(name: str) -> None:
    for width in (1, 5, 20, 40, 47, 60, 71, 78, 80, 99, 100, 120, 160, 200):
        for height in (1, 3, 7, 8, 9, 10, 13, 20, 24, 28, 36, 50):
            rows = draw_classes(seen(RUNS[name], 0.7), width, height)
            assert len(rows) == height
            assert {width_of(line) for line in rows} == {width}
            assert not re.search(r"\bnan\b|\bNone\b", "\n".join(map(text_of, rows)))


def test_very_many_probabilities_are_measured_in_a_thread_and_drawn_afterwards() -> None:
    run = several_classes(MAX_IMMEDIATE_CELLS // 10 + 1, 10)
    observation = run.snapshot().observation
    assert observation is not None
    assert takes_long(observation)
    assert "measuring more" in drawn(run)
    assert "ROC AUC" not in drawn(run)
    measured = draw_classes(seen(run), *WIDE, measure_context(observation))
    text = "\n".join(map(text_of, measured))
    assert "ROC AUC" in text
    assert "measuring more" not in text


def test_few_probabilities_and_two_classes_are_measured_at_once() -> None:
    for run in (several_classes(100, 10), MIXED):
        observation = run.snapshot().observation
        assert observation is not None
        assert not takes_long(observation)
        assert "ROC AUC" in drawn(run)


def test_measurements_that_would_take_seconds_are_left_out() -> None:
    shares = np.broadcast_to(np.float32(1e-3), (MAX_CELLS // 1000 + 1, 1000))
    scores = score_probabilities(shares[:5], np.arange(5))
    observation = replace(Observer(5, 0.5).observe(scores, 1), probabilities=shares)
    assert not takes_long(observation)
