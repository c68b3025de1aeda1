"""The whole program in a real terminal, on the real MNIST and on iris, steered by keys and signals as by a user.

How a screen ends whose run failed is tested on a scripted run (`tests/tui/test_terminal.py`).
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from fitmon.engine import events
from fitmon.engine.runs.journal_reader import read_journal
from tests.pseudo_terminal import PATIENCE_SECONDS, Pseudo, assert_given_back

FITMON = [sys.executable, "-m", "fitmon"]


@pytest.mark.slow
def test_mnist_is_trained_under_the_screen_and_a_key_changes_its_learning_rate(mnist_path: Path) -> None:
    with Pseudo([*FITMON, "mnist", "--epochs", "2", "--units", "64"], {"FITMON_DATA": str(mnist_path)}) as terminal:
        terminal.until("fitmon · mnist")
        terminal.until("epoch 1/2")
        terminal.type("l")
        terminal.until("enter apply")
        terminal.type("1e\r")
        terminal.until("a number above 0")
        terminal.type("\x7f\x7f5e-4\r")
        terminal.until("→ 5e-4 from epoch 2")
        terminal.until("learning rate 1e-3 → 5e-4, in effect from epoch 2")
        terminal.until("finished: 2 epochs")
        terminal.type("q")
        assert terminal.exit_code() == 0
        assert_given_back(terminal)
        assert "Changed during training: learning rate 5e-4 from epoch 2" in "\n".join(terminal.screen.display)


@pytest.mark.slow
def test_a_signal_while_training_gives_the_terminal_back_and_exports_the_model(tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    with Pseudo([*FITMON, "iris", "--epochs", "100000", "--export", str(path)]) as terminal:
        terminal.until("/100000")
        terminal.until("best epoch so far")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.exit_code() == 128 + signal.SIGTERM
        assert_given_back(terminal)
    assert path.is_file()


@pytest.mark.slow
def test_a_run_outlives_its_terminal_and_its_journal_says_so(tmp_path: Path) -> None:
    with Pseudo([*FITMON, "iris", "--epochs", "1000000", "--name", "mine", "--run-dir", str(tmp_path)]) as terminal:
        terminal.until("best epoch so far")
        terminal.hang_up()
        journal = tmp_path / "mine" / "journal.jsonl"
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while '"epoch_ended"' not in journal.read_text().partition('"run_detached"')[2]:
            assert time.monotonic() < give_up_at
            time.sleep(0.02)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.process.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    told = [entry for entry in read_journal(journal) if isinstance(entry, events.Event)]
    assert events.RunDetached(reason="the input of the terminal ended") in told
    assert isinstance(told[-1], events.RunEnded)


def test_a_job_whose_data_is_missing_does_not_change_the_terminal(tmp_path: Path) -> None:
    with Pseudo([*FITMON, "mnist", "--data", str(tmp_path / "none.npz")]) as terminal:
        terminal.until("none.npz")
        assert terminal.exit_code() == 3
        assert b"\x1b" not in terminal.received
