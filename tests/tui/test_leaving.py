"""The ways out: quitting, the end of the run, signals, each with its exit code."""

import pytest

from fitmon.engine.commands import Stop

from .fake_run import FakeRun, shown


@pytest.mark.parametrize("answer", ["y", "enter"])
async def test_q_while_training_asks_and_leaves_with_130(answer: str) -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("q")
        await screen.sees("The run is not over. Stop it and leave?")
        assert not run.sent
        await screen.press(answer)
    assert screen.app.return_value == 130
    assert run.sent == [Stop()]


@pytest.mark.parametrize("answer", ["n", "escape", "q"])
async def test_a_question_taken_back_changes_nothing(answer: str) -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("q", answer)
        await screen.misses("Stop it and leave?")
        assert screen.app.return_value is None
        assert not run.sent


async def test_the_screen_stays_after_the_end_until_q_and_leaves_with_0() -> None:
    run = FakeRun().begin().epochs(3).ended()
    async with shown(run) as screen:
        await screen.sees("finished: 3 epochs, best epoch 3", "summary", "Best epoch 3")
        assert screen.app.return_value is None
        await screen.press("q")
    assert screen.app.return_value == 0
    assert not run.sent


async def test_a_run_that_ends_under_the_question_is_left_with_0() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("q")
        run.ended()
        await screen.press("y")
    assert screen.app.return_value == 0


async def test_exit_when_over_leaves_at_once() -> None:
    run = FakeRun().begin()
    async with shown(run, exit_when_over=True) as screen:
        run.ended()
        await screen.until(lambda: screen.app.return_value == 0)


async def test_a_failed_run_is_left_with_the_code_of_its_kind() -> None:
    run = FakeRun().begin().failed()
    async with shown(run) as screen:
        await screen.sees("The run failed")
        await screen.press("q")
    assert screen.app.return_value == 4


async def test_ctrl_c_stops_and_leaves_at_once_even_out_of_a_dialog() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("l", "5", "ctrl+c")
    assert screen.app.return_value == 130
    assert run.sent == [Stop()]


async def test_a_signal_stops_the_run_and_leaves_with_its_code() -> None:
    run = FakeRun().begin()
    received: list[int] = []
    async with shown(run, asked_to_leave=lambda: received[0] if received else None) as screen:
        received.append(143)
        await screen.until(lambda: screen.app.return_value == 143)
    assert run.sent == [Stop()]
