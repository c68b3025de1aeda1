"""The screen that compares runs, steered by keys and the mouse, alone and over the screen of a run."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from fitmon.engine.runs import compared_runs
from fitmon.engine.runs.best_epoch import best_epoch
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.lock import RunLock
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.runs import Runs
from fitmon.tui.compare_app import CompareApp
from fitmon.tui.screens.compare import CompareScreen
from tests.engine.runs.made_up_runs import begun, create, epoch, rewound, settings, trained
from tests.tui.fake_run import FakeRun, shown

PATIENCE_SECONDS = 20


class Comparison:
    """An application under test."""

    def __init__(self, app: CompareApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    @property
    def text(self) -> str:
        return "\n".join(strip.text for strip in self.app.screen._compositor.render_strips())

    @property
    def words(self) -> str:
        """The screen without the widths of its columns."""
        return " ".join(self.text.split())

    def row(self, name: str) -> str:
        """The line of a run in the table."""
        return next(line for line in self.text.splitlines() if name in line and "✓" in line)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not condition():
                    await self.pilot.pause(0.01)
        except TimeoutError:
            raise AssertionError(f"The condition did not become true. The screen:\n{self.text}") from None

    async def sees(self, *words: str) -> None:
        await self.until(lambda: all(word in self.text for word in words))

    async def misses(self, words: str) -> None:
        await self.until(lambda: words not in self.text)


@asynccontextmanager
async def compared(
    root: Path, folders: Sequence[RunFolder], size: tuple[int, int] = (120, 40)
) -> AsyncIterator[Comparison]:
    app = CompareApp(folders, Runs(root))
    async with app.run_test(size=size) as pilot:
        screen = Comparison(app, pilot)
        await screen.until(lambda: "fitmon · compare" in screen.text or "choose runs" in screen.text)
        yield screen


@pytest.fixture
def folders(tmp_path: Path) -> list[RunFolder]:
    return [
        trained(tmp_path, "plain", [0.5, 0.25, 0.3]),
        trained(tmp_path, "other", [0.6, 0.2, 0.4], optimizer="sgd"),
        rewound(tmp_path, "rewound"),
    ]


async def test_curves_and_table_show_runs_branches_settings_and_the_best(
    tmp_path: Path, folders: list[RunFolder]
) -> None:
    async with compared(tmp_path, folders) as screen:
        await screen.sees("4 runs", "lowest val_loss: other, 0.2000 at epoch 2", "val_loss  ◆ best epoch", "✓ 2  other")
        assert "sgd" in screen.row("other")
        assert "0.2000 at 2 ◆" in screen.row("other")
        assert "optimizer=adam" in screen.text
        await screen.press("q")
    assert screen.app.return_value == 0


async def test_the_cursor_reads_all_runs_at_an_epoch(tmp_path: Path, folders: list[RunFolder]) -> None:
    async with compared(tmp_path, folders) as screen:
        await screen.sees("4 runs")
        await screen.press("home", "right")
        await screen.until(lambda: "epoch 2 best" in screen.words)
        assert "0.2500" in screen.row("plain")
        await screen.press("v", "v")
        await screen.sees("val_accuracy  ◆ best epoch")
        assert "0.9375" in screen.row("plain")
        await screen.press("escape")
        await screen.until(lambda: "epoch 2 best" not in screen.words)
        assert isinstance(screen.app.screen, CompareScreen)


async def test_a_filter_typed_in_one_burst_is_taken_whole_and_leaves_with_escape(
    tmp_path: Path, folders: list[RunFolder]
) -> None:
    async with compared(tmp_path, folders) as screen:
        await screen.sees("4 runs")
        for key in [
            "slash",
            *"optimizer",
            "=",
            *"adamm",
            "backspace",
            " ",
            *"q",
            "backspace",
            "enter",
            "o",
        ]:
            screen.app.simulate_key(key)
        await screen.sees("3 of 4 runs", "/optimizer=adam")
        await screen.misses("✓ 2")
        await screen.press("escape")
        await screen.sees("4 runs")


async def test_curves_are_hidden_and_rows_sorted_by_keys(tmp_path: Path, folders: list[RunFolder]) -> None:
    async with compared(tmp_path, folders) as screen:
        await screen.sees("4 runs")
        await screen.press("down", "space")
        await screen.sees("1 hidden", "space show")
        await screen.press("s")
        await screen.sees("sorted by best loss")
        rows = [line for line in screen.text.splitlines() if " at " in line and "finished" in line]
        assert [name for row in rows for name in ("plain", "other", "rewound") if name in row] == [
            "other",
            "plain",
            "rewound",
        ]
        await screen.press("question_mark")
        await screen.sees("Hide or show the curve of the selected run.")
        await screen.press("escape")
        await screen.sees("sorted by best loss")


async def test_a_click_selects_a_row_or_reads_an_epoch_and_the_wheel_moves(
    tmp_path: Path, folders: list[RunFolder]
) -> None:
    async with compared(tmp_path, folders) as screen:
        await screen.sees("4 runs", "✓ 2  other")
        await screen.pilot.click("#table", offset=(10, 3))
        await screen.until(lambda: "▸✓ 2" in screen.text)
        await screen.pilot.click("#chart", offset=(8, 5))
        await screen.until(lambda: "epoch 1 best" in screen.words)


@pytest.mark.slow
async def test_a_run_in_progress_is_followed(
    tmp_path: Path, folders: list[RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compared_runs, "FOLLOW_SECONDS", 0.02)
    folder = create(tmp_path, "now")
    with RunLock(folder):
        journal = JournalWriter(folder.journal_path)
        journal.event(begun(settings()))
        async with compared(tmp_path, [*folders, folder]) as screen:
            await screen.sees("5 runs", "training", "0/3")
            journal.event(epoch(1, 0.123))
            await screen.sees("lowest val_loss: now, 0.1230 at epoch 1")
            assert "1/3" in screen.row("now")
        journal.close()


async def test_without_runs_the_list_comes_first_and_several_are_chosen(
    tmp_path: Path, folders: list[RunFolder]
) -> None:
    async with compared(tmp_path, []) as screen:
        await screen.sees("choose runs to compare", *(folder.name for folder in folders), "0.2000 at 2")
        for key in ["x", "y", "z"]:
            screen.app.simulate_key(key)
        await screen.sees("no run matches the filter", "0 of 3 runs")
        await screen.press("escape")
        for key in [*"plain", "tab", "ctrl+u", *"other", "tab", "enter"]:
            screen.app.simulate_key(key)
        await screen.sees("2 runs", "lowest val_loss: other")
        await screen.press("R")
        await screen.sees("choose runs to compare", "rewound")
        await screen.misses("plain")
        await screen.press("enter")
        await screen.sees("4 runs")
        await screen.press("escape")
    assert screen.app.return_value == 0


async def test_enter_typed_before_the_runs_are_read_waits_for_them(
    tmp_path: Path, folders: list[RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a burst over a slow link, or from a slow disk."""
    assert folders
    may_read = threading.Event()

    def read_late(path: Path) -> Any:
        may_read.wait()
        return best_epoch(path)

    monkeypatch.setattr("fitmon.engine.runs.run_listing.best_epoch", read_late)
    async with compared(tmp_path, []) as screen:
        await screen.sees("choose runs to compare")
        await screen.press(*"plain", "enter")
        may_read.set()
        await screen.sees("fitmon · compare   1 run", "plain")


async def test_leaving_the_list_leaves_the_program(tmp_path: Path, folders: list[RunFolder]) -> None:
    assert folders
    async with compared(tmp_path, []) as screen:
        await screen.press("escape")
    assert screen.app.return_value == 0


async def test_the_screen_of_a_run_compares_it_with_one_from_the_list_and_comes_back(folders: list[RunFolder]) -> None:
    async with shown(FakeRun().begin().epochs(2), folder=folders[0], name="plain") as screen:
        await screen.press("R")
        await screen.sees("choose runs to compare", "2 runs")
        await screen.press(*"other", "enter")
        await screen.sees("fitmon · compare", "2 runs", "lowest val_loss: other", "q back")
        await screen.press("q")
        await screen.sees("fitmon · plain")
        await screen.press("R", "escape")
        await screen.sees("fitmon · plain")


async def test_a_run_that_is_not_saved_says_so() -> None:
    async with shown(FakeRun().begin()) as screen:
        await screen.press("R")
        await screen.sees("this run is not saved to disk")


@pytest.mark.parametrize("size", [(20, 5), (40, 10), (80, 24), (160, 30), (200, 50)])
async def test_every_size_of_the_terminal_shows_something(
    tmp_path: Path, folders: list[RunFolder], size: tuple[int, int]
) -> None:
    async with compared(tmp_path, folders, size) as screen:
        await screen.sees("fitmon · compare")
        if size[1] >= 24:
            await screen.sees("val_loss", "rewound", "q quit")
