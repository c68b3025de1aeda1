"""The key a lists what could be done; a digit does it."""

from __future__ import annotations

import pytest

from fitmon.engine.commands import Rewind, SetKnob, Stop
from fitmon.engine.finding import Finding, Remedy
from fitmon.tui.options import RewindOptions
from fitmon.tui.screens.monitor import MonitorScreen
from fitmon.tui.screens.remedies_dialog import RemediesDialog
from tests.tui.fake_run import CLASS_MISSING, OVERFITTING, RATE_TOO_HIGH, REWIND_TO_2, FakeRun, shown

BACK = Rewind(epoch=2, changes={"dropout": 0.3}, because="overfitting")


def overfitted() -> FakeRun:
    return FakeRun().begin().found(9, OVERFITTING, CLASS_MISSING, RATE_TOO_HIGH)


@pytest.mark.slow
async def test_every_remedy_is_listed_with_what_to_expect_at_every_size() -> None:
    async with shown(overfitted()) as screen:
        for size in ((120, 40), (80, 24), (64, 20)):
            await screen.pilot.resize_terminal(*size)
            await screen.press("a")
            await screen.sees("suggested fixes", "overfitting  97% sure", "1 rewind to epoch 2 with dropout 0.3")
            await screen.sees(
                "Validation loss falls", "2 stop here", "· train a smaller model", "$ fitmon mnist --units 128"
            )
            await screen.press("end")
            await screen.sees("3 halve the learning rate", "Both losses fall in smaller steps.")
            await screen.press("escape")


async def test_the_first_is_applied_by_its_digit_or_by_enter() -> None:
    run = overfitted()
    async with shown(run) as screen:
        for key in ("1", "enter"):
            await screen.press("a", key)
            assert run.sent.pop() == BACK
            await screen.sees("applying: rewind to epoch 2 with dropout 0.3 …")
            assert isinstance(screen.app.screen, MonitorScreen)
        assert not run.sent


async def test_a_digit_changes_knobs_like_the_user() -> None:
    run = overfitted()
    async with shown(run) as screen:
        await screen.press("a", "3")
        assert run.sent == [
            SetKnob(knob="epochs", value=15, because="learning_rate_too_high"),
            SetKnob(knob="learning_rate", value=5e-4, because="learning_rate_too_high"),
        ]


async def test_stopping_must_be_confirmed() -> None:
    run = overfitted()
    async with shown(run) as screen:
        await screen.press("a", "2")
        await screen.sees("Stop here and keep the best weights?", "y or enter stop")
        await screen.press("n")
        assert not run.sent
        await screen.press("a", "2", "y")
        assert run.sent == [Stop(reason="stopped: keep the best weights")]


async def test_it_can_be_closed_without_an_effect() -> None:
    run = overfitted()
    async with shown(run) as screen:
        for key in ("escape", "q", "a"):
            await screen.press("a")
            assert isinstance(screen.app.screen, RemediesDialog), key
            await screen.press(key)
            assert isinstance(screen.app.screen, MonitorScreen), key
        assert not run.sent


async def test_a_digit_without_a_remedy_shows_a_notice() -> None:
    run = overfitted()
    async with shown(run) as screen:
        await screen.press("a", "7")
        await screen.sees("There is no fix 7.")
        assert not run.sent


async def test_a_run_that_is_over_can_still_be_rewound() -> None:
    run = overfitted().ended()
    async with shown(run) as screen:
        await screen.press("a")
        await screen.sees("stop here and keep the best weights (the run has ended)")
        await screen.sees("1 rewind", "2 halve", "1…2 apply", "enter applies 1")
        await screen.press("3")
        await screen.sees("There is no fix 3.")
        await screen.press("enter")
        assert run.sent == [BACK]


async def test_a_rewind_to_an_epoch_without_a_checkpoint_is_not_sent() -> None:
    run = FakeRun().begin().found(9, OVERFITTING)
    async with shown(run, rewind=RewindOptions(kept_epochs=lambda: {1: {4}})) as screen:
        await screen.press("a")
        await screen.sees("(epoch 2 has no checkpoint)")
        await screen.press("1")
        await screen.sees("Stop here and keep the best weights?")
        assert not run.sent


async def test_overview_view_and_dialog_give_a_remedy_the_same_number() -> None:
    run = FakeRun().begin().found(9, OVERFITTING, RATE_TOO_HIGH)
    async with shown(run, rewind=RewindOptions(kept_epochs=lambda: {1: {4}})) as screen:
        await screen.sees("→ rewind to epoch 2")
        await screen.press("9")
        await screen.sees("[a 1] stop here", "[a 2] halve the learning rate")
        await screen.press("a")
        await screen.sees("· rewind to epoch 2", "1 stop here", "2 halve the learning rate")


async def test_a_folder_that_is_gone_has_no_checkpoints() -> None:
    def gone() -> None:
        raise FileNotFoundError

    run = FakeRun().begin().found(9, OVERFITTING)
    async with shown(run, rewind=RewindOptions(kept_epochs=gone)) as screen:
        await screen.press("9")
        await screen.sees("rewind to epoch 2 with dropout 0.3 (epoch 2 has no checkpoint)")
        await screen.press("a")
        await screen.sees("suggested fixes", "(epoch 2 has no checkpoint)")


async def test_values_are_written_as_everywhere_on_the_screen() -> None:
    lower = Remedy(advice="lower the learning rate from 0.001 to 5e-05", expect="It falls.", stop=True)
    run = (
        FakeRun()
        .begin()
        .found(3, Finding(name="x", sentence="x", epochs=(1, 3), confidence=0.9, remedies=(lower, REWIND_TO_2)))
    )
    async with shown(run) as screen:
        await screen.press("a")
        await screen.sees("1 lower the learning rate from 1e-3 to 5e-5")
        await screen.press("1")
        await screen.sees("Lower the learning rate from 1e-3 to 5e-5?")
        await screen.press("y")
        await screen.sees("applying: lower the learning rate from 1e-3 to 5e-5 …")


async def test_advice_alone_is_shown_and_enter_says_that_it_cannot_be_applied() -> None:
    run = FakeRun().begin().found(9, CLASS_MISSING)
    async with shown(run) as screen:
        await screen.press("a")
        await screen.sees("· train a smaller model", "$ fitmon mnist --units 128")
        await screen.press("enter")
        await screen.sees("None of these can be applied now.")
        assert not run.sent


async def test_a_remedy_that_moves_the_threshold_moves_that_of_the_view() -> None:
    lower = Remedy(advice="move the threshold to 0.3", expect="More is found.", changes={"threshold": 0.3})
    found = Finding(name="unbalanced", sentence="unbalanced", epochs=(1, 3), confidence=0.9, remedies=(lower,))
    run = FakeRun().begin(class_names=("no", "yes")).found(3, found)
    async with shown(run) as screen:
        await screen.press("a", "1")
        await screen.sees("threshold 0.3")
        assert not run.sent


async def test_without_findings_the_key_shows_a_notice() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("a")
        await screen.sees("no findings yet")
        assert not isinstance(screen.app.screen, RemediesDialog)


async def test_a_read_only_view_sends_no_command() -> None:
    run = overfitted()
    async with shown(run, viewer=True, read_only=True) as screen:
        await screen.press("a")
        await screen.sees("(read-only view)")
        await screen.press("1")
        assert not run.sent


async def test_a_long_list_scrolls_and_its_keys_stay_visible() -> None:
    many = Finding(name="x", sentence="x", epochs=(1, 1), confidence=1, remedies=(REWIND_TO_2,) * 9)
    run = FakeRun().begin().found(3, many)
    async with shown(run, size=(40, 10)) as screen:
        await screen.press("a")
        await screen.sees("1…9 apply", "1 rewind")
        await screen.press("end")
        await screen.sees("1…9 apply", "9 rewind")
        await screen.press("9")
        assert run.sent == [Rewind(epoch=2, changes={"dropout": 0.3}, because="x")]
