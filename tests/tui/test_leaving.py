"""The ways out: quitting, the end of the run, signals, each with its exit code."""

import pytest

from fitmon.engine.commands import Stop
from fitmon.tui.keys import KEYS
from fitmon.tui.options import DetachOptions
from fitmon.tui.screens.monitor import MonitorScreen
from fitmon.tui.terminal import DETACHED, HANG_UP_EXIT_CODE
from tests.tui.fake_run import FakeRun, shown

pytestmark = pytest.mark.slow


CAN_DETACH = DetachOptions(why_not="")


async def test_q_while_training_offers_to_detach_to_stop_or_to_stay() -> None:
    run = FakeRun().begin()
    async with shown(run, detach=CAN_DETACH) as screen:
        await screen.press("q")
        await screen.sees("Training is still running.", "d    detach", "s    stop and quit", "esc  back")
        await screen.press("enter")
        await screen.sees("Press d, s or esc.")
        for answer in ("n", "escape", "q"):
            await screen.press(answer)
            await screen.misses("Training is still running.")
            await screen.press("q")
        assert screen.app.return_value is None
        assert not run.sent
        await screen.press("s")
    assert screen.app.return_value == 130
    assert run.sent == [Stop()]


async def test_detaching_closes_the_screen_and_stops_nothing() -> None:
    run = FakeRun().begin()
    async with shown(run, detach=CAN_DETACH) as screen:
        await screen.press("q", "d")
    assert screen.app.return_value == DETACHED
    assert not run.sent


async def test_where_it_is_not_possible_to_detach_d_says_why() -> None:
    run = FakeRun().begin()
    async with shown(run, detach=DetachOptions(why_not="it is not saved")) as screen:
        await screen.press("q")
        await screen.sees("s    stop and quit")
        assert "detach" not in screen.text
        await screen.press("d")
        await screen.sees("It cannot continue in the background: it is not saved.")
        await screen.press("y")
    assert screen.app.return_value == 130


async def test_after_the_end_the_screen_stays_until_q_and_exits_with_0() -> None:
    run = FakeRun().begin().epochs(3).ended()
    async with shown(run) as screen:
        await screen.sees("finished: 3 epochs, best epoch 3", "summary", "Best epoch 3")
        assert screen.app.return_value is None
        await screen.press("q")
    assert screen.app.return_value == 0
    assert not run.sent


async def test_a_run_that_ends_while_quit_is_confirmed_exits_with_0() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("q")
        run.ended()
        await screen.press("s")
    assert screen.app.return_value == 0


async def test_exit_when_over_quits_at_once() -> None:
    run = FakeRun().begin()
    async with shown(run, exit_when_over=True) as screen:
        run.ended()
        await screen.until(lambda: screen.app.return_value == 0)


async def test_a_failed_run_exits_with_the_code_of_its_error() -> None:
    run = FakeRun().begin().failed()
    async with shown(run) as screen:
        await screen.sees("The run failed")
        await screen.press("q")
    assert screen.app.return_value == 4


async def test_ctrl_c_stops_and_quits_at_once_even_in_a_dialog() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", "5", "ctrl+c")
    assert screen.app.return_value == 130
    assert run.sent == [Stop()]


async def test_a_signal_stops_the_run_and_exits_with_its_code() -> None:
    run = FakeRun().begin()
    received: list[int] = []
    async with shown(run, exit_request=lambda: received[0] if received else None) as screen:
        received.append(143)
        await screen.until(lambda: screen.app.return_value == 143)
    assert run.sent == [Stop(reason="stopped by SIGTERM")]


async def test_a_lost_terminal_sends_no_command_to_a_run_in_progress() -> None:
    run = FakeRun().begin()
    lost: list[int] = []
    async with shown(run, exit_request=lambda: lost[0] if lost else None) as screen:
        lost.append(HANG_UP_EXIT_CODE)
        await screen.until(lambda: screen.app.return_value == HANG_UP_EXIT_CODE)
    assert not run.sent


async def test_a_lost_terminal_after_the_end_exits_with_the_code_of_the_run() -> None:
    run = FakeRun().begin().failed()
    lost: list[int] = []
    async with shown(run, exit_request=lambda: lost[0] if lost else None) as screen:
        lost.append(HANG_UP_EXIT_CODE)
        await screen.until(lambda: screen.app.return_value == 4)


@pytest.mark.parametrize("key", ["q", "ctrl+c"])
async def test_quitting_a_view_of_another_process_asks_nothing_and_does_not_stop_the_run(key: str) -> None:
    run = FakeRun().begin()
    async with shown(run, viewer=True) as screen:
        await screen.sees("mnist", "(attached)", "attached · q leaves, training continues")
        await screen.press(key)
    assert screen.app.return_value == 0
    assert not run.sent


async def test_a_view_of_another_process_steers_the_run() -> None:
    run = FakeRun().begin()
    async with shown(run, viewer=True) as screen:
        await screen.press("x", "y")
    assert run.sent == [Stop()]


@pytest.mark.parametrize("key", [key for entry in KEYS if entry.alive_only for key in entry.keys])
async def test_a_read_only_view_answers_every_key_that_steers_with_a_notice(key: str) -> None:
    run = FakeRun().begin()
    async with shown(run, viewer=True, read_only=True) as screen:
        await screen.sees("mnist", "(read-only)")
        await screen.press(key)
        await screen.sees("read-only view: keys that change the run are off")
        assert isinstance(screen.app.screen, MonitorScreen), "no dialog"
        await screen.press("enter", "y")
    assert not run.sent


async def test_every_command_is_refused_in_a_read_only_view() -> None:
    run = FakeRun().begin()
    async with shown(run, viewer=True, read_only=True) as screen:
        screen.app.ask(Stop(), "stopping …")
        await screen.sees("read-only view: keys that change the run are off")
    assert not run.sent


async def test_a_read_only_view_offers_only_keys_that_change_the_view() -> None:
    async with shown(FakeRun().begin(), viewer=True, read_only=True) as screen:
        await screen.sees("tab view", "h freeze", "? help", "q quit")
        footer = screen.rows[-1]
        assert [key.wording for key in KEYS if key.alive_only and f"{key.shown} {key.wording}" in footer] == []
