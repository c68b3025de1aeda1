"""The options of the screen each have one meaning, and every one has a default."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fitmon.engine.commands import Rewind
from fitmon.tui.app import MonitorApp
from fitmon.tui.options import NO_REWIND, RewindOptions, ScreenOptions
from fitmon.tui.screens.monitor import MonitorScreen
from tests.tui.fake_run import FakeRun, shown
from tests.tui.test_terminal import pseudo


def test_by_default_a_run_cannot_rewind() -> None:
    assert ScreenOptions().rewind is NO_REWIND
    app = MonitorApp(FakeRun(), "mnist", ScreenOptions())
    assert app._monitor._rewind_options is NO_REWIND
    assert NO_REWIND.why_not() == "this run is not saved to disk"


async def test_without_rewind_the_key_shows_the_reason_and_is_not_offered() -> None:
    run = FakeRun().begin().train(1, 3)
    async with shown(run, rewind=NO_REWIND) as screen:
        await screen.press("z")
        await screen.sees("this run is not saved to disk")
        assert isinstance(screen.app.screen, MonitorScreen)
        assert "z rewind" not in screen.text
        assert not run.sent


@pytest.mark.parametrize(
    ("options", "epoch"), [(RewindOptions, 3), (lambda: RewindOptions(kept_epochs=lambda: {1: {1}}), 1)]
)
async def test_any_epoch_is_every_epoch_and_known_ones_are_those_alone(
    options: Callable[[], RewindOptions], epoch: int
) -> None:
    run = FakeRun().begin().train(1, 3)
    async with shown(run, rewind=options()) as screen:
        await screen.press("z", "home", "enter", "enter")
        assert run.sent == [Rewind(epoch=epoch, branch=1)]


@pytest.mark.slow
def test_a_run_alone_is_enough_for_a_screen(tmp_path: Path) -> None:
    with pseudo("wait_after_end", str(tmp_path / "output.log"), "--defaults") as terminal:
        terminal.until("finished")
        terminal.type("z")
        terminal.until("this run is not saved to disk")
        terminal.type("q")
        assert terminal.exit_code() == 0
