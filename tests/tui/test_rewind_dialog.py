"""The key z goes back to an epoch, with other knobs if wanted."""

from __future__ import annotations

import re

import pytest
from textual.widgets import Input

from fitmon.engine import events
from fitmon.engine.commands import Rewind
from fitmon.engine.values import KnobOffer
from fitmon.tui.options import RewindOptions
from fitmon.tui.screens.knob_form import KnobForm
from fitmon.tui.screens.monitor import MonitorScreen
from tests.tui.fake_run import OFFERS, FakeRun, shown

pytestmark = pytest.mark.slow

KNOBS = tuple(KnobOffer(name="dropout", value=0.3) if offer.name == "dropout" else offer for offer in OFFERS)


def overfitted() -> FakeRun:
    """Return a run of 5 epochs that was best at epoch 2."""
    run = FakeRun().begin(knobs=KNOBS)
    for epoch, val_loss in enumerate((0.9, 0.5, 0.6, 0.7, 0.8), 1):
        run.tell(events.EpochStarted(epoch=epoch, epochs=10, steps=100))
        run.epoch_ended(epoch, None, loss=1 / epoch, accuracy=0.5, val_loss=val_loss, val_accuracy=0.4)
    return run.tell(events.EpochStarted(epoch=6, epochs=10, steps=100))


async def test_it_opens_at_the_best_epoch_and_two_enters_rewind_to_it() -> None:
    run = overfitted()
    async with shown(run) as screen:
        await screen.press("z")
        await screen.sees("rewind to the end of an epoch", "▸ 2 ", "◆ best")
        await screen.press("enter")
        await screen.sees("rewind to the end of epoch 2, with these knobs", "learning rate  1e-3", "dropout        0.3")
        assert not run.sent
        await screen.press("enter")
        assert run.sent == [Rewind(epoch=2, branch=1)]
        await screen.sees("rewinding to the end of epoch 2 …")
        assert isinstance(screen.app.screen, MonitorScreen)


async def test_keys_select_another_epoch_and_changed_knobs_are_sent_with_it() -> None:
    run = overfitted()
    async with shown(run) as screen:
        await screen.press("z", "up", "enter", "tab", *"0.5", "tab", *"1e-4", "enter")
        assert run.sent.pop() == Rewind(epoch=3, branch=1, changes={"dropout": 0.5})
        await screen.press("z", "up", "enter", *"L2=1e-3 epochs=8", "tab", *"0.5", "enter")
        assert run.sent == [Rewind(epoch=3, branch=1, changes={"dropout": 0.5, "l2": 1e-3, "epochs": 8})]


async def test_the_list_has_the_usual_keys() -> None:
    run = overfitted()
    async with shown(run) as screen:
        for keys, epoch in (
            (("home",), 5),
            (("end",), 0),
            (("end", "down"), 0),
            (("home", "up"), 5),
            (("home", "down", "down"), 3),
            (("home", "pagedown"), 0),
            (("end", "pageup"), 5),
        ):
            await screen.press("z", *keys, "enter", "enter")
            assert run.sent.pop() == Rewind(epoch=epoch, branch=1), keys
        assert not run.sent


async def test_epochs_without_a_checkpoint_are_shown_and_skipped() -> None:
    run = overfitted()
    async with shown(run, rewind=RewindOptions(kept_epochs=lambda: {1: {0, 4}})) as screen:
        await screen.press("z")
        await screen.sees("▸ 4 ", "no checkpoint")
        await screen.press("down", "enter", "enter")
        assert run.sent == [Rewind(epoch=0, branch=1)]


async def test_a_run_without_any_checkpoint_says_so_and_enter_does_nothing() -> None:
    run = overfitted()
    async with shown(run, rewind=RewindOptions(kept_epochs=dict)) as screen:
        await screen.press("z")
        await screen.sees("No epoch of this run has a checkpoint yet.")
        await screen.press("enter", "u", "down", "enter", "escape")
        assert not run.sent
        assert isinstance(screen.app.screen, MonitorScreen)


async def test_u_selects_the_epoch_before_the_last_knob_change() -> None:
    run = overfitted().applied("l2", 0.01, 1e-4, epoch=2).applied("dropout", 0.5, 0.3, epoch=5)
    async with shown(run) as screen:
        await screen.press("z", "u")
        await screen.sees("▸ 4 ")
        await screen.press("enter")
        await screen.sees("dropout        0.3")
        await screen.press("escape", "u")
        await screen.sees("▸ 1 ")
        await screen.press("u", "enter", "enter")
        assert run.sent == [Rewind(epoch=4, branch=1)]


async def test_u_shows_a_notice_when_there_is_nothing_to_undo_or_no_checkpoint() -> None:
    run = overfitted()
    async with shown(run, rewind=RewindOptions(kept_epochs=lambda: {1: {2}})) as screen:
        await screen.press("z", "u")
        await screen.sees("No knob has been changed yet.", "▸ 2 ")
        await screen.press("escape")
        run.applied("dropout", 0.5, 0.3, epoch=5)
        await screen.press("z", "u")
        await screen.sees("Epoch 4, before the last knob change, has no checkpoint.", "▸ 2 ")


async def test_u_is_a_letter_where_knobs_are_typed() -> None:
    run = overfitted()
    async with shown(run) as screen:
        await screen.press("z", "enter", "u")
        assert screen.app.screen.query(Input).first().value == "u"


async def test_a_rewind_to_the_last_epoch_begins_at_the_epochs_which_must_be_more() -> None:
    run = overfitted().train(6, 10).ended()
    async with shown(run) as screen:
        await screen.press("z", "home", "enter", "enter")
        await screen.sees("Expected epochs after epoch 10 to train")
        await screen.press("up", "up", "enter")
        assert run.sent == [Rewind(epoch=10, branch=1, changes={"epochs": 12})]


async def test_invalid_changes_are_refused_and_can_be_corrected() -> None:
    run = overfitted()
    async with shown(run) as screen:
        await screen.press("z", "enter")
        field = screen.app.screen.query(Input).first()
        for typed, refusal in (
            ("half", "Expected learning_rate to be a number above 0"),
            ("dropout=2", "Expected dropout to be a number at least 0 and below 1"),
            ("learning_rate_factor=2", "learning_rate_factor cannot be changed"),
            ("epochs=2", "Expected epochs after epoch 2 to train"),
        ):
            field.value = typed
            await screen.press("enter")
            await screen.until(
                lambda refusal=refusal: refusal in re.sub(r"[\s│─╭╮╰╯]+", " ", screen.text)  # type: ignore[misc]
            )
            assert field.value == typed
        assert not run.sent


async def test_escape_returns_from_the_knobs_to_the_epochs_and_then_closes() -> None:
    run = overfitted()
    async with shown(run) as screen:
        await screen.press("z", "up", "enter", "escape")
        await screen.sees("▸ 3 ")
        await screen.press("escape")
        assert isinstance(screen.app.screen, MonitorScreen)
        assert not run.sent


async def test_an_epoch_of_another_branch_is_sent_with_its_branch() -> None:
    run = overfitted().branch(2, 1, 2).train(3, 3)
    async with shown(run) as screen:
        await screen.press("z")
        await screen.sees("branch 2 (current)", "from branch 1", "branch 1, up to epoch 5")
        await screen.press("end", "enter")
        await screen.sees("rewind to the end of epoch 3 of branch 1")
        await screen.press("enter")
        assert run.sent == [Rewind(epoch=3, branch=1)]


@pytest.mark.parametrize("state", ["paused", "finished", "stopped"])
async def test_it_works_while_paused_and_after_the_end(state: str) -> None:
    run = overfitted()
    if state == "paused":
        run.tell(events.RunPaused(epoch=6, step=3, reason=""))
    else:
        run.ended(completed=state == "finished", reason="stopped by the user")
    async with shown(run) as screen:
        await screen.press("z", "enter", "enter")
        assert run.sent == [Rewind(epoch=2, branch=1)]
        run.branch(2, 1, 2).tell(events.EpochStarted(epoch=3, epochs=10, steps=100))
        await screen.sees("training", "epoch 3/10", "branch 2 from epoch 2")


async def test_a_refused_rewind_is_shown_with_its_reason_even_when_the_run_is_over() -> None:
    run = overfitted().ended()
    async with shown(run) as screen:
        run.tell(events.RewindRefused(epoch=2, branch=1, reason="Epoch 2 of branch 1 has no checkpoint."))
        await screen.sees("rewind to epoch 2 refused: Epoch 2 of branch 1 has no checkpoint.")


async def test_a_run_that_cannot_rewind_shows_the_reason() -> None:
    run = overfitted()
    async with shown(run, rewind=RewindOptions(why_not=lambda: "this run is not kept")) as screen:
        await screen.press("z")
        await screen.sees("this run is not kept")
        assert isinstance(screen.app.screen, MonitorScreen)
        assert "z rewind" not in screen.text


async def test_a_read_only_view_sends_no_rewind() -> None:
    run = overfitted()
    async with shown(run, viewer=True, read_only=True) as screen:
        await screen.press("z")
        await screen.sees("read-only")
        assert isinstance(screen.app.screen, MonitorScreen)


async def test_before_the_model_is_built_there_is_no_epoch_to_rewind_to() -> None:
    async with shown(FakeRun()) as screen:
        await screen.press("z")
        await screen.sees("nothing to rewind to before training starts")


async def test_no_size_breaks_the_dialog() -> None:
    run = overfitted().branch(2, 1, 2).train(3, 9)
    async with shown(run) as screen:
        for size in ((200, 50), (120, 40), (80, 24), (60, 15), (40, 10), (20, 5), (1, 1)):
            await screen.pilot.resize_terminal(*size)
            for key in ("z", "down", "end"):
                await screen.press_once(key)
            if size >= (40, 10):
                assert "▸ 3 " in screen.text, size
                assert "esc back" in screen.text, size
            await screen.press_once("enter")
            await screen.press("x")
            await screen.press_once("enter")
            assert isinstance(screen.app.screen, KnobForm), size
            assert len(screen.rows) == size[1]
            for other in ((80, 24), size):
                await screen.pilot.resize_terminal(*other)
            for _ in range(2):
                await screen.press_once("escape")
            assert isinstance(screen.app.screen, MonitorScreen), size
            assert not run.sent


async def test_a_branch_of_ten_thousand_epochs_can_be_listed() -> None:
    run = FakeRun().begin().train(1, 10_000)
    async with shown(run) as screen:
        await screen.press("z", "end", "up", "enter", "enter")
        assert run.sent == [Rewind(epoch=1, branch=1)]
