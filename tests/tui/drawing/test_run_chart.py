"""A chart shows whatever numbers come, and never raises."""

import math
import random

import numpy as np
import pytest

from fitmon.text.metric_choice import second_metric
from fitmon.text.rows import Row, text_of, width_of
from fitmon.tui.drawing.chart_title import BASELINE, BEST, BRANCH_START, KNOB, OTHER, VALIDATION
from fitmon.tui.drawing.curves import Chart, Line, OtherLine, chart_of
from fitmon.tui.drawing.line_chart import ALONE, MAX_WIDTH
from fitmon.tui.drawing.run_chart import draw_chart
from tests.tui.fake_run import FakeRun


def line(*values: float, first: float = 1) -> Line:
    return Line(epochs=np.arange(len(values), dtype=np.float64) + first, values=np.array(values, dtype=np.float64))


def chart(
    training: Line,
    validation: Line | None = None,
    *,
    best_epoch: int | None = None,
    knob_epochs: tuple[int, ...] = (),
    baseline: float | None = None,
    log_scale: bool = False,
    other_lines: tuple[OtherLine, ...] = (),
    branch_epoch: int | None = None,
) -> Chart:
    return Chart(
        title="loss",
        training=training,
        validation=line() if validation is None else validation,
        best_epoch=best_epoch,
        knob_epochs=knob_epochs,
        baseline=baseline,
        epoch=1,
        log_scale=log_scale,
        other_lines=other_lines,
        branch_epoch=branch_epoch,
    )


def drawn(what: Chart, width: int = 60, height: int = 16) -> str:
    return "\n".join(text_of(row) for row in draw_chart(what, width, height))


def inside(text: str) -> str:
    return "\n".join(text.split("\n")[1:])


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ((), "no point at all"),
        ((0.5,), "one point"),
        ((math.nan,), "one point that is no number"),
        ((math.inf, -math.inf, math.nan), "nothing that can be drawn"),
        ((1.0, math.nan, 2.0), "a gap between single points"),
        ((1.0, math.inf, 2.0, 3.0, -math.inf), "infinities between numbers"),
        ((0.0, 0.0, 0.0), "a level line at 0"),
        ((-1.0, -2.0), "negative values"),
        ((1e308, -1e308), "a height that is no float"),
        ((5e-324, 1e-323), "the smallest numbers there are"),
        ((1e-12, 1e12), "a range of many powers"),
        ((1.0, 1.0 + 1e-15), "values that differ in the last bit"),
    ],
)
@pytest.mark.parametrize("log_scale", [False, True])
@pytest.mark.parametrize("size", [(60, 16), (12, 5), (5, 4), (4, 3), (1, 1), (300, 100)])
def test_no_numbers_break_a_chart(values: tuple[float, ...], why: str, log_scale: bool, size: tuple[int, int]) -> None:
    what = chart(line(*values), line(*values), best_epoch=1, knob_epochs=(1, 2), log_scale=log_scale)
    rows = draw_chart(what, *size)
    assert rows, why
    others = (OtherLine(12, line(*values)), OtherLine(1, line(*values[::-1], first=0)))
    rows += draw_chart(chart(line(*values[:1]), log_scale=log_scale, other_lines=others, branch_epoch=0), *size)
    assert {width_of(row) for row in rows} == {min(size[0], 240)}, why


def test_random_curves_never_break_a_chart() -> None:
    chance = random.Random(0)  # noqa: S311
    special = (math.nan, math.inf, -math.inf, 0.0, -1.0, 1e300, 1e-300)
    for _ in range(150):
        values = [
            chance.choice(special) if chance.random() < 0.2 else 10 ** chance.uniform(-9, 9)
            for _ in range(chance.randrange(60))
        ]
        what = chart(
            line(*values, first=chance.random()),
            line(*values[::2]),
            best_epoch=chance.randrange(1, 20),
            knob_epochs=(chance.randrange(1, 40),),
            baseline=chance.random(),
            log_scale=chance.random() < 0.5,
            other_lines=(OtherLine(2, line(*values[::3], first=3)), OtherLine(1, line(*values[::-1]))),
            branch_epoch=chance.randrange(0, 40),
        )
        rows: list[Row] = draw_chart(what, chance.randrange(1, 130), chance.randrange(1, 40))
        assert rows


def test_a_single_epoch_is_still_visible() -> None:
    text = inside(drawn(chart(line(0.5), line(0.6))))
    assert "⠿" in text
    assert VALIDATION in text


def test_train_and_validation_differ_in_shape_not_only_in_colour() -> None:
    text = drawn(chart(line(1, 0.5, 0.4), line(2, 1, 0.9)))
    assert "⠒ train 0.4000" in text
    assert "• val 0.9000" in text
    assert VALIDATION in inside(text)
    assert any("\u2801" <= character <= "\u28ff" for character in inside(text))


def test_the_best_epoch_is_marked_on_the_validation_curve() -> None:
    text = drawn(chart(line(1, 0.5, 0.4), line(2, 1, 1.5), best_epoch=2))
    assert "◆ best 2" in text
    assert BEST in inside(text)


def test_a_changed_knob_has_a_tick_at_the_start_of_its_epoch() -> None:
    text = drawn(chart(line(1, 0.5, 0.4, 0.3, 0.2), knob_epochs=(4,)))
    top = text.split("\n")[1]
    assert 0.4 < top.index(KNOB) / len(top) < 0.6


def plotted(text: str) -> list[str]:
    """Return the rows of the plot itself, without title, axes and frame."""
    return [row.partition("┤")[2] or row.partition("│")[2].partition("│")[2] for row in text.split("\n")[1:-3]]


def test_another_branch_has_its_own_signs_and_its_number() -> None:
    text = drawn(
        chart(line(1, 0.8, 0.2), line(1.1, 0.9, 0.4), other_lines=(OtherLine(3, line(0.9, 1.5, first=2)),)), 76
    )
    assert "◦ branch 3" in text.split("\n")[0]
    cells = "".join(plotted(text))
    assert "3" in cells
    assert cells.count(OTHER) > 3


def test_several_other_branches_are_distinguished_by_their_numbers() -> None:
    others = (OtherLine(2, line(0.6, 0.7, first=2)), OtherLine(1, line(0.9, 1.5, first=2)))
    text = drawn(chart(line(1, 0.8, 0.2), other_lines=others), 76)
    assert "◦ branch 1, 2" in text.split("\n")[0]
    assert {"1", "2"} <= set("".join(plotted(text)))


def test_the_start_of_a_branch_is_marked_on_the_axis_beside_the_tick_of_its_knob() -> None:
    rows = plotted(drawn(chart(line(1, 0.8, 0.6, 0.5, 0.4), knob_epochs=(4,), branch_epoch=3), 76))
    assert rows[0].index(KNOB) == rows[-1].index(BRANCH_START)


def test_another_branch_that_diverged_does_not_flatten_the_current_one() -> None:
    text = drawn(chart(line(1, 0.8, 0.6, 0.5), other_lines=(OtherLine(1, line(0.9, 1.2, 1e9, first=2)),)))
    rows = [row for row in plotted(text) if any("\u2801" <= cell <= "\u28ff" for cell in row)]
    assert len(rows) > 3
    assert OTHER in text


def test_before_its_first_epoch_a_branch_shows_the_other_branches() -> None:
    run = FakeRun().begin().train(1, 4).branch(2, 1, 0)
    assert OTHER in "".join(plotted(drawn(chart_of(run.snapshot(), "loss", log_scale=False))))


def test_another_branch_shows_only_epochs_that_the_current_one_did_not_train() -> None:
    run = FakeRun().begin().train(1, 6).branch(2, 1, 3).train(4, 5)
    (left,) = chart_of(run.snapshot(), "loss", log_scale=False).other_lines
    assert (left.number, left.line.epochs.tolist()) == (1, [3, 4, 5, 6])
    assert left.line.values.tolist() == [1.2 / epoch for epoch in (3, 4, 5, 6)], "the validation loss"


def test_without_validation_another_branch_shows_its_training_curve() -> None:
    run = FakeRun().begin().epoch_ended(1, None, loss=3.0).epoch_ended(2, None, loss=2.0).branch(2, 1, 1)
    (left,) = chart_of(run.snapshot(), "loss", log_scale=False).other_lines
    assert left.line.values.tolist() == [3.0, 2.0]


def test_only_the_three_newest_other_branches_are_drawn() -> None:
    run = FakeRun().begin().train(1, 3)
    for number in range(2, 8):
        run.branch(number, 1, 1).train(2, 3)
    drawn_left = chart_of(run.snapshot(), "accuracy", log_scale=False).other_lines
    assert [left.number for left in drawn_left] == [6, 5, 4]


def test_a_branch_from_the_last_epoch_adds_no_second_curve() -> None:
    run = FakeRun().begin().train(1, 3).branch(2, 1, 3).train(4, 4)
    assert chart_of(run.snapshot(), "loss", log_scale=False).other_lines == ()


def test_the_majority_class_is_a_line_if_it_is_in_the_range() -> None:
    assert BASELINE in inside(drawn(chart(line(0.1, 0.9), baseline=0.5)))
    assert BASELINE not in inside(drawn(chart(line(0.8, 0.9), baseline=0.1)))


def test_a_logarithmic_axis_with_a_zero_is_labeled_linear() -> None:
    assert "linear: values ≤ 0" in drawn(chart(line(1, 0), log_scale=True))
    assert "linear" not in drawn(chart(line(1, 0.1), log_scale=True))
    assert "log" in drawn(chart(line(1, 0.1), log_scale=True)).split("\n")[0]


def test_the_training_curve_has_epochs_and_then_chunks_of_the_current_epoch() -> None:
    run = FakeRun().begin().chunk(50).epoch_ended(1)
    first = chart_of(run.snapshot(), "loss", log_scale=False)
    assert first.training.epochs.tolist() == [1.0]
    run.epochs(1).chunk(50, epoch=2)
    assert chart_of(run.snapshot(), "loss", log_scale=False).training.epochs.tolist()[-1] == 1.5


@pytest.mark.parametrize(
    ("metrics", "expected", "why"),
    [
        ({"loss": 1.0}, None, "the loss alone"),
        ({"loss": 1.0, "mae": 1.0, "accuracy": 1.0}, "accuracy", "accuracy goes first"),
        ({"loss": 1.0, "lr": 1.0, "mae": 1.0, "val_mae": 1.0}, "mae", "one with a validation curve"),
        ({"val_loss": 1.0, "auc": 1.0}, "auc", "the first there is"),
    ],
)
def test_the_second_chart_shows(metrics: dict[str, float], expected: str | None, why: str) -> None:
    assert second_metric(FakeRun().begin().epoch_ended(1, None, **metrics).snapshot()) == expected, why
