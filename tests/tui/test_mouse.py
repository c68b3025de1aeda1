"""What the mouse does, and what it does not report."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import MouseScrollDown, MouseScrollUp

from fitmon.engine.commands import Pause, PauseAt
from fitmon.tui.drawing.footer_click import key_at
from fitmon.tui.keys import KEYS, keys_in
from fitmon.tui.layout import View
from fitmon.tui.screens.monitor import MonitorScreen
from fitmon.tui.widgets.row_widget import WHEEL_ROWS
from tests.tui.fake_run import OVERFITTING, FakeRun, Shown, several_class_scores, shown
from tests.tui.test_terminal import pseudo


def a_run() -> FakeRun:
    return FakeRun().begin().epochs(3, several_class_scores()).found(4, OVERFITTING)


def place_of(screen: Shown, words: str) -> tuple[int, int]:
    """Return the column and the row at which the words begin."""
    row = next(number for number, text in enumerate(screen.rows) if words in text)
    return screen.rows[row].index(words), row


def the_monitor(screen: Shown) -> MonitorScreen:
    return screen.app._monitor


async def test_a_click_on_a_hint_presses_its_key() -> None:
    run = a_run()
    async with shown(run) as screen:
        await screen.pilot.click(offset=place_of(screen, "space pause"))
        await screen.until(lambda: run.sent == [Pause(at=PauseAt.EPOCH)])
        column, row = place_of(screen, "? help")
        await screen.pilot.click(offset=(column + 3, row))
        await screen.sees("keys   esc back")


async def test_a_click_beside_the_hints_does_nothing() -> None:
    run = a_run()
    async with shown(run, size=(200, 40)) as screen:
        await screen.pilot.click(offset=(199, 39))
        assert not run.sent
        assert screen.app.screen is the_monitor(screen)


async def test_every_hint_of_the_footer_finds_its_key() -> None:
    async with shown(a_run(), size=(250, 40)) as screen:
        for view in View:
            await screen.press(str(int(view)))
            hints = the_monitor(screen)._footer.shown_rows[0]
            keys = {key_at(hints, column, keys_in(view)) for column in range(250)} - {None}
            shown_keys = {name for key in KEYS for name in key.keys if f"{key.shown} {key.wording}" in screen.rows[-1]}
            # Paging keys have no sign of their own.
            assert keys <= {name for key in KEYS for name in key.keys}
            assert shown_keys - keys <= {"pageup", "pagedown", "home", "end", "0"}
            if view is View.SAMPLES:
                assert {"up", "down", "enter", "s"} <= keys


async def test_a_click_selects_a_sample_and_the_wheel_goes_on_from_it() -> None:
    async with shown(a_run()) as screen:
        await screen.press("5")
        browser = the_monitor(screen)._samples._browser
        assert browser.row == 0
        _, first = place_of(screen, "▸")
        await screen.pilot.click(offset=(5, first + 4))
        await screen.until(lambda: browser.row == 4)
        assert screen.rows[first + 4].lstrip("│ ").startswith("▸")
        await screen.pilot._post_mouse_events([MouseScrollDown], the_monitor(screen)._samples, offset=(5, 5), button=0)
        await screen.until(lambda: browser.row == 4 + WHEEL_ROWS)
        # Not beyond the list, and not in the details beside it.
        await screen.pilot.click(offset=(115, first + 1))
        assert browser.row == 4 + WHEEL_ROWS


@pytest.mark.parametrize(
    ("words", "view"),
    [("loss", View.LOSS), ("diagnosis", View.FINDINGS), ("what changed", View.CHANGES)],
)
async def test_a_double_click_shows_a_panel_alone_and_escape_goes_back(words: str, view: View) -> None:
    async with shown(a_run()) as screen:
        await screen.pilot.click(offset=place_of(screen, words), times=2)
        await screen.until(lambda: the_monitor(screen).view is view)
        await screen.press("escape")
        assert the_monitor(screen).view is View.OVERVIEW
        await screen.pilot.click(offset=place_of(screen, words), times=2)
        await screen.until(lambda: the_monitor(screen).view is view)
        await screen.pilot.click(offset=(20, 20), times=2)
        await screen.until(lambda: the_monitor(screen).view is View.OVERVIEW)


async def test_a_click_in_the_rewind_dialog_selects_an_epoch() -> None:
    async with shown(a_run()) as screen:
        await screen.press("z")
        await screen.sees("rewind to the end of an epoch")
        column, row = place_of(screen, "  2  ")
        await screen.pilot.click(offset=(column + 2, row))
        await screen.sees("▸ 2")


async def test_the_wheel_goes_back_in_the_output_and_forth_to_its_end(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("".join(f"line {number}\n" for number in range(200)))
    async with shown(a_run(), log_path=log) as screen:
        await screen.press("8")
        await screen.sees("line 199")
        pane = the_monitor(screen)._log
        await screen.pilot._post_mouse_events([MouseScrollUp] * 2, pane, offset=(5, 5), button=0)
        await screen.misses("line 199")
        await screen.sees("line 193")
        pane.wheel(-10_000)
        await screen.sees("line 0 ")
        pane.wheel(10_000)
        await screen.sees("line 199")


@pytest.mark.slow
def test_a_real_terminal_reports_buttons_and_the_wheel_but_no_motion(tmp_path: Path) -> None:
    with pseudo("waits", str(tmp_path / "run" / "output.log")) as terminal:
        terminal.until("epoch 1/3")
        assert b"\x1b[?1002h" in terminal.received
        assert b"\x1b[?1003h" not in terminal.received
        row = len(terminal.screen.display)
        column = terminal.screen.display[-1].index("help") + 1
        terminal.type(f"\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m")
        terminal.until("pause after epoch; again: now")


@pytest.mark.slow
def test_without_the_mouse_the_terminal_keeps_it(tmp_path: Path) -> None:
    with pseudo("waits", str(tmp_path / "run" / "output.log"), "--no-mouse") as terminal:
        terminal.until("epoch 1/3")
        assert not any(mode in terminal.received for mode in (b"\x1b[?1000h", b"\x1b[?1002h", b"\x1b[?1006h"))
