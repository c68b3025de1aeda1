"""The terminal is owned, kept clean and given back, in a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import signal
import sys
import time
from pathlib import Path

import pytest

from fitmon.tui.terminal import RESTORE, TerminalOutput, screen_refusal
from tests.pseudo_terminal import PATIENCE_SECONDS, Pseudo, assert_given_back

DEMO = Path(__file__).with_name("demo.py")


def pseudo(*arguments: str, **environment: str) -> Pseudo:
    """Run the demo under a pseudo-terminal."""
    return Pseudo([sys.executable, str(DEMO), *arguments], environment)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "run" / "output.log"


def test_nothing_printed_reaches_the_screen_and_all_of_it_the_log(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("training")
        terminal.until("epoch 1/3")
        terminal.type("q")
        terminal.until("Stop it and leave?")
        terminal.type("y")
        assert terminal.exit_code() == 130
        assert_given_back(terminal)
        printed = log.read_text()
        for words in ("printed by Python", "written to descriptor 1", "written to descriptor 2"):
            assert words in printed
            assert words.encode() not in terminal.received
        assert log.stat().st_mode & 0o777 == 0o600
        assert b"Ended after 0 of 3 epochs: stopped by the user." in terminal.received


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGQUIT, 131), (signal.SIGHUP, 129)]
)
def test_a_signal_stops_the_run_and_gives_the_terminal_back(number: signal.Signals, code: int, log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        terminal.process.send_signal(number)
        assert terminal.exit_code() == code
        if number is not signal.SIGHUP:
            assert_given_back(terminal)


def test_ctrl_c_leaves_with_130(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        terminal.type("\x03")
        assert terminal.exit_code() == 130
        assert_given_back(terminal)


def test_a_lost_terminal_stops_the_run_instead_of_burning_a_core(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        terminal.hang_up()
        assert terminal.process.wait(PATIENCE_SECONDS) == 129


def test_a_terminal_that_takes_no_more_bytes_does_not_keep_the_process(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        for _ in range(200):  # more help than a pseudo-terminal holds, and nobody reads it
            terminal.type("?")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.process.wait(PATIENCE_SECONDS) == 143


def test_exit_leaves_at_once_and_prints_the_summary(log: Path) -> None:
    with pseudo("finishes", str(log), "--exit") as terminal:
        assert terminal.exit_code() == 0
        assert b"Finished: 0 of 3 epochs." in terminal.received
        assert_given_back(terminal)


def test_a_failure_stays_on_the_screen_and_gives_its_code(log: Path) -> None:
    with pseudo("fails", str(log)) as terminal:
        terminal.until("The run failed")
        terminal.type("q")
        assert terminal.exit_code() == 3
        assert b"No data." in terminal.received


def test_an_error_of_the_screen_ends_in_one_sentence_and_1(log: Path) -> None:
    with pseudo("broken-screen", str(log)) as terminal:
        assert terminal.exit_code() == 1
        assert_given_back(terminal)
        assert b"The screen failed: RuntimeError" in terminal.received
        assert b"Traceback" not in terminal.received


def test_without_utf_8_every_cell_is_ascii(log: Path) -> None:
    with pseudo("waits", str(log), LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0") as terminal:
        terminal.until("epoch 1/3")
        terminal.type("?")
        terminal.until("Pause at the end of the epoch")
        assert terminal.received.isascii()
        assert b"\\u" not in terminal.received


def test_no_color_sends_no_colours(log: Path) -> None:
    with pseudo("waits", str(log), NO_COLOR="1") as terminal:
        terminal.until("epoch 1/3")
        cells = [cell for line in terminal.screen.buffer.values() for cell in line.values()]
        assert {cell.fg for cell in cells} == {"default"}


@pytest.mark.parametrize(
    ("term", "input_is_terminal", "output_is_terminal", "refusal"),
    [
        ("xterm-256color", True, True, None),
        ("linux", True, True, None),
        ("xterm", True, False, "the output is not a terminal"),
        ("xterm", False, True, "the input is not a terminal, so no key could be read"),
        ("dumb", True, True, "TERM is 'dumb', a terminal that cannot move its cursor"),
        ("", True, True, "TERM is not set"),
    ],
)
def test_the_screen_is_refused_where_it_cannot_stand(
    term: str, input_is_terminal: bool, output_is_terminal: bool, refusal: str | None
) -> None:
    assert screen_refusal({"TERM": term}, input_is_terminal, output_is_terminal) == refusal


def test_a_stalled_terminal_is_given_up_in_time() -> None:
    master, slave = pty.openpty()
    os.set_blocking(slave, False)
    output = TerminalOutput(slave, utf_8=True)
    output.give_up_at = time.monotonic()
    output.write("x" * 1_000_000)
    output.flush()
    assert output.gone
    output.write("swallowed")
    output.flush()
    os.close(slave)
    os.close(master)


def test_a_closed_terminal_swallows_what_is_written() -> None:
    master, slave = pty.openpty()
    os.close(master)
    output = TerminalOutput(slave, utf_8=True)
    output.write(RESTORE)
    output.flush()
    assert output.gone
    os.close(slave)
