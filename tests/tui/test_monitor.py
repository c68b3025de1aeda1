"""What the monitor shows of a run at every size."""

import gc
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from fitmon.engine import events
from fitmon.engine.events import Phase
from fitmon.engine.finding import Finding, Remedy
from fitmon.text.format import to_ascii
from fitmon.tui.layout import View
from fitmon.tui.screens.failure import FailureScreen
from fitmon.tui.screens.monitor import MonitorScreen
from tests.tui.fake_run import FakeRun, binary_scores, several_class_scores, shown

VIEW_KEYS = [str(int(view)) for view in View]
SIZES = [(200, 50), (120, 40), (80, 24), (40, 10), (20, 5), (1, 1), (100, 28), (99, 27)]
HOSTILE = "\x1b[31mred\x1b]0;title\x07[bold]m[/bold]\x9b31m\u202e\r\n\x08"


def eventful_run() -> FakeRun:
    run = FakeRun().begin(notes=("MNIST was not found; scikit-learn's digits instead.",))
    run.epochs(3, several_class_scores()).applied("learning_rate", 5e-4, 1e-3, epoch=4).chunk(40, epoch=4)
    return run.tell(events.KnobRequested(knob="batch_size", value=128, epoch=5))


def branched_run() -> FakeRun:
    """Return a run in its third branch that cannot be kept, and that another process began."""
    run = FakeRun().begin(notes=("MNIST was not found; scikit-learn's digits instead.",)).train(1, 6)
    run.tell(events.RunResumed(epochs_done=5, exact=False, reasons=("keras 3.12 → 3.13",)))
    run.branch(2, 1, 3).applied("l2", 0.01, 1e-4, epoch=4).train(4, 5, knobs={"l2": 0.01}).branch(3, 2, 4).train(5, 6)
    run.tell(events.CheckpointFailed(message="It could not be written into /a/b (No space left on device). No."))
    return run.tell(events.EpochStarted(epoch=7, epochs=10, steps=100)).chunk(40, epoch=7)


async def test_the_run_starts_only_after_the_first_frame() -> None:
    run = FakeRun()
    async with shown(run) as screen:
        assert run.starts == 1
        assert "waiting to start" in screen.text


@pytest.mark.slow
async def test_the_phase_is_always_in_the_header() -> None:
    run = FakeRun()
    async with shown(run) as screen:
        for phase in (phase for phase in Phase if phase is not Phase.PAUSED):
            run.tell(events.PhaseChanged(phase=phase))
            await screen.until(lambda phase=phase: str(phase) in screen.rows[0])  # type: ignore[misc]


async def test_the_header_shows_epoch_pace_time_left_device_knobs_and_notes() -> None:
    async with shown(eventful_run(), size=(120, 40)) as screen:
        await screen.sees("epoch 4/10", "40%", "1.6 s/epoch", "ETA 0:11", "CPU (2 threads)")
        for knob in ("lr 5e-4", "dropout –", "L1 0", "L2 1e-4", "batch 64 → 128 from epoch 5"):
            assert knob in screen.rows[1]
        assert "scikit-learn's digits" in screen.rows[3]


async def test_at_80_columns_the_header_still_shows_pace_time_left_and_device() -> None:
    async with shown(eventful_run(), size=(80, 24)) as screen:
        await screen.sees("epoch 4/10", "1.6 s/epoch", "ETA 0:11", "CPU (2 threads)")


async def test_within_the_first_epoch_the_chart_already_moves() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.sees("training epoch 1", "curves appear with the first steps")
        run.chunk(10).chunk(20).chunk(30)
        await screen.sees("train 1.7000")
        assert any("\u2801" <= cell <= "\u28ff" for row in screen.rows[5:15] for cell in row)


async def test_a_change_is_pending_until_its_receipt_shows() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", *"5e-4", "enter")
        run.tell(events.KnobRequested(knob="learning_rate", value=5e-4, epoch=2))
        await screen.sees("lr 1e-3 → 5e-4 from epoch 2")
        run.epoch_ended(1)
        run.tell(events.EpochStarted(epoch=2, epochs=10, steps=100)).applied("learning_rate", 5e-4, 1e-3, epoch=2)
        await screen.sees("learning rate 1e-3 → 5e-4, in effect from epoch 2")
        await screen.misses("5e-4 from epoch 2")


async def test_a_refused_change_is_shown_with_its_reason() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        run.tell(events.KnobRefused(knob="batch_size", value=512, reason="the optimizer counts its steps"))
        await screen.sees("batch size 512 refused: the optimizer counts its steps")


LOST = Finding(
    name="non_finite_loss",
    sentence="non finite loss since epoch 1: loss is NaN",
    epochs=(1, 1),
    confidence=1.0,
    remedies=(Remedy(advice="halve the rate", expect="It falls."),),
)


async def test_a_nan_loss_pauses_and_shows_the_step() -> None:
    run = FakeRun().begin().chunk(10)
    async with shown(run) as screen:
        run.chunk(52, loss=math.nan, accuracy=0.1)
        run.tell(
            events.LossBecameNonFinite(metric="loss", epoch=1, step=52, value="nan", findings=(LOST,)),
            events.RunPaused(epoch=1, step=52, reason="the loss became nan"),
        )
        await screen.sees("loss became nan at epoch 1, step 52", "paused")
        await screen.press("9")
        await screen.sees("non finite loss since epoch 1", "halve the rate")


async def test_a_failure_shows_its_traceback_and_the_panels_stay_behind_it() -> None:
    run = FakeRun().begin().failed("train_step raised ValueError: no.", 'Traceback\n  File "m.py"\nValueError: no')
    async with shown(run) as screen:
        await screen.until(lambda: isinstance(screen.app.screen, FailureScreen))
        await screen.sees("train_step raised ValueError: no.", 'File "m.py"')
        await screen.press("escape")
        await screen.sees("failed after 0 epochs")
        await screen.press("f")
        await screen.sees('File "m.py"')


@pytest.mark.slow
@pytest.mark.parametrize(("make", "sizes"), [(eventful_run, SIZES), (branched_run, SIZES[1:4])])
async def test_every_view_fills_every_size_shows_the_state_and_has_an_ascii_form_of_the_same_width(
    make: Callable[[], FakeRun], sizes: list[tuple[int, int]]
) -> None:
    run = make().epoch_ended(4, binary_scores(0.6, 0.8, 0.3, 0.7, labels=(1, 1, 0, 0)))
    async with shown(run, size=sizes[0]) as screen:
        for width, height in sizes:
            await screen.pilot.resize_terminal(width, height)
            for key in VIEW_KEYS:
                await screen.press_once(key)
                case = f"view {key} at {width}×{height}"
                assert isinstance(screen.app.screen, MonitorScreen)
                assert screen.app.screen.view == int(key), case
                assert [cell_len(row) for row in screen.rows] == [width] * height, case
                assert ("training" if width >= len("training") else "…") in screen.text, case
                assert all(to_ascii(row).isascii() and len(to_ascii(row)) == len(row) for row in screen.rows), case


@pytest.mark.slow
async def test_the_screen_follows_every_change_of_size() -> None:
    async with shown(eventful_run()) as screen:
        for size in [*SIZES, *reversed(SIZES)]:
            await screen.pilot.resize_terminal(*size)
            await screen.until(lambda size=size: len(screen.rows) == size[1])  # type: ignore[misc]
        await screen.sees("epoch 4/10", "lr 5e-4", "what changed", "? help")


async def test_below_40_by_10_one_line_shows_the_state() -> None:
    async with shown(eventful_run(), size=(39, 10)) as screen:
        assert "training 4/10" in screen.rows[0]
        assert not "".join(screen.rows[1:]).strip()


async def test_a_run_without_a_second_metric_gives_all_room_to_the_loss() -> None:
    run = FakeRun().begin(majority_share=None).epoch_ended(1, loss=1.0, val_loss=2.0)
    async with shown(run, size=(80, 24)) as screen:
        await screen.until(lambda: screen.app.screen.query_one("#loss").size.height == 18)
        assert not screen.app.screen.query_one("#accuracy").display


async def test_hostile_text_from_anywhere_is_shown_harmlessly(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text(f"{HOSTILE}\nplain line\n", newline="")
    run = FakeRun().begin(notes=(HOSTILE,), device=HOSTILE, versions={HOSTILE: HOSTILE})
    run.tell(events.KnobRefused(knob=HOSTILE, value=1.0, reason=HOSTILE))
    async with shown(run, name=HOSTILE, log_path=log) as screen:
        for key in VIEW_KEYS:
            await screen.press(key)
            await screen.pilot.pause()
            assert_harmless(screen.text)
        await screen.press("8")
        await screen.sees("plain line", "[bold]m[/bold]")
        run.failed(HOSTILE, HOSTILE)
        await screen.until(lambda: isinstance(screen.app.screen, FailureScreen))
        await screen.sees("[bold]m[/bold]")
        assert_harmless(screen.text)


def assert_harmless(text: str) -> None:
    assert not [character for character in text if character < " " and character != "\n"]
    assert not set(text) & {"\x7f", "\x9b", "\u202e"}


async def test_output_is_followed_while_it_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    async with shown(FakeRun().begin(), log_path=log) as screen:
        await screen.press("8")
        await screen.sees("nothing printed yet")
        log.write_bytes(b"epoch 1/3\rbar 50%\rbar 100%\r\nWARNING: slow\n")
        await screen.sees("bar 100%", "WARNING: slow")
        assert "bar 50%" not in screen.text


async def test_series_and_samples_are_distinguishable_without_color() -> None:
    async with shown(eventful_run()) as screen:
        await screen.sees("⠒ train", "• val", "◆ best 3", "▼ knob", "█ right", "░ wrong")


async def test_closing_a_dialog_shows_the_monitor() -> None:
    async with shown(eventful_run()) as screen:
        await screen.press("l", "escape", "question_mark", "escape", "q", "escape")
        assert isinstance(screen.app.screen, MonitorScreen)


@pytest.mark.slow
async def test_disk_trouble_is_shown_in_every_view_until_it_is_resolved() -> None:
    run = branched_run()
    trouble = events.CheckpointFailed(message="It could not be written into /a/b (No space left on device). No.")
    async with shown(run) as screen:
        for size in ((120, 40), (40, 10)):
            await screen.pilot.resize_terminal(*size)
            run.tell(trouble)
            for view in VIEW_KEYS:
                await screen.press(view)
                await screen.until(lambda: any("disk trouble since epoch 6" in row for row in screen.rows[1:4]))
                if size[0] >= 80:
                    assert "No space left on device; training continues" in screen.text
            run.tell(events.CheckpointsResumed())
            await screen.misses("disk trouble")


async def test_the_smallest_terminal_shows_disk_trouble() -> None:
    async with shown(branched_run(), size=(39, 9)) as screen:
        assert "training 7/10 · disk trouble" in screen.rows[0]


async def test_the_header_names_the_branch_only_where_there_are_several() -> None:
    async with shown(branched_run(), size=(80, 24)) as screen:
        assert "branch 3" in screen.rows[0]
        assert "epoch 7/10" in screen.rows[0]
    async with shown(eventful_run()) as screen:
        assert "branch" not in screen.rows[0]


async def test_a_new_branch_shows_where_it_starts() -> None:
    run = FakeRun().begin().train(1, 4).branch(2, 1, 3)
    async with shown(run) as screen:
        await screen.sees("branch 2 from the end of epoch 3 of branch 1")
        run.train(4, 4)
        await screen.misses("branch 2 from the end of epoch 3 of branch 1")


@pytest.mark.parametrize(
    ("resumed", "said"),
    [
        (events.RunResumed(epochs_done=4, exact=True, proof="the same bits"), "epoch 4: exact, the same bits"),
        (
            events.RunResumed(epochs_done=4, step=7, exact=False, reasons=("keras 3.12 → 3.13", "device CPU → GPU")),
            "epoch 5, step 7: not bit-exact, because: keras 3.12 → 3.13; device CPU → GPU",
        ),
    ],
)
async def test_a_resumed_run_shows_whether_it_is_exact_for_a_while_and_always_in_view_7(
    resumed: events.RunResumed, said: str
) -> None:
    run = FakeRun().begin().train(1, 4).tell(resumed)
    async with shown(run) as screen:
        await screen.until(lambda: f"resumed at {said}" in screen.rows[2])
        run.train(5, 30)
        await screen.until(lambda: "resumed" not in screen.rows[2])
        await screen.press("7")
        await screen.sees(f"resumed at {said}")


async def test_a_run_without_its_own_screen_shows_the_reason_in_view_7() -> None:
    async with shown(FakeRun().begin().tell(events.RunDetached(reason="the terminal hung up"))) as screen:
        await screen.press("7")
        await screen.sees("trains without a screen: the terminal hung up")


async def test_once_compiled_what_stays_is_left_out_of_garbage_collection() -> None:
    """Going through the objects of TensorFlow takes a quarter of a second, in which no key is answered."""
    gc.unfreeze()
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.sees("epoch 1/")
        assert not gc.get_freeze_count()
        run.epochs(1)
        await screen.until(lambda: gc.get_freeze_count() > 0)
    gc.unfreeze()
