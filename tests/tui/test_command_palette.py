"""The command palette finds every command and runs it."""

from __future__ import annotations

import sys
from pathlib import Path
from subprocess import run as run_process

import pytest

from fitmon.engine.commands import Pause, PauseAt
from fitmon.tui.drawing.command_list import commands_for, matching
from fitmon.tui.keys import KEYS
from fitmon.tui.layout import View
from fitmon.tui.screens.command_palette import CommandPalette
from fitmon.tui.themes import THEMES
from tests.tui.fake_run import OVERFITTING, FakeRun, several_class_scores, shown
from tests.tui.test_terminal import pseudo


def test_every_key_that_stands_alone_every_view_and_every_theme_is_a_command() -> None:
    commands = commands_for(View.OVERVIEW)
    keys = {key.keys[0] for key in KEYS if len(key.keys) == 1 and not key.in_dialog}
    assert keys - {"escape"} <= {command.key for command in commands}
    assert {str(int(view)) for view in View} <= {command.key for command in commands}
    assert set(THEMES) <= {command.theme for command in commands}


def test_the_commands_of_the_present_view_come_first() -> None:
    assert [command.key for command in commands_for(View.SAMPLES)[:3]] == ["enter", "s", "n"]


def test_words_in_any_order_are_found_before_scattered_letters() -> None:
    commands = commands_for(View.OVERVIEW)
    score = lambda typed, text: float(typed in text)  # noqa: E731
    assert matching(commands, "rate change learning", score)[0].key == "l"
    assert matching(commands, "rate change learning", lambda *_: 1.0) == matching(
        commands, "rate change learning", score
    )
    assert matching(commands, "", score) == commands
    assert matching(commands, "no such thing", score) == []


@pytest.mark.parametrize("key", ["colon", "ctrl+p"])
async def test_a_command_is_found_by_its_words_and_run_by_enter(key: str) -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press(key, *"pause", "enter")
        await screen.until(lambda: run.sent == [Pause(at=PauseAt.EPOCH)])
        assert not isinstance(screen.app.screen, CommandPalette)


async def test_a_command_of_another_view_goes_there_first() -> None:
    async with shown(FakeRun().begin().epochs(3, several_class_scores())) as screen:
        await screen.press("colon", *"sort by", "enter")
        await screen.sees("nearest to the threshold first")
        assert screen.app._monitor.view is View.SAMPLES


@pytest.mark.slow
async def test_a_theme_is_a_command_and_arrows_choose() -> None:
    async with shown(FakeRun().begin()) as screen:
        await screen.press("colon", *"theme", "down", "enter")
        await screen.sees("theme: dark")
        await screen.press("colon", *"qqqq")
        await screen.sees("no command matches")
        await screen.press("enter")
        assert isinstance(screen.app.screen, CommandPalette)
        await screen.press("escape")
        await screen.until(lambda: not isinstance(screen.app.screen, CommandPalette))


async def test_a_click_runs_a_command() -> None:
    run = FakeRun().begin()
    async with shown(run) as screen:
        await screen.press("colon")
        await screen.sees("Pause after this epoch")
        row = next(number for number, text in enumerate(screen.rows) if "Pause after this epoch" in text)
        await screen.pilot.click(offset=(60, row))
        await screen.until(lambda: run.sent == [Pause(at=PauseAt.EPOCH)])


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (200, 50)])
async def test_it_fits_every_terminal(size: tuple[int, int]) -> None:
    async with shown(FakeRun().begin(), size=size) as screen:
        await screen.press("colon", *"theme")
        await screen.sees("Theme auto", "esc back")


def test_it_is_loaded_when_it_is_opened() -> None:
    code = "import sys, fitmon.tui.app; print('fitmon.tui.screens.command_palette' in sys.modules)"
    done = run_process([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


async def test_the_command_line_of_a_suggested_fix_goes_to_the_clipboard() -> None:
    async with shown(FakeRun().begin().found(1, OVERFITTING)) as screen:
        await screen.press("Y")
        await screen.sees("sent to the clipboard of the terminal: fitmon mnist --units 128")
        assert screen.app.clipboard == "fitmon mnist --units 128"
    async with shown(FakeRun().begin()) as screen:
        await screen.press("Y")
        await screen.sees("no finding suggests a command line")


@pytest.mark.slow
def test_what_is_typed_in_one_packet_is_one_command(tmp_path: Path) -> None:
    with pseudo("waits", str(tmp_path / "run" / "output.log")) as terminal:
        terminal.until("epoch 1/3")
        terminal.type(":")
        terminal.until("esc back")
        terminal.type("theme mono\r")
        terminal.until("theme: mono")
