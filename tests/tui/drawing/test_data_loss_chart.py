"""With a penalty the chart of the loss shows data losses, and the penalty as a number."""

from __future__ import annotations

import math

import pytest

from fitmon.engine import events
from fitmon.engine.measures import Measures
from fitmon.text.format import to_ascii
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.chart_title import BEST
from fitmon.tui.drawing.curves import Chart, chart_of
from fitmon.tui.drawing.run_chart import draw_chart
from tests.tui.fake_run import STEPS, FakeRun, shown

VAL_LOSSES = (0.12, 0.11, 0.6, 0.57)
PENALTIES = (0.0, 0.0, 0.48, 0.462)
"""L2 is raised at epoch 3: the data loss goes on from 0.12 and 0.11 to 0.12 and 0.108."""


def epoch(run: FakeRun, number: int, val_loss: float, penalty: float | None, loss: float | None = None) -> FakeRun:
    measures = Measures() if penalty is None else Measures(penalty=penalty)
    loss = 0.2 + (penalty or 0.0) if loss is None else loss
    return run.found(number, measures=measures, loss=loss, val_loss=val_loss, accuracy=0.9)


def raised_l2(penalties: tuple[float | None, ...] = PENALTIES) -> FakeRun:
    run = FakeRun().begin()
    for number, (val_loss, penalty) in enumerate(zip(VAL_LOSSES, penalties, strict=True), 1):
        epoch(run, number, val_loss, penalty)
    return run


def chart(run: FakeRun, metric: str = "loss", log_scale: bool = False) -> Chart:
    return chart_of(run.snapshot(), metric, log_scale)


def test_the_penalty_is_taken_off_both_lines_and_is_in_the_title() -> None:
    drawn = chart(raised_l2())
    assert drawn.validation.values.tolist() == pytest.approx([0.12, 0.11, 0.12, 0.108])
    assert drawn.training.values.tolist() == pytest.approx([0.2] * 4)
    assert (drawn.title, drawn.penalty, drawn.best_epoch) == ("data loss", 0.462, 4)
    title, *plot = [text_of(row) for row in draw_chart(drawn, 100, 16)]
    assert "data loss  ⠒ train 0.2000  • val 0.1080  ◆ best 4  penalty 0.462" in title
    assert BEST in "".join(plot)


def test_a_raised_l2_does_not_squash_the_curve() -> None:
    assert share(chart(raised_l2())) > 0.1
    assert share(chart(raised_l2((None,) * 4))) < 0.03, "with the penalty in it"


def share(drawn: Chart) -> float:
    """Return what share of the chart's height the first two epochs of validation take."""
    values = [*drawn.validation.values, *drawn.training.values]
    return float(abs(drawn.validation.values[1] - drawn.validation.values[0]) / (max(values) - min(values)))


@pytest.mark.parametrize(
    ("penalties", "why"),
    [
        ((0.0, 0.0, 0.0, 0.0), "no penalty"),
        ((None, None, None, None), "none is known"),
        ((None, None, 0.48, 0.462), "that of the first epochs is unknown, as in a run of an earlier fitmon"),
        ((math.inf, math.inf, math.inf, math.inf), "none is finite"),
    ],
)
def test_without_known_penalties_the_chart_is_keras_loss(penalties: tuple[float | None, ...], why: str) -> None:
    drawn = chart(raised_l2(penalties))
    assert (drawn.title, drawn.penalty) == ("loss", None), why
    assert drawn.validation.values.tolist() == list(VAL_LOSSES), why
    assert "penalty" not in text_of(draw_chart(drawn, 120, 16)[0])


def test_other_metrics_have_no_penalty() -> None:
    drawn = chart(raised_l2(), "accuracy")
    assert (drawn.title, drawn.penalty) == ("accuracy", None)
    assert drawn.training.values.tolist() == [0.9] * 4


def test_inside_an_epoch_the_last_known_penalty_is_taken_off() -> None:
    run = raised_l2().tell(events.EpochStarted(epoch=5, epochs=10, steps=STEPS)).chunk(50, epoch=5, loss=0.662)
    assert chart(run).training.values.tolist() == pytest.approx([0.2] * 5)
    assert chart(run).training.epochs.tolist() == [0.5, 1.5, 2.5, 3.5, 4.25]


def test_an_epoch_whose_penalty_is_unknown_has_that_of_the_one_before() -> None:
    drawn = chart(raised_l2((0.0, 0.0, 0.48, None)))
    assert drawn.validation.values.tolist() == pytest.approx([0.12, 0.11, 0.12, 0.09])
    assert drawn.penalty == 0.48


def test_no_positive_loss_becomes_negative() -> None:
    run = epoch(epoch(FakeRun().begin(), 1, 0.5, 0.4, loss=0.3), 2, 0.5, 0.45, loss=-2.0)
    assert chart(run).training.values.tolist() == [0.0, -2.45], "a mean over the epoch had less penalty than its end"
    draw_chart(chart(run, log_scale=True), 60, 16)


def test_another_branch_is_drawn_without_its_own_penalty() -> None:
    run = raised_l2().branch(2, 1, 2)
    assert chart(run).title == "data loss", "what was left is drawn"
    epoch(run, 3, 0.105, 0.0)
    drawn = chart(run)
    (left,) = drawn.other_lines
    assert left.line.values.tolist() == pytest.approx([0.11, 0.12, 0.108])
    assert (drawn.title, drawn.penalty) == ("data loss", 0.0)


def test_a_branch_whose_first_epoch_is_not_over_has_no_known_penalty() -> None:
    run = raised_l2().branch(2, 1, 0).chunk(50, loss=0.3)
    drawn = chart(run)
    assert (drawn.title, drawn.training.values.tolist()) == ("loss", [0.3])
    (left,) = drawn.other_lines
    assert left.line.values.tolist() == list(VAL_LOSSES), "all lines are of one kind"


@pytest.mark.parametrize("log_scale", [False, True])
@pytest.mark.parametrize("size", [(240, 60), (120, 40), (80, 24), (60, 16), (24, 8), (12, 5), (5, 4), (1, 1)])
def test_the_title_fits_at_every_size_and_never_calls_a_data_loss_a_loss(
    size: tuple[int, int], log_scale: bool
) -> None:
    run = raised_l2().applied("l2", 1e-3, 0.0, epoch=3).branch(2, 1, 3)
    rows = draw_chart(chart(epoch(run, 4, 0.6, 0.47), log_scale=log_scale), *size)
    assert {width_of(row) for row in rows} == {size[0]}
    title = text_of(rows[0]).strip("╭╮─ ")
    if size[0] >= 24:
        assert title.startswith("data loss")
    if size[0] >= 60:
        assert "penalty 0.47" in to_ascii("".join(map(text_of, rows))), "in the title or in a corner"


@pytest.mark.parametrize("size", [(200, 50), (120, 40), (80, 24), (40, 10)])
async def test_the_screen_shows_it(size: tuple[int, int]) -> None:
    async with shown(raised_l2(), size=size) as screen:
        await screen.press("2")
        await screen.sees("data loss")
        if size[0] >= 80:
            await screen.sees("penalty 0.462")
