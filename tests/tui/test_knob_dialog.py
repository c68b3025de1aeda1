"""A dialog takes only numbers it can mean, and says what it wants otherwise."""

import pytest
from textual.widgets import Input, Static

from fitmon.engine import events
from fitmon.engine.commands import SetKnob
from fitmon.engine.errors import UsageError
from fitmon.tui.screens.knob_dialog import KnobDialog
from fitmon.tui.screens.threshold_dialog import ThresholdDialog
from tests.tui.fake_run import FakeRun, shown


def dialog(run: FakeRun, knob: str) -> KnobDialog:
    """Return the dialog of a knob, without a screen."""
    state = run.snapshot().knob(knob)
    assert state is not None
    return KnobDialog((state,), run.snapshot)


@pytest.mark.parametrize("typed", ["1e", "nan", "0,001", "-1", "1_0", "inf", "0", "", "1e-3x"])
def test_the_dialog_refuses_an_invalid_learning_rate(typed: str) -> None:
    with pytest.raises(UsageError, match="Expected learning_rate to be a number above 0"):
        dialog(FakeRun().begin(), "learning_rate").parse(typed)


def test_digits_of_every_script_are_numbers() -> None:
    assert dialog(FakeRun().begin(), "learning_rate").parse("１") == SetKnob(knob="learning_rate", value=1.0)


async def test_a_refused_number_can_be_corrected_and_is_then_applied() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", *"1e", "enter")
        await screen.sees("Expected learning_rate to be a number above 0", "received '1e'")
        assert isinstance(screen.app.screen, KnobDialog)
        assert screen.app.screen.query_one(Input).value == "1e"
        assert not run.sent
        await screen.press("minus", "4", "enter")
        assert run.sent == [SetKnob(knob="learning_rate", value=1e-4)]


@pytest.mark.parametrize(
    ("knob", "typed"), [("batch_size", "1.5"), ("batch_size", "0"), ("epochs", "0.5"), ("l2", "-0.1")]
)
def test_the_range_of_each_knob_is_checked_before_it_is_sent(knob: str, typed: str) -> None:
    with pytest.raises(UsageError, match=f"Expected {knob} to be"):
        dialog(FakeRun().begin(), knob).parse(typed)


async def test_the_dialog_shows_the_value_in_effect_and_the_pending_one() -> None:
    run = FakeRun().begin().tell(events.KnobRequested(knob="learning_rate", value=5e-4, epoch=2))
    async with shown(run) as screen:
        await screen.press("l")
        await screen.sees("now 1e-3, pending 5e-4 from epoch 2", "a number above 0 and at most 1000, such as 5e-4")


async def test_the_epochs_cannot_be_fewer_than_those_already_begun() -> None:
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


@pytest.mark.parametrize("knob", ["learning_rate", "l2", "batch_size"])
def test_in_the_last_epoch_a_change_of_the_next_one_is_refused_until_there_is_one(knob: str) -> None:
    run = FakeRun().begin().epochs(9)
    asking = dialog(run, knob)
    with pytest.raises(UsageError, match="There is no epoch 11: the run ends with epoch 10"):
        asking.parse("1")
    run.tell(events.KnobRequested(knob="epochs", value=20, epoch=11))
    assert asking.parse("1") == SetKnob(knob=knob, value=1)


def test_knobs_cannot_be_changed_for_an_epoch_beyond_fewer_epochs() -> None:
    run = FakeRun().begin().epochs(4).tell(events.KnobRequested(knob="epochs", value=5, epoch=6))
    with pytest.raises(UsageError, match="There is no epoch 6: the run ends with epoch 5"):
        dialog(run, "batch_size").parse("8")


async def test_fewer_epochs_take_effect_at_the_end_of_an_epoch_that_exists() -> None:
    run = FakeRun().begin().epochs(4).tell(events.KnobRequested(knob="epochs", value=5, epoch=6))
    async with shown(run) as screen:
        await screen.sees("pending: epochs 10 → 5 from the end of epoch 5")
        await screen.press("e")
        await screen.sees("now 10, pending 5 from the end of epoch 5")
        run.epoch_ended(5).applied("epochs", 5, 10, epoch=6)
        await screen.press("escape")
        await screen.sees("epochs 10 → 5, in effect from the end of epoch 5")


async def test_the_dialog_is_named_in_words() -> None:
    async with shown(FakeRun().begin()) as screen:
        for key, words in {"l": "learning rate", "b": "batch size", "r": "L2", "e": "epochs"}.items():
            await screen.press(key)
            wanted = screen.app.screen.query_one("#heading", Static)
            assert str(wanted.visual).startswith(f"{words}\nnow ")
            await screen.press("escape")


async def test_escape_sends_no_command() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", "5", "escape")
        assert not run.sent


@pytest.mark.parametrize("typed", ["1.5", "-0.1", "nan", "half"])
def test_an_invalid_threshold_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="Expected threshold to be a number at least 0 and at most 1"):
        ThresholdDialog(0.5).parse(typed)


async def test_a_refused_threshold_does_not_change_the_view() -> None:
    async with shown(FakeRun().begin(class_names=("no", "yes"))) as screen:
        await screen.press("t", *"1.5", "enter")
        await screen.sees("Expected threshold to be a number at least 0 and at most 1")
        assert screen.app.threshold == 0.5
