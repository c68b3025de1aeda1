"""The keys of the charts, pressed on a made-up run: what they show is exact, and no command is sent."""

from __future__ import annotations

import pytest

from fitmon.engine import events
from fitmon.engine.measures import Measures
from tests.tui.fake_run import STEPS, FakeRun, shown

pytestmark = pytest.mark.slow

VAL_LOSSES = (0.9123456, 0.7234567, 0.6345678, 0.6456789, 0.6567891, 0.66789)


def a_run(epochs: int = 6, *, penalty: float | None = None) -> FakeRun:
    run = FakeRun().begin()
    for epoch in range(1, epochs + 1):
        train_epoch(run, epoch, VAL_LOSSES[(epoch - 1) % 6], penalty)
    return run


def train_epoch(run: FakeRun, epoch: int, val_loss: float, penalty: float | None = None) -> None:
    run.tell(
        events.EpochStarted(epoch=epoch, epochs=10, steps=STEPS),
        events.EpochEnded(
            epoch=epoch,
            epochs=10,
            seconds=30.0,
            metrics={"loss": 1 / epoch, "val_loss": val_loss, "accuracy": 0.9, "val_accuracy": 0.8, "mae": 2.0},
            knobs={"learning_rate": 1e-3 / epoch},
            measures=Measures() if penalty is None else Measures(penalty=penalty),
        ),
    )


async def test_the_cursor_reads_the_exact_values_of_all_curves_in_both_charts() -> None:
    run = a_run()
    async with shown(run) as screen:
        await screen.press("left")
        await screen.sees("epoch 6", "train 0.166667", "val 0.66789", "val 0.8", "3:00")
        await screen.press("left", "left", "left", "left")
        await screen.sees("epoch 2", "train 0.5 ", "val 0.723457")
        await screen.press("home")
        await screen.sees("epoch 1", "train 1 ", "val 0.912346")
        await screen.press("3", "right")
        await screen.sees("accuracy  epoch 2")
        await screen.press("end", "right")
        await screen.misses("epoch 6  ")
        await screen.press("2", "left", "escape")
        await screen.sees("◆ best 3")
        assert not run.sent


async def test_the_cursor_reads_every_branch() -> None:
    run = a_run().branch(2, 1, 3)
    train_epoch(run, 4, 0.5)
    async with shown(run) as screen:
        await screen.press("left")
        await screen.sees("epoch 4", "val 0.5 ", "◦1 0.645679")
        await screen.press("right", "right")
        await screen.sees("epoch 6  ◦1 0.66789")


async def test_the_cursor_stays_while_training_goes_on() -> None:
    run = a_run(4)
    async with shown(run) as screen:
        await screen.press("2", "left", "left")
        await screen.sees("epoch 3  ")
        train_epoch(run, 5, 0.6)
        await screen.until(lambda: "5/10" in screen.text)
        assert "epoch 3  " in screen.text


async def test_the_arrows_move_the_threshold_and_not_the_cursor_in_its_view() -> None:
    async with shown(a_run()) as screen:
        await screen.press("4", "left", "1")
        await screen.sees("◆ best 3")


async def test_zoom_shows_fewer_epochs_and_zero_all() -> None:
    async with shown(a_run(40), size=(100, 30)) as screen:
        await screen.press("2")
        await screen.sees("┴0──")
        await screen.press("plus", "plus")
        await screen.sees("─31─", "─40╯")
        await screen.misses("─20─")
        await screen.press("minus")
        await screen.sees("─22─", "─40╯")
        await screen.press("0")
        await screen.sees("┴0──")


async def test_the_horizontal_axis_shows_epochs_or_the_time_trained() -> None:
    async with shown(a_run()) as screen:
        await screen.press("2", "i")
        await screen.sees("─1:00─", "─2:00─", "3:00")
        await screen.press("left")
        await screen.sees("epoch 6", "val 0.66789")
        await screen.press("escape", "i")
        await screen.sees("─5─")


async def test_smoothing_is_off_until_asked_for_and_says_what_it_is() -> None:
    async with shown(a_run()) as screen:
        await screen.press("2")
        assert "EMA" not in screen.text
        await screen.press("y")
        await screen.sees("EMA 0.6", "val 0.6679")
        await screen.press("y")
        await screen.sees("EMA 0.9")
        await screen.press("y")
        await screen.misses("EMA")


async def test_v_shows_every_metric_then_the_learning_rate_and_the_seconds() -> None:
    async with shown(a_run()) as screen:
        await screen.press("3")
        await screen.sees("╭ accuracy")
        for title in ("╭ mae", "╭ learning rate  ⠒ 1.667e-4", "╭ seconds per epoch  ⠒ 30.00", "╭ accuracy"):
            await screen.press("v")
            await screen.sees(title)
        await screen.press("v", "1")
        await screen.sees("╭ loss", "╭ mae")


async def test_v_shows_data_loss_keras_loss_and_penalty_apart() -> None:
    async with shown(a_run(penalty=0.1)) as screen:
        await screen.press("2")
        await screen.sees("╭ data loss", "val 0.5679", "penalty 0.1")
        await screen.press("v")
        await screen.sees("╭ loss", "val 0.6679")
        await screen.press("v")
        await screen.sees("╭ penalty (L1 + L2)  ⠒ 0.1000")
        await screen.press("v")
        await screen.sees("╭ data loss")


async def test_a_run_with_nothing_but_a_loss_shows_its_learning_rate_in_the_other_chart() -> None:
    run = FakeRun().begin().epoch_ended(1, None, loss=1.0).epoch_ended(2, None, loss=0.5)
    async with shown(run) as screen:
        await screen.press("3")
        await screen.sees("╭ learning rate  ⠒ 1e-3")
        await screen.press("v")
        await screen.sees("╭ seconds per epoch")


async def test_keys_of_the_charts_say_where_they_act() -> None:
    async with shown(a_run()) as screen:
        await screen.press("7", "v")
        await screen.sees("v metric: only in view 1 (overview) and 2 (loss) and 3 (accuracy)")
    async with shown(FakeRun().begin()) as screen:
        await screen.press("left")
        await screen.sees("no epoch has ended yet")
    async with shown(a_run()) as screen:
        await screen.press("2", "v")
        await screen.sees("nothing else to show")


async def test_a_frozen_view_keeps_its_epochs_and_moves_its_cursor() -> None:
    run = a_run(4)
    async with shown(run) as screen:
        await screen.press("2", "h")
        train_epoch(run, 5, 0.6)
        await screen.press("left")
        await screen.sees("epoch 4  ", "val 0.645679")


async def test_a_column_of_the_panel_is_an_epoch() -> None:
    async with shown(a_run(), size=(100, 30)) as screen:
        await screen.press("2")
        await screen.sees("─5──")
        panel = screen.app.screen.query_one("#loss")
        lower = next(row for row in screen.rows if "┴0" in row)
        assert panel.epoch_at(lower.index("─5─") + 1) == 5  # type: ignore[attr-defined]
        assert panel.epoch_at(0) is None  # type: ignore[attr-defined]
