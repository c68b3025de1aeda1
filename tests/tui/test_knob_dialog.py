"""A dialog takes only numbers it can mean, and says what it wants otherwise."""

import pytest
from textual.widgets import Input, Static

from fitmon.engine import events
from fitmon.engine.commands import SetKnob
from fitmon.tui.screens.knob_dialog import KnobDialog
from tests.tui.fake_run import FakeRun, shown


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
        await screen.sees("now 1e-3, 5e-4 pending at epoch 2", "a number above 0 and at most 1000, such as 5e-4")


async def test_epochs_that_have_begun_cannot_be_taken_back() -> None:
    run = FakeRun().begin().epochs(4)
    async with shown(run) as screen:
        await screen.press("e")
        await screen.sees("expected: a whole number at least 5 and at most 10000000")
        await screen.press("4", "enter")
        await screen.sees("Expected epochs to be a whole number at least 5")
        assert not run.sent
        await screen.press("backspace", "5", "enter")
        assert run.sent == [SetKnob(knob="epochs", value=5)]


async def test_epochs_are_counted_when_enter_is_pressed() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("e", "2")
        run.epochs(2)
        await screen.press("enter")
        await screen.sees("Expected epochs to be a whole number at least 3")
        assert not run.sent


@pytest.mark.parametrize("key", ["l", "r", "b"])
async def test_in_the_last_epoch_a_change_of_the_next_one_is_refused_until_there_is_one(key: str) -> None:
    run = FakeRun().begin().epochs(9)
    async with shown(run) as screen:
        await screen.press(key, "1", "enter")
        await screen.sees("There is no epoch 11: the run ends with epoch 10.")
        assert not run.sent
        run.tell(events.KnobAsked(knob="epochs", value=20, epoch=11))
        await screen.press("enter")
        assert len(run.sent) == 1


async def test_an_epoch_that_was_taken_away_cannot_be_changed() -> None:
    run = FakeRun().begin().epochs(4).tell(events.KnobAsked(knob="epochs", value=5, epoch=6))
    async with shown(run) as screen:
        await screen.press("b", "8", "enter")
        await screen.sees("There is no epoch 6: the run ends with epoch 5.")


async def test_fewer_epochs_that_are_pending_hold_at_the_end_of_an_epoch_there_is() -> None:
    run = FakeRun().begin().epochs(4).tell(events.KnobAsked(knob="epochs", value=5, epoch=6))
    async with shown(run) as screen:
        await screen.sees("pending: epochs 10 → 5 at the end of epoch 5")
        await screen.press("e")
        await screen.sees("now 10, 5 pending at the end of epoch 5")
        run.epoch_ended(5).applied("epochs", 5, 10, epoch=6)
        await screen.press("escape")
        await screen.sees("epochs 10 → 5 holds since the end of epoch 5")


async def test_the_dialog_is_named_in_words() -> None:
    async with shown(FakeRun().begin()) as screen:
        for key, words in {"l": "learning rate", "b": "batch size", "r": "L2", "e": "epochs"}.items():
            await screen.press(key)
            wanted = screen.app.screen.query_one("#heading", Static)
            assert str(wanted.visual).startswith(f"{words}\nnow ")
            await screen.press("escape")


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
