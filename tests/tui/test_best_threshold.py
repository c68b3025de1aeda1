"""The dialog lists the best threshold for each goal, and its answer is the one chosen."""

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.app import App
from textual.pilot import Pilot
from textual.widgets import Input

from fitmon.engine.errors import UsageError
from fitmon.engine.insight.observer import Observer
from fitmon.engine.insight.scores import SampleScores
from fitmon.tui.screens.best_threshold import BestThresholdDialog, why_no_best
from tests.tui.fake_run import binary_scores, several_class_scores

SCORES = binary_scores(0.1, 0.2, 0.3, 0.4, labels=(0, 1, 0, 1))
"""At 0.35 three of four are right. At 0.15 no class 1 is missed and one class 0 is answered 1."""

Answered = list[float | None]


class DialogApp(App[None]):
    """Nothing but the dialog; keeps what it answered."""

    def __init__(self, scores: SampleScores, threshold: float) -> None:
        super().__init__()
        self.answers: Answered = []
        self._dialog = dialog(scores, threshold)

    def on_mount(self) -> None:
        self.push_screen(self._dialog, self.answers.append)

    @property
    def rows(self) -> list[str]:
        return [strip.text.strip(" │") for strip in self.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return " ".join(row for row in self.rows if row)


@asynccontextmanager
async def open_dialog(
    scores: SampleScores = SCORES, threshold: float = 0.5, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[DialogApp, Pilot[None]]]:
    app = DialogApp(scores, threshold)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot


async def test_each_goal_shows_its_best_against_now() -> None:
    async with open_dialog() as (app, _):
        assert "now 0.5; which goal?" in app.rows
        assert "a  accuracy           0.7500 at 0.35    now 0.5000 at 0.5" in app.rows
        assert "f  F1                 0.8000 at 0.15    now 0 at 0.5" in app.rows
        assert "b  balanced accuracy  0.7500 at 0.35    now 0.5000 at 0.5" in app.rows
        assert "c  cost ratio         enter the cost of a false negative" in app.rows
        assert "chosen on the samples of epoch 3, so slightly optimistic" in app.rows


@pytest.mark.parametrize(("key", "threshold"), [("a", 0.35), ("f", 0.15), ("b", 0.35), ("escape", None)])
async def test_a_key_answers_with_its_threshold(key: str, threshold: float | None) -> None:
    async with open_dialog() as (app, pilot):
        await pilot.press(key)
        await pilot.pause()
        assert app.answers == [threshold]


async def test_the_cost_is_computed_while_the_ratio_is_typed() -> None:
    async with open_dialog() as (app, pilot):
        await pilot.press("c")
        await pilot.pause()
        assert "a false negative costs as much as … false positives" in app.rows
        assert "the best threshold is shown here" in app.rows
        await pilot.press("1", "0")
        await pilot.pause()
        assert "cost 1 at 0.15   now 20 at 0.5" in app.rows, "one false alarm; two missed at 10 each"
        await pilot.press("enter")
        await pilot.pause()
        assert app.answers == [0.15]


async def test_a_cheap_miss_moves_the_threshold_the_other_way() -> None:
    async with open_dialog() as (app, pilot):
        await pilot.press("c", *"0.25")
        await pilot.pause()
        assert "cost 0.2500 at 0.35   now 0.5000 at 0.5" in app.rows


def dialog(scores: SampleScores = SCORES, threshold: float = 0.5) -> BestThresholdDialog:
    return BestThresholdDialog(Observer(len(scores), 0.5).observe(scores, 3), threshold)


@pytest.mark.parametrize("typed", ["", "0", "-1", "nan", "inf", "1e999", "five", "0,5", "1_0", "1e10", "1e"])
def test_an_invalid_ratio_is_refused_with_a_sentence(typed: str) -> None:
    with pytest.raises(UsageError, match="Expected the cost ratio to be a number above 0"):
        dialog().parse(typed)


async def test_a_refused_ratio_can_be_corrected_and_is_then_applied() -> None:
    async with open_dialog() as (app, pilot):
        await pilot.press("c", *"0,5", "enter")
        await pilot.pause()
        assert "Expected the cost ratio to be a number above 0" in app.text
        assert app.screen.query_one(Input).value == "0,5"
        assert not app.answers
        app.screen.query_one(Input).value = "3"
        await pilot.pause()
        assert "Expected" not in app.text
        await pilot.press("enter")
        await pilot.pause()
        assert app.answers == [0.15]


async def test_letters_are_text_while_the_ratio_is_typed() -> None:
    async with open_dialog() as (app, pilot):
        await pilot.press("c", *"abf")
        await pilot.pause()
        assert app.screen.query_one(Input).value == "abf"
        assert not app.answers


async def test_escape_returns_to_the_goals_and_then_closes() -> None:
    async with open_dialog() as (app, pilot):
        await pilot.press("c", "5", "escape")
        await pilot.pause()
        assert "now 0.5; which goal?" in app.rows
        await pilot.press("a")
        await pilot.pause()
        assert app.answers == [0.35]


async def test_enter_does_nothing_before_a_goal_is_selected() -> None:
    async with open_dialog() as (app, pilot):
        await pilot.press("enter", "x", "q")
        await pilot.pause()
        assert not app.answers


async def test_every_key_is_visible_on_the_smallest_terminal() -> None:
    async with open_dialog(size=(40, 10)) as (app, _):
        for start in ("a  accuracy", "f  F1", "b  balanced accuracy", "c  cost ratio"):
            assert any(row.startswith(start) for row in app.rows)


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        (several_class_scores, "no decision threshold with more than two classes"),
        (lambda: binary_scores(0.1, 0.9, labels=(1, 1)), "all validation samples are of one class"),
        (lambda: binary_scores(0.4, labels=(1,)), "all validation samples are of one class"),
        (lambda: binary_scores(math.nan, 0.9, labels=(0, 1)), "predictions are NaN"),
        (lambda: binary_scores(labels=()), "there are no validation samples"),
    ],
    ids=["several classes", "one class", "one sample", "not a number", "empty"],
)
def test_without_a_best_threshold_the_reason_is_shown(scores: Callable[[], SampleScores], why: str) -> None:
    assert why in why_no_best(scores())


def test_two_classes_with_numbers_have_a_best_threshold() -> None:
    assert not why_no_best(SCORES)
