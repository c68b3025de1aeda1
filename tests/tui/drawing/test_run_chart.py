"""A chart shows whatever numbers come, and never raises."""

import math
import random

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.text.metric_choice import second_metric
from fitmon.text.roles import Role
from fitmon.text.rows import Row, text_of, width_of
from fitmon.tui.drawing.chart_title import BASELINE, BEST, BRANCH_START, KNOB, OTHER, VALIDATION
from fitmon.tui.drawing.curves import Chart, Line, OtherLine, chart_of
from fitmon.tui.drawing.line_chart import ALONE, MAX_WIDTH
from fitmon.tui.drawing.run_chart import draw_chart
from tests.tui.fake_run import STEPS, FakeRun


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
@pytest.mark.parametrize("size", [(60, 16), (16, 5), (12, 5), (5, 4), (4, 3), (1, 1), (500, 130)])
def test_no_numbers_break_a_chart(values: tuple[float, ...], why: str, log_scale: bool, size: tuple[int, int]) -> None:
    what = chart(line(*values), line(*values), best_epoch=1, knob_epochs=(1, 2), log_scale=log_scale)
    rows = draw_chart(what, *size)
    assert rows, why
    others = (OtherLine(12, line(*values)), OtherLine(1, line(*values[::-1], first=0)))
    rows += draw_chart(chart(line(*values[:1]), log_scale=log_scale, other_lines=others, branch_epoch=0), *size)
    assert {width_of(row) for row in rows} == {min(size[0], MAX_WIDTH)}, why


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
    assert ALONE in text
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
    rows = plotted(drawn(chart(line(1, 0.5, 0.4, 0.3, 0.2), knob_epochs=(4,))))
    assert 0.55 < rows[0].index(KNOB) / len(rows[0]) < 0.65, "the third epoch of five has ended there"
    assert all(row[rows[0].index(KNOB)] != " " for row in rows), "a rule goes down to the axis"


def plotted(text: str) -> list[str]:
    """Return the rows of the plot itself, without title, axes and frame."""
    start = text.rsplit("\n", maxsplit=1)[-1].index("┴") + 1
    return [row[start:-1] for row in text.split("\n")[1:-1]]


def test_another_branch_has_its_own_signs_and_its_number() -> None:
    text = drawn(
        chart(line(1, 0.8, 0.2), line(1.1, 0.9, 0.4), other_lines=(OtherLine(3, line(0.9, 1.5, first=2)),)), 76
    )
    assert "◦ branch 3" in text.split("\n")[0]
    assert f"{OTHER}3" in "".join(plotted(text)), "at its end"


def test_several_other_branches_are_distinguished_by_their_numbers() -> None:
    others = (OtherLine(2, line(0.6, 0.7, first=2)), OtherLine(1, line(0.9, 1.5, first=2)))
    text = drawn(chart(line(1, 0.8, 0.2), other_lines=others), 76)
    assert "◦ branch 1, 2" in text.split("\n")[0]
    assert {"1", "2"} <= set("".join(plotted(text)))


def test_the_start_of_a_branch_is_marked_on_its_curve_under_the_tick_of_its_knob() -> None:
    rows = plotted(drawn(chart(line(1, 0.8, 0.6, 0.5, 0.4), knob_epochs=(4,), branch_epoch=3), 76))
    (start,) = [row for row in rows if BRANCH_START in row]
    assert rows[0].index(KNOB) == start.index(BRANCH_START)
    assert rows.index(start) in {8, 9, 10}, "at 0.6 on an axis from 0.4 to 1"


def test_a_branch_from_its_best_epoch_shows_both_marks() -> None:
    text = drawn(chart(line(1, 0.8, 0.6), line(1, 0.5, 0.6), best_epoch=2, branch_epoch=2), 76)
    assert {BEST, BRANCH_START} <= set(inside(text))


def test_another_branch_that_diverged_does_not_flatten_the_current_one() -> None:
    text = drawn(chart(line(1, 0.8, 0.6, 0.5), other_lines=(OtherLine(1, line(0.9, 1.2, 1e9, first=2)),)))
    rows = [row for row in plotted(text) if any("\u2801" <= cell <= "\u28ff" for cell in row)]
    assert len(rows) > 3
    assert OTHER in text


def test_before_its_first_epoch_a_branch_shows_the_other_branches() -> None:
    run = FakeRun().begin().train(1, 4).branch(2, 1, 0)
    text = drawn(chart_of(run.snapshot(), "loss", log_scale=False))
    assert f"{OTHER}1" in "".join(plotted(text))
    assert BRANCH_START not in text, "there is no point of a curve to mark"


def test_another_branch_shows_only_epochs_that_the_current_one_did_not_train() -> None:
    run = FakeRun().begin().train(1, 6).branch(2, 1, 3).train(4, 5)
    (left,) = chart_of(run.snapshot(), "loss", log_scale=False).other_lines
    assert (left.number, left.line.epochs.tolist()) == (1, [3, 4, 5, 6])
    assert left.line.values.tolist() == [1.2 / epoch for epoch in (3, 4, 5, 6)], "the validation loss"


def test_the_best_epoch_is_exactly_on_its_curve_at_every_size() -> None:
    values = [0.9, 0.61, 0.52, 0.47, 0.431, 0.44, 0.49, 0.53]
    for height in range(6, 40):
        for width in (58, 80, 200):
            rows = plotted(drawn(chart(line(*values), line(*values), best_epoch=5), width, height))
            places = {(cell, at): (number, at) for number, row in enumerate(rows) for at, cell in enumerate(row)}
            best = next(number for (cell, _), (number, _) in places.items() if cell == BEST)
            lowest = max(n for n, row in enumerate(rows) if any(cell not in " │" for cell in row))
            assert best == lowest, (width, height)


def test_both_curves_have_the_full_resolution_and_share_cells() -> None:
    values = np.linspace(1, 0.9, 200)
    what = chart(Line(np.arange(200.0) + 1, values), Line(np.arange(200.0) + 1, values))
    rows = draw_chart(what, 60, 16)
    cells = [(cell, role) for row in rows[1:-1] for text, role in row for cell in text]
    braille = {cell for cell, role in cells if role is Role.VALIDATION and "\u2801" <= cell <= "\u28ff"}
    assert len(braille) > 5, "a line between its signs, not a row of signs"
    assert not [cell for cell, role in cells if role is Role.TRAINING], "validation is on top"


def test_every_epoch_has_a_sign_while_there_are_few_and_round_epochs_later() -> None:
    def signs(epochs: int, width: int) -> int:
        return "".join(plotted(drawn(chart(line(), line(*np.linspace(1, 0.5, epochs))), width))).count(VALIDATION)

    assert signs(12, 60) == 12
    assert signs(40, 120) == 40
    assert 3 <= signs(200, 60) <= 12
    assert 3 <= signs(100_000, 60) <= 12


def test_the_chunks_of_past_epochs_are_a_faint_band_beneath_the_curves() -> None:
    run = FakeRun().begin()
    for epoch in range(1, 9):
        run.tell(events.EpochStarted(epoch=epoch, epochs=10, steps=STEPS))
        for step in range(10, 101, 10):
            run.chunk(step, epoch=epoch, loss=1 / epoch + 0.2 * (step % 20 - 5) / 10)
        run.epoch_ended(epoch)
    rows = draw_chart(chart_of(run.snapshot(), "loss", log_scale=False), 100, 20)
    faint = [cell for row in rows[1:-1] for text, role in row if role is Role.FAINT for cell in text]
    assert sum("\u2801" <= cell <= "\u28ff" for cell in faint) > 30


def test_accuracy_is_never_on_a_logarithmic_axis_and_says_so() -> None:
    run = FakeRun().begin().train(1, 5)
    assert " linear" in drawn(chart_of(run.snapshot(), "accuracy", log_scale=True), 80).split("\n")[0]
    assert " log" in drawn(chart_of(run.snapshot(), "loss", log_scale=True), 80).split("\n")[0]


def test_what_has_no_room_in_the_title_is_written_into_a_blank_corner() -> None:
    run = FakeRun().begin().train(1, 8).branch(2, 1, 4).applied("learning_rate", 5e-4, 1e-3, 5).train(5, 7)
    text = drawn(chart_of(run.snapshot(), "loss", log_scale=False), 58, 16)
    for words in ("train", "val", "best", "▷ from 4", "▼ knob", "◦ 1"):
        assert words in text


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
    text = drawn(chart(line(0.1, 0.9), baseline=0.5))
    assert BASELINE in inside(text)
    assert "┈ majority 0.5000" in text
    assert BASELINE not in drawn(chart(line(0.8, 0.9), baseline=0.1)), "nor is it in the legend"


def test_a_logarithmic_axis_with_a_zero_is_labeled_linear() -> None:
    assert "linear: values ≤ 0" in drawn(chart(line(1, 0), log_scale=True))
    assert "linear" not in drawn(chart(line(1, 0.1), log_scale=True))
    assert "log" in drawn(chart(line(1, 0.1), log_scale=True)).split("\n")[0]


def test_the_training_curve_has_epochs_and_then_chunks_of_the_current_epoch() -> None:
    run = FakeRun().begin().chunk(50).epoch_ended(1)
    first = chart_of(run.snapshot(), "loss", log_scale=False)
    assert first.training.epochs.tolist() == [0.5], "a mean over the epoch is at its middle"
    assert first.validation.epochs.tolist() == [1.0]
    run.tell(events.EpochStarted(epoch=2, epochs=10, steps=STEPS)).chunk(50, epoch=2)
    second = chart_of(run.snapshot(), "loss", log_scale=False)
    assert second.training.epochs.tolist() == [0.5, 1.25]
    assert second.band.epochs.tolist() == [0.25], "the chunks of the epoch before"


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
