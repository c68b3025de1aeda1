"""The overview gives its room to what has something to show."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from fitmon.engine import events
from fitmon.engine.events import Phase
from tests.tui.fake_run import OVERFITTING, FakeRun, Shown, several_class_scores, shown
from tests.tui.test_log_filter import HARMLESS

LONG = msgspec.structs.replace(
    OVERFITTING,
    sentence="overfitting since epoch 5: the validation loss rose from 0.1531 (epochs 3-5) to 0.1747 (epochs 6-7), by "
    "0.0216 ± 0.0054 (95 % interval 0.011 to 0.032), while the training loss fell from 0.0821 to 0.0463 (-43.6 %)",
)


def height(screen: Shown, panel: str) -> int:
    widget = screen.app.screen.query_one(f"#{panel}")
    return widget.size.height if widget.display else 0


async def test_a_long_finding_gets_the_rows_it_needs_and_is_not_cut() -> None:
    run = FakeRun().begin().epochs(2, several_class_scores())
    async with shown(run) as screen:
        before = height(screen, "threshold")
        run.found(3, LONG)
        await screen.sees("0.0463 (−43.6", "rewind to epoch 2", "training loss falls")
        assert height(screen, "threshold") < before
        assert height(screen, "threshold") >= 16


async def test_the_log_appears_in_the_overview_once_it_says_something(tmp_path: Path) -> None:
    log = tmp_path / "output.log"
    log.write_text("\n".join(HARMLESS) + "\n")
    async with shown(FakeRun().begin().epochs(1), size=(200, 50), log_path=log) as screen:
        assert height(screen, "log") == 0
        with log.open("a") as end:
            end.write("a print of the model\n")
        await screen.sees("a print of the model", "14 lines of TensorFlow hidden · 8 shows all")
        assert "cuInit" not in screen.text
        assert height(screen, "log") == 4
        await screen.press("8")
        await screen.sees("a print of the model", "failed call to cuInit", str(log))


async def test_without_probabilities_the_changes_get_the_room_of_the_samples() -> None:
    run = FakeRun().begin(no_probabilities="mean_squared_error knows no probabilities").epochs(2)
    async with shown(run) as screen:
        await screen.sees("mean_squared_error knows no probabilities")
        assert height(screen, "changes") > 7
        assert "7 shows all" not in screen.text


async def test_at_80_columns_a_finding_that_is_cut_names_the_key_that_shows_it() -> None:
    async with shown(FakeRun().begin().found(9, LONG), size=(80, 24)) as screen:
        await screen.sees("overfitting since epoch 5: the validation loss rose", "… 9 shows all")
        await screen.press("9")
        await screen.sees("0.0463 (−43.6")


@pytest.mark.slow
async def test_while_tensorflow_starts_the_screen_says_what_it_is_doing_and_for_how_long() -> None:
    now = [100.0]
    run = FakeRun().tell(events.PhaseChanged(phase=Phase.STARTING))
    async with shown(run, clock=lambda: now[0]) as screen:
        for key, title in (("1", "loss"), ("3", "accuracy"), ("4", "threshold"), ("5", "samples"), ("6", "classes")):
            await screen.press(key)
            now[0] += 7
            await screen.sees("starting TensorFlow", f" {(now[0] - 100):.0f} s")
            assert title in screen.text
            assert "metric" not in screen.text
        await screen.press("1")
        run.begin().tell(events.PhaseChanged(phase=Phase.COMPILING))
        await screen.sees("compiling the first step")
        run.chunk(10)
        await screen.misses("compiling the first step")
