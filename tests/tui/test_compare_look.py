"""The comparison looks like the screen of a run: themes, drawing again, hints that can be clicked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from rich.style import Style
from textual.app import App
from textual.pilot import Pilot

from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.text.roles import Color
from fitmon.tui import themed_app
from fitmon.tui.compare_app import CompareApp
from fitmon.tui.screens.comparison_help import ComparisonHelp
from fitmon.tui.theme_choice import NO_COLORS, ThemeChoice
from tests.engine.runs.made_up_runs import trained
from tests.tui.fake_run import FakeRun, Shown, shown

WHITE, LIGHT_GROUND = (255, 255, 255), "#eeeeee"


class ATerminal:
    """A terminal that may tell its background later, and counts how often all cells are sent anew."""

    shows_unicode = True

    def __init__(self) -> None:
        self.color: Color | None = None
        self.forgotten = 0

    def background(self) -> Color | None:
        return self.color

    def forget_cells(self) -> None:
        self.forgotten += 1


class Screen(Shown):
    """Any application of fitmon under test."""

    app: Any

    def __init__(self, app: App[Any], pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    def grounds(self, *words: str) -> set[str | None]:
        """Return the backgrounds on which the words stand."""
        strips = self.app.screen._compositor.render_strips()
        texts = [segment for strip in strips for segment in strip if any(word in segment.text for word in words)]
        styles = [segment.style or Style.null() for segment in texts]
        return {style.bgcolor.name if style.bgcolor else None for style in styles}

    def place_of(self, words: str) -> tuple[int, int]:
        """Return the column and the row at which the words begin."""
        row = next(number for number, text in enumerate(self.rows) if words in text)
        return self.rows[row].index(words), row


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> ATerminal:
    environment = {"TERM": "xterm-256color"}
    _look_in(environment, monkeypatch)
    return ATerminal()


def _look_in(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    def choice(app: App[Any], name: str | None, background: Callable[[], Color | None]) -> ThemeChoice:
        return ThemeChoice(app, name, background, environment)

    monkeypatch.setattr(themed_app, "ThemeChoice", choice)


@pytest.fixture
def folders(tmp_path: Path) -> list[RunFolder]:
    return [trained(tmp_path, name, [0.5, 0.25, 0.3]) for name in ("plain", "other")]


@asynccontextmanager
async def compared(folders: list[RunFolder], terminal: ATerminal, root: Path | None = None) -> AsyncIterator[Screen]:
    app = CompareApp(folders, Runs(root or folders[0].path.parent), terminal=terminal)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = Screen(app, pilot)
        await screen.sees("2 runs")
        yield screen


async def test_the_comparison_takes_the_theme_that_fits_the_background(
    folders: list[RunFolder], terminal: ATerminal
) -> None:
    async with compared(folders, terminal) as screen:
        assert screen.app.theme_choice.theme.name == "dark"
        terminal.color = WHITE
        await screen.until(lambda: screen.app.theme_choice.theme.name == "light")
        assert screen.grounds("val_loss", "plain") == {None}


async def test_a_key_changes_the_theme_of_the_comparison_until_the_next_key_it_says_which_it_is(
    folders: list[RunFolder], terminal: ATerminal
) -> None:
    async with compared(folders, terminal) as screen:
        await screen.press("T")
        await screen.sees("theme: light, for a light background")
        assert screen.grounds("val_loss", "plain", "─", "   ") == {LIGHT_GROUND}
        await screen.press("down")
        await screen.misses("theme: light")
        await screen.press("question_mark")
        await screen.until(lambda: isinstance(screen.app.screen, ComparisonHelp))
        assert screen.grounds("Keys", "   ") == {LIGHT_GROUND}


async def test_the_list_of_runs_takes_letters_as_its_filter_and_has_the_theme_too(
    folders: list[RunFolder], terminal: ATerminal
) -> None:
    terminal.color = WHITE
    async with compared([], terminal, folders[0].path.parent) as screen:
        await screen.press("T", "ctrl+l")
        await screen.sees("filter: T", "2 of 2 runs")
        assert terminal.forgotten == 1
        assert screen.app.theme_choice.theme.name == "light"


async def test_over_the_screen_of_a_run_the_key_changes_both(folders: list[RunFolder], terminal: ATerminal) -> None:
    assert terminal.color is None
    async with shown(FakeRun().begin().epochs(2), folder=folders[0], name="plain") as shown_run:
        screen = Screen(shown_run.app, shown_run.pilot)
        await screen.press("R", *"other", "enter")
        await screen.sees("2 runs", "val_loss")
        await screen.press("T")
        await screen.sees("theme: light")
        assert screen.grounds("val_loss", "plain") == {LIGHT_GROUND}
        await screen.press("q")
        await screen.sees("fitmon · plain")
        assert screen.grounds("fitmon · plain", "epoch", "─", "   ") == {LIGHT_GROUND}


async def test_without_colors_the_comparison_has_one_theme(
    folders: list[RunFolder], terminal: ATerminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    _look_in({"TERM": "xterm", "NO_COLOR": "1"}, monkeypatch)
    async with compared(folders, terminal) as screen:
        await screen.press("T")
        await screen.sees(NO_COLORS)


async def test_a_key_without_meaning_and_a_click_on_a_hint_are_answered(
    folders: list[RunFolder], terminal: ATerminal
) -> None:
    async with compared(folders, terminal) as screen:
        await screen.press("Q")
        await screen.sees("no such key: Q · ? lists the keys")
        await screen.pilot.click(offset=screen.place_of("s sort"))
        await screen.sees("sorted by best loss")
        await screen.misses("no such key")


async def test_what_else_wrote_on_the_terminal_goes_in_every_dialog(
    folders: list[RunFolder], terminal: ATerminal
) -> None:
    async with compared(folders, terminal) as screen:
        await screen.press("ctrl+l", "question_mark", "ctrl+l")
        assert terminal.forgotten == 2
