"""The form of all knobs takes only numbers it can mean, and says what it expects otherwise."""

from __future__ import annotations

import pytest

from fitmon.engine import events
from fitmon.engine.commands import SetKnob
from fitmon.engine.errors import UsageError
from fitmon.engine.knobs.catalogue import BATCH_SIZE, DROPOUT, EPOCHS, KNOBS, L2, LEARNING_RATE, Knob
from fitmon.engine.values import KnobOffer
from fitmon.tui.knob_fields import check_next_epoch, present_fields, present_range, read_field, stepped
from fitmon.tui.screens.knob_form import KnobForm
from fitmon.tui.screens.monitor import MonitorScreen
from fitmon.tui.screens.threshold_dialog import ThresholdDialog
from tests.tui.fake_run import OFFERS, FakeRun, Shown, shown


def read(run: FakeRun, knob: str, typed: str) -> dict[str, float]:
    """Return what a text in the field of a knob means."""
    snapshot = run.snapshot()
    field = next(field for field in present_fields(snapshot.knobs) if field.name == knob)
    return read_field(field, typed, present_range(knob, snapshot), snapshot.knobs)


def form_of(screen: Shown) -> KnobForm:
    assert isinstance(screen.app.screen, KnobForm)
    return screen.app.screen


def texts(screen: Shown) -> list[str]:
    return form_of(screen).texts


@pytest.mark.parametrize("typed", ["1e", "nan", "0,001", "-1", "1_0", "inf", "0", "1e-3x"])
def test_an_invalid_learning_rate_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="Expected learning_rate to be a number above 0"):
        read(FakeRun().begin(), "learning_rate", typed)


def test_an_empty_field_asks_for_a_number() -> None:
    with pytest.raises(UsageError, match="Enter a number, such as 5e-4"):
        read(FakeRun().begin(), "learning_rate", "")


@pytest.mark.parametrize(
    ("typed", "changes"),
    [
        ("１", {"learning_rate": 1.0}),
        ("1e-3", {}),
        ("0.001", {}),
        ("lr=7e-4", {"learning_rate": 7e-4}),
        ("bs=32 L2=0", {"batch_size": 32, "l2": 0}),
    ],
    ids=["digits of every script", "unchanged", "the same number", "a short name", "other knobs by name"],
)
def test_what_is_typed_is_read(typed: str, changes: dict[str, float]) -> None:
    assert read(FakeRun().begin(), "learning_rate", typed) == changes


async def test_the_present_value_is_selected_so_that_typing_replaces_it() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l")
        assert texts(screen) == ["1e-3", "1e-4", "0", "64", "10"], "L2 before L1; no dropout in this model"
        await screen.press(*"5e-4", "enter")
        assert run.sent == [SetKnob(knob="learning_rate", value=5e-4)]


async def test_the_pending_value_is_what_the_field_begins_with() -> None:
    run = FakeRun().begin().tell(events.KnobRequested(knob="learning_rate", value=5e-4, epoch=2))
    async with shown(run) as screen:
        await screen.press("l")
        await screen.sees("now 1e-3, pending 5e-4 from epoch 2", "0 < lr ≤ 1000, such as 5e-4")
        assert texts(screen)[0] == "5e-4"
        await screen.press(*"1e-3", "enter")
        assert run.sent == [SetKnob(knob="learning_rate", value=1e-3)], "which takes the pending change back"


@pytest.mark.slow
async def test_several_knobs_are_changed_at_once_the_epochs_first() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", *"5e-4", "tab", "tab", *"1e-5", "shift+tab", "up", "shift+tab", "tab", "tab")
        await screen.press("tab", "tab", *"20", "enter")
        assert run.sent == [
            SetKnob(knob="epochs", value=20),
            SetKnob(knob="learning_rate", value=5e-4),
            SetKnob(knob="l1", value=1e-5),
            SetKnob(knob="l2", value=2e-4),
        ]
        await screen.sees("changing learning rate to 5e-4, L1 to 1e-5, L2 to 2e-4, epochs to 20 …")


async def test_nothing_changed_is_said_and_sends_nothing() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", "enter")
        await screen.sees("nothing changed")
        assert not run.sent


@pytest.mark.parametrize(
    ("knob", "value", "up", "down"),
    [
        (LEARNING_RATE, 1e-3, 2e-3, 5e-4),
        (LEARNING_RATE, 1000, 1000, 500),
        (DROPOUT, 0.3, 0.35, 0.25),
        (DROPOUT, 0.0, 0.05, 0.0),
        (DROPOUT, 0.95, 0.95, 0.9),
        (L2, 0.0, 1e-4, 0.0),
        (L2, 1e-4, 2e-4, 5e-5),
        (L2, 1e-7, 2e-7, 0.0),
        (BATCH_SIZE, 64, 128, 32),
        (BATCH_SIZE, 1, 2, 1),
        (EPOCHS, 1, 2, 1),
        (EPOCHS, 19, 20, 18),
        (EPOCHS, 20, 30, 19),
        (EPOCHS, 200, 300, 190),
    ],
    ids=lambda value: value.name if isinstance(value, Knob) else None,
)
def test_the_arrow_keys_take_steps_that_are_usual_for_each_knob(
    knob: Knob, value: float, up: float, down: float
) -> None:
    assert (stepped(knob, value, up=True), stepped(knob, value, up=False)) == (up, down)


@pytest.mark.parametrize("name", [*KNOBS])
def test_no_number_of_arrow_keys_leaves_the_range_of_a_knob(name: str) -> None:
    knob = KNOBS[name]
    for up in (True, False):
        value = float(knob.example)
        for _ in range(300):
            value = knob.check(stepped(knob, value, up=up))


async def test_an_arrow_key_keeps_the_text_selected_and_leaves_what_is_no_number() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", "down", "down", "up")
        assert texts(screen)[0] == "5e-4"
        await screen.press("x", "up")
        assert texts(screen)[0] == "x"


async def test_a_refused_number_can_be_corrected_and_is_then_applied() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", *"1e", "tab", "enter")
        await screen.sees("Expected learning_rate to be a number above 0", "received '1e'")
        assert not run.sent
        assert form_of(screen).chosen == "learning_rate", "the field with the error has the focus"
        await screen.press("end", "minus", "4", "enter")
        assert run.sent == [SetKnob(knob="learning_rate", value=1e-4)]


@pytest.mark.parametrize(
    ("knob", "typed"), [("batch_size", "1.5"), ("batch_size", "0"), ("epochs", "0.5"), ("l2", "-0.1")]
)
def test_the_range_of_each_knob_is_checked_before_it_is_sent(knob: str, typed: str) -> None:
    with pytest.raises(UsageError, match=f"Expected {knob} to be"):
        read(FakeRun().begin(), knob, typed)


async def test_the_epochs_cannot_be_fewer_than_those_already_begun() -> None:
    run = FakeRun().begin().epochs(4)
    async with shown(run) as screen:
        await screen.press("e")
        await screen.sees("5 ≤ epochs ≤ 10000000")
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
    with pytest.raises(UsageError, match="There is no epoch 11: the run ends with epoch 10"):
        check_next_epoch({knob: 1}, run.snapshot())
    check_next_epoch({knob: 1, "epochs": 20}, run.snapshot())
    run.tell(events.KnobRequested(knob="epochs", value=20, epoch=11))
    check_next_epoch({knob: 1}, run.snapshot())


def test_knobs_cannot_be_changed_for_an_epoch_beyond_fewer_epochs() -> None:
    run = FakeRun().begin().epochs(4).tell(events.KnobRequested(knob="epochs", value=5, epoch=6))
    with pytest.raises(UsageError, match="There is no epoch 6: the run ends with epoch 5"):
        check_next_epoch({"batch_size": 8}, run.snapshot())


async def test_fewer_epochs_take_effect_at_the_end_of_an_epoch_that_exists() -> None:
    run = FakeRun().begin().epochs(4).tell(events.KnobRequested(knob="epochs", value=5, epoch=6))
    async with shown(run) as screen:
        await screen.sees("pending: epochs 10 → 5 from the end of epoch 5")
        await screen.press("e")
        await screen.sees("now 10, pending 5 from the end of epoch 5")
        run.epoch_ended(5).applied("epochs", 5, 10, epoch=6)
        await screen.press("escape")
        await screen.sees("epochs 10 → 5, in effect from the end of epoch 5")


async def test_each_key_opens_the_form_at_its_knob() -> None:
    knobs = tuple(KnobOffer(name="dropout", value=0.3) if offer.name == "dropout" else offer for offer in OFFERS)
    async with shown(FakeRun().begin(knobs=knobs)) as screen:
        wanted = {"l": "learning_rate", "d": "dropout", "r": "l2", "b": "batch_size", "e": "epochs"}
        for key, name in wanted.items():
            await screen.press(key)
            assert form_of(screen).chosen == name
            await screen.press("escape")


async def test_layers_that_differ_keep_their_rates_unless_one_is_typed() -> None:
    knobs = tuple(KnobOffer(name="dropout", value=(0.2, 0.5)) if offer.name == "dropout" else offer for offer in OFFERS)
    run = FakeRun().begin(knobs=knobs)
    async with shown(run) as screen:
        await screen.press("d")
        assert texts(screen)[1] == "0.2/0.5"
        await screen.press("enter", "d", *"0.4", "enter")
        assert run.sent == [SetKnob(knob="dropout", value=0.4)]


async def test_escape_sends_no_command() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", "5", "escape")
        assert not run.sent
        assert isinstance(screen.app.screen, MonitorScreen)


@pytest.mark.parametrize("size", [(200, 50), (80, 24), (60, 15), (40, 10)])
async def test_at_every_size_the_field_with_the_focus_and_the_keys_are_visible(size: tuple[int, int]) -> None:
    async with shown(FakeRun().begin(), size=size) as screen:
        await screen.press("e", "7")
        await screen.sees("epochs", "esc back", " 7 ")


@pytest.mark.parametrize("typed", ["1.5", "-0.1", "nan", "half"])
def test_an_invalid_threshold_is_refused(typed: str) -> None:
    with pytest.raises(UsageError, match="Expected threshold to be a number at least 0 and at most 1"):
        ThresholdDialog(0.5).parse(typed)


async def test_a_refused_threshold_does_not_change_the_view_and_arrow_keys_change_it() -> None:
    async with shown(FakeRun().begin(class_names=("no", "yes"))) as screen:
        await screen.press("t", *"1.5", "enter")
        await screen.sees("Expected threshold to be a number at least 0 and at most 1")
        assert screen.app.threshold == 0.5
        await screen.press("escape", "t", "up", "up", "down", "enter")
        assert screen.app.threshold == 0.51
