"""The threshold panel says what moved and why, at every size, and hides what has no meaning."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from textual.app import App, ComposeResult

from fitmon.engine.insight.scores import SampleScores, score_probabilities
from fitmon.text.roles import Role
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.threshold import draw_threshold
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.threshold_panel import ThresholdPanel
from tests.tui.fake_run import FakeRun, binary_scores, several_class_scores

LABELS = (1, 1, 0, 0)
BEFORE = binary_scores(0.4, 0.6, 0.2, 0.7, labels=LABELS)
NOW = binary_scores(0.7, 0.8, 0.6, 0.6, labels=LABELS)
"""At 0.5 one crossed up, one stayed right, one crossed down, one stayed wrong; at 0.65 all are right."""


def picture(run: FakeRun, threshold: float = 0.5) -> Frame:
    return Frame(
        snapshot=run.snapshot(),
        name="mnist",
        threshold=threshold,
        log_scale=False,
        frozen=False,
        notice="",
        phase_seconds=0,
    )


def drawn(
    run: FakeRun, threshold: float = 0.5, width: int = 60, height: int = 18, *, by_class: bool = True, log: bool = False
) -> str:
    frame = replace(picture(run, threshold), log_scale=log)
    return "\n".join(text_of(row) for row in draw_threshold(frame, width, height, by_class=by_class))


def value_of(name: str, text: str) -> str | None:
    """The number beside a name in the columns of numbers."""
    found = re.search(rf" {name} +([\d.]+) ", text)
    return None if found is None else found[1]


def with_losses(scores: SampleScores) -> SampleScores:
    return replace(scores, losses=-np.log(np.maximum(scores.probability_true, np.float32(1e-7))))


def observed(*epochs: SampleScores, names: Sequence[str] = ("no", "yes"), val_accuracy: float = 0.5) -> FakeRun:
    """A run whose validation samples were scored once before training and after every epoch."""
    run = FakeRun().begin(class_names=tuple(names))
    run.observe(0, with_losses(epochs[0]))
    for number, scores in enumerate(epochs[1:], start=1):
        run.epoch_ended(number, with_losses(scores), val_loss=0.5, val_accuracy=val_accuracy)
    return run


def test_the_sentence_comes_first() -> None:
    lines = [line.strip("│ ") for line in drawn(observed(BEFORE, BEFORE, NOW)).split("\n")[1:4]]
    said = " ".join(lines)
    assert said.startswith("val loss fell 0.110; samples that did not cross lowered it by 0.144")
    assert said.endswith("accuracy unchanged (1 up, 1 down)")


def test_a_sentence_too_long_for_three_rows_is_cut_and_says_so() -> None:
    lines = drawn(observed(BEFORE, BEFORE, NOW), 0.45, 40, 20).split("\n")
    assert lines[3].rstrip("│ ").endswith("…")
    assert "…" not in "".join(lines[4:])


def test_a_number_is_not_separated_from_its_percent_sign() -> None:
    for width in range(40, 130):
        text = drawn(observed(BEFORE, BEFORE, NOW), 0.65, width=width, height=20)
        assert not any(line.lstrip("│ ").startswith("%") for line in text.split("\n"))


def test_the_overview_shows_both_classes_the_groups_and_both_accuracies() -> None:
    text = drawn(observed(BEFORE, BEFORE, NOW), height=19)
    for words in (
        "█ right 2  (50.0%)",
        "░ wrong 2",
        "near 0",
        "stayed right       1  −0.072  1 more, 0 less confident",
        "stayed wrong       1  −0.072  1 toward, 0 away",
        "crossed ↑          1  −0.140",
        "crossed ↓          1  +0.173",
        "p(yes) by true class  against threshold 0.5",
        "val_accuracy 0.5000 at 0.5",
        "accuracy 0.5000 at 0.5",
    ):
        assert words in text


def test_the_arrows_are_right_below_the_columns_of_the_histogram() -> None:
    lines = drawn(observed(BEFORE, BEFORE, NOW), width=57, height=18, by_class=False).split("\n")
    (below,) = (number for number, line in enumerate(lines) if "→" in line and "less" not in line)
    assert "█" in lines[below - 1]
    assert "0.5" in lines[below + 1]
    assert [place for place, sign in enumerate(lines[below]) if sign in "→←»«"] == [21, 26, 35, 45]
    assert [lines[below][place] in "»→" for place in (21, 26, 35, 45)] == [True, True, True, False]


@pytest.mark.parametrize("size", [(120, 36), (80, 20)])
def test_the_view_shows_what_follows_from_its_threshold_beside_what_the_run_reports(size: tuple[int, int]) -> None:
    run = observed(BEFORE, BEFORE, NOW)
    names = ("val_accuracy", "accuracy", "precision", "recall", "F1", "balanced(?: accuracy)?")
    at_half, moved = drawn(run, 0.5, *size), drawn(run, 0.65, *size)
    assert [value_of(name, at_half) for name in names] == ["0.5000", "0.5000", "0.5000", "1.0000", "0.6667", "0.5000"]
    assert [value_of(name, moved) for name in names] == ["0.5000", *["1.0000"] * 5]


def test_the_wide_view_names_both_thresholds() -> None:
    text = drawn(observed(BEFORE, BEFORE, NOW), 0.65, 120, 36)
    assert "reported by the run, at 0.5" in text
    assert "at threshold 0.65 (this view)" in text
    sides = "┊ yes is right above 0.65, no above 0.35"
    assert sides not in text, "one line says it all"
    assert sides in drawn(observed(BEFORE, BEFORE, NOW), 0.65, 120, 36, by_class=False)


def test_the_confusion_matrix_follows_the_threshold() -> None:
    def matrix(threshold: float) -> list[list[str]]:
        lines = [line[1:-1].split() for line in drawn(observed(BEFORE, BEFORE, NOW), threshold, 120, 36).split("\n")]
        return [line[-3:] for line in lines if line[-3:-2] in (["no"], ["yes"])]

    assert matrix(0.5) == [["no", "0", "2"], ["yes", "0", "2"]]
    assert matrix(0.65) == [["no", "2", "0"], ["yes", "0", "2"]]
    assert matrix(1.0) == [["no", "2", "0"], ["yes", "2", "0"]]


def test_no_precision_is_shown_if_1_is_never_predicted() -> None:
    text = drawn(observed(BEFORE, BEFORE, NOW), 1.0, 120, 36)
    assert value_of("precision", text) is None
    assert value_of("recall", text) == "0"
    assert value_of("F1", text) == "0"


def test_a_reported_accuracy_of_another_kind_claims_no_threshold() -> None:
    text = drawn(observed(BEFORE, BEFORE, NOW, val_accuracy=0.9), 0.5, 120, 36)
    assert "0.9000  reported by the run " in text
    assert "by the run, at" not in text


def test_an_accuracy_of_another_epoch_is_not_shown_beside_these_samples() -> None:
    run = observed(BEFORE, BEFORE, NOW)
    run.observe(3, with_losses(NOW))
    assert "val_accuracy" not in drawn(run, 0.5, 120, 36)


def test_before_training_there_is_nothing_to_compare_with() -> None:
    text = drawn(observed(BEFORE), 0.5, 120, 36)
    assert "before training" in text.split("\n")[0]
    assert "no earlier epoch to compare with" in text
    for words in ("epoch 0", "crossed", "stayed", "›", "→ 0.1"):
        assert words not in text


def test_the_first_epoch_is_compared_with_the_untrained_model() -> None:
    text = drawn(observed(BEFORE, NOW), 0.5, 120, 36)
    assert "against the untrained model" in text
    assert "mean move since the start" in text


def test_accuracy_is_shown_in_context() -> None:
    scores = binary_scores(*[0.9] * 60, *[0.1] * 40, labels=(1,) * 60 + (0,) * 40)
    text = drawn(observed(scores, scores, val_accuracy=1.0), 0.5, 120, 36)
    assert "baseline  0.6000  always predicting yes" in text
    assert "95% band  0.9630  to 1.0000: noise of 100 samples" in text, "Wilson: 1 / (1 + 3.8415 / 100)"
    assert "the baseline" not in text.replace("always", "")
    always_yes = drawn(observed(scores, scores), 0.0, 120, 36)
    assert "within the noise of the baseline" in always_yes
    always_no = drawn(observed(scores, scores), 1.0, 120, 36)
    assert "worse than the baseline" in always_no


def test_several_classes_have_no_threshold_no_matrix_and_no_precision() -> None:
    scores = several_class_scores()
    text = drawn(observed(scores, scores, names=("a", "b", "c"), val_accuracy=0.3), 0.123, 120, 36)
    for words in (
        "margin: p(true) − best other",
        "prediction = most probable class",
        "balanced accuracy",
        "val_accuracy",
    ):
        assert words in text
    for words in ("threshold", "precision", "predicted →", "0.123", "(this view)"):
        assert words not in text


def test_a_single_class_is_reported_and_what_needs_two_is_hidden() -> None:
    scores = binary_scores(0.2, 0.3, 0.6, labels=(0, 0, 0))
    text = drawn(observed(scores, scores), 0.5, 120, 36)
    assert "all samples are of class no: accuracy says little" in text
    for words in ("balanced", "precision", "recall", "f1", "baseline", "nan"):
        assert words not in text.lower()


def test_one_sample_is_enough_to_draw() -> None:
    scores = binary_scores(0.6, labels=(1,))
    text = drawn(observed(scores, scores, val_accuracy=1.0), 0.5, 120, 36)
    assert "█ right 1  (100.0%)" in text
    assert "nan" not in text.lower()


def test_predictions_that_are_not_numbers_are_counted_as_wrong_and_never_printed() -> None:
    broken = binary_scores(math.nan, 0.9, math.nan, 0.1, labels=(1, 1, 0, 0))
    for size in ((120, 36), (60, 18), (40, 10)):
        text = drawn(observed(BEFORE, broken), 0.5, *size)
        assert "wrong 2" in text
        assert "nan" not in text.replace("predictions are NaN", "").lower()
    assert "2 predictions are NaN and count as wrong" in drawn(observed(BEFORE, broken), 0.5, 120, 36)
    one = binary_scores(math.nan, 0.9, labels=(1, 1))
    assert "1 prediction is NaN and counts as wrong" in drawn(observed(one, one))


def test_labels_of_one_sample_are_reported_to_count_separately() -> None:
    scores = replace(NOW, labels=2)
    text = drawn(observed(scores, scores, names=("crimson", "oval")), 0.5, 120, 36)
    assert "each of the 2 labels of a sample counts separately" in text
    assert "always predicting 0" in text
    assert "crimson" not in text


def test_before_any_scores_the_panel_shows_why_it_is_empty() -> None:
    assert "probabilities are available after the first validation" in drawn(FakeRun().begin())
    assert "no probability per sample" in drawn(FakeRun().begin().epochs(1))
    reason = "not for this loss: mean_\x1b[31msquared_error knows no probabilities"
    assert "not for this loss: mean_squared_error knows no" in drawn(FakeRun().begin(no_probabilities=reason))


def test_an_empty_validation_set_is_reported() -> None:
    empty = score_probabilities(np.empty(0, np.float32), np.empty(0, np.int64))
    assert "there are no validation samples" in drawn(FakeRun().begin().observe(1, empty))


def test_names_are_shown_without_terminal_sequences() -> None:
    names = ("\x1b]0;gone\x07no\x1b[2J", "[bold]yes[/]\n\x00" + "long" * 40)
    for size in ((120, 36), (80, 20), (60, 30)):
        text = drawn(observed(BEFORE, BEFORE, NOW, names=names), 0.5, *size)
        assert not any(character < " " and character != "\n" for character in text)
        assert "[bold]yes" in text or size == (80, 20)


def thousands_of_classes() -> SampleScores:
    random = np.random.default_rng(0)
    powers = np.exp(random.standard_normal((300, 3000)))
    return score_probabilities(powers / powers.sum(axis=1, keepdims=True), random.integers(0, 3000, 300))


RUNS = {
    "two classes": lambda: observed(BEFORE, BEFORE, NOW),
    "untrained": lambda: observed(BEFORE),
    "several classes": lambda: observed(several_class_scores(), several_class_scores(), names=("a", "b", "c")),
    "thousands of classes": lambda: observed(thousands_of_classes(), thousands_of_classes(), names=()),
    "not numbers": lambda: observed(BEFORE, binary_scores(*[math.nan] * 4, labels=LABELS)),
    "names of double width": lambda: observed(BEFORE, NOW, names=("否" * 20, "是的")),
    "nothing": lambda: FakeRun().begin(no_probabilities="mean_squared_error knows no probabilities"),
}


SMALL = [(1, 1), (6, 3), (12, 3), (13, 9), (20, 5)]
SIZES = [(40, 7), (40, 10), (60, 16), (60, 18), (77, 20), (78, 16), (80, 20), (120, 36), (200, 50)]


@pytest.mark.parametrize("kind", RUNS)
def test_every_size_is_filled_exactly_and_shows_no_nan(kind: str) -> None:
    run = RUNS[kind]()
    for threshold in (0.0, 0.123456, 0.5, 1.0):
        for width, height in (*SMALL, *SIZES):
            rows = draw_threshold(picture(run, threshold), width, height)
            assert {width_of(row) for row in rows} == {width}, (width, height)
            assert len(rows) == height
            assert not re.search(r"\bnan\b", "\n".join(map(text_of, rows)))


def test_at_every_size_the_sentence_and_the_counts_are_there() -> None:
    run = observed(BEFORE, BEFORE, NOW)
    for width, height in SIZES:
        text = drawn(run, 0.5, width, height)
        for words in ("val loss fell 0.110", "right 2", "wrong 2"):
            assert words in text, (width, height)


def test_the_texture_of_wrong_samples_differs_from_the_right_ones() -> None:
    rows = draw_threshold(picture(observed(BEFORE, BEFORE, NOW)), 60, 18, by_class=False)
    signs = {role: {sign for row in rows[4:8] for sign, of in row if of is role} for role in (Role.GOOD, Role.BAD)}
    assert signs[Role.BAD] == {"░"}
    assert signs[Role.GOOD] <= set("▁▂▃▄▅▆▇█")
    assert signs[Role.GOOD]


def test_each_class_has_its_histogram_of_p_with_one_threshold_line() -> None:
    lines = drawn(observed(BEFORE, BEFORE, NOW), 0.65, 120, 36).split("\n")
    assert "p(yes) by true class  against threshold 0.65" in lines[0]
    (first, second) = (number for number, line in enumerate(lines) if "true yes" in line or "true no" in line)
    assert "true yes" in lines[first]
    assert "true no" in lines[second]
    line_columns = {line[:60].index("┊") for line in lines if "┊" in line[:60]}
    assert len(line_columns) == 1
    (scale_row,) = (line for line in lines if re.fullmatch(r"[│ \d.]+ 0\.65 [ \d.]+", line[:58]))
    assert scale_row.index("0.65") <= line_columns.pop() < scale_row.index("0.65") + 4


def test_counts_are_linear_unless_the_title_says_otherwise() -> None:
    run = observed(several_class_scores(), several_class_scores(), names=("a", "b", "c"))
    assert "log" not in drawn(run).split("\n")[0]
    assert "log counts" in drawn(run, log=True).split("\n")[0]


def test_names_of_classes_are_used_where_they_are_known() -> None:
    named, numbered = (drawn(observed(BEFORE, NOW, names=names), 0.5, 120, 36) for names in (("no", "yes"), ("0", "1")))
    for words in ("predicts yes if p > 0.5", "correct among predicted yes", "share of yes found", "true yes"):
        assert words in named
    assert "class 1" not in named
    for words in ("predicts 1 if p > 0.5", "correct among predicted 1", "share of class 1 found", "true class 1"):
        assert words in numbered


class PanelApp(App[None]):
    """Nothing but the panel."""

    def compose(self) -> ComposeResult:
        yield ThresholdPanel("threshold")


async def test_the_panel_redraws_only_what_is_new_and_never_while_hidden() -> None:
    app = PanelApp()
    async with app.run_test(size=(80, 20)) as pilot:
        panel = app.query_one(ThresholdPanel)
        panel.styles.height = 20
        run = observed(BEFORE, BEFORE, NOW)
        panel.show(picture(run))
        await pilot.pause()
        shown = panel.shown_rows
        assert "epoch 2" in text_of(shown[0])
        panel.show(picture(run.chunk(3, epoch=3)))
        assert panel.shown_rows is shown, "a chunk changes nothing here"
        panel.show(picture(run, 0.65))
        assert "against threshold 0.65" in text_of(panel.shown_rows[0])
        panel.display = False
        panel.show(picture(run.epoch_ended(3, with_losses(NOW)), 0.65))
        assert "epoch 2" in text_of(panel.shown_rows[0])
        panel.display = True
        panel.show(picture(run, 0.65))
        assert "epoch 3" in text_of(panel.shown_rows[0])
