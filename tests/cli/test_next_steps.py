"""When the screen closes, it is said where the run is kept and which commands continue it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fitmon.cli.next_steps import background_lines, next_steps
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.text.summary import summary_lines
from tests.pseudo_terminal import Pseudo
from tests.tui.fake_run import OVERFITTING, FakeRun


def test_a_finished_run_can_be_viewed_trained_longer_branched_and_exported(tmp_path: Path) -> None:
    run = FakeRun().begin().epochs(3).ended()
    assert next_steps(RunFolder(tmp_path / "my run"), run.snapshot()) == [
        f"Run my run is kept in {tmp_path}/my run",
        "  fitmon attach 'my run'                      view it again",
        "  fitmon resume 'my run' --epochs 20          train longer",
        "  fitmon resume 'my run' --from-epoch 3       branch from the best epoch",
        "  fitmon resume 'my run' --export best.keras  write the best weights",
    ]


def test_a_stopped_run_can_be_continued_where_it_stopped(tmp_path: Path) -> None:
    run = FakeRun().begin().ended(completed=False, reason="stopped by the user")
    assert "  fitmon resume mine  continue where it stopped" in next_steps(RunFolder(tmp_path / "mine"), run.snapshot())


def test_a_view_that_closes_says_that_the_run_continues(tmp_path: Path) -> None:
    assert next_steps(RunFolder(tmp_path / "mine"), FakeRun().begin().snapshot())[0] == (
        "mine continues without this screen."
    )
    assert background_lines("mine")[0] == "fitmon: mine is training in the background"


def test_a_folder_at_home_is_shown_from_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    lines = next_steps(RunFolder(tmp_path / "runs" / "mine"), FakeRun().begin().ended().snapshot())
    assert lines[0] == "Run mine is kept in ~/runs/mine"


@pytest.mark.parametrize("width", [40, 80, 120])
def test_the_summary_breaks_between_words_at_the_edge_of_the_terminal(width: int) -> None:
    snapshot = FakeRun().begin().found(9, OVERFITTING).ended().snapshot()
    lines = summary_lines(snapshot, width)
    assert max(map(len, lines)) <= width
    whole = " ".join(summary_lines(snapshot)).split()
    assert " ".join(lines).split() == whole, "no word is divided"


@pytest.mark.slow
def test_after_a_stop_the_terminal_shows_the_next_commands(tmp_path: Path) -> None:
    words = ["iris", "--epochs", "100000", "--name", "mine", "--run-dir", str(tmp_path)]
    with Pseudo([sys.executable, "-m", "fitmon", *words]) as terminal:
        terminal.until("best epoch so far")
        terminal.type("qs")
        assert terminal.exit_code() == 130
        text = terminal.received.decode(errors="replace")
        assert "Run mine is kept in" in text
        assert "fitmon resume mine" in text
