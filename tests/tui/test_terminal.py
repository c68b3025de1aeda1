"""The terminal is owned, kept clean and given back, in a pseudo-terminal."""

from __future__ import annotations

import os
import pty
import signal
import sys
import threading
import time
from pathlib import Path

import pytest

from fitmon.tui.terminal import HANG_UP_EXIT_CODE, RESTORE, Terminal, _signals_to, screen_refusal
from fitmon.tui.terminal_output import TerminalOutput
from tests.pseudo_terminal import PATIENCE_SECONDS, Pseudo, assert_given_back
from tests.tui.demo import TOLD
from tests.tui.demo_talk import finish, told, until_told

pytestmark = pytest.mark.slow

DEMO = Path(__file__).with_name("demo.py")


def pseudo(*arguments: str, **environment: str) -> Pseudo:
    """Run the demo under a pseudo-terminal."""
    return Pseudo([sys.executable, str(DEMO), *arguments], environment)


def lose(terminal: Pseudo, how: str) -> None:
    """Take the terminal away, send a signal, or press a key."""
    if how.startswith("closed"):
        terminal.hang_up()
    elif how.startswith("SIG"):
        terminal.process.send_signal(signal.Signals[how])
    else:
        terminal.type(how)


def stall(terminal: Pseudo) -> None:
    """Make the program write more help than a pseudo-terminal holds, while nobody reads it."""
    for _ in range(200):
        terminal.type("?")


def received_so_far(terminal: Pseudo) -> bytes:
    """Read until the terminal is quiet, if it is still there, and return all it ever received."""
    before = None
    while terminal.master != -1 and terminal.received != before:
        before = terminal.received
        terminal.read()
    return terminal.received


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "run" / "output.log"


def test_nothing_printed_reaches_the_screen_and_all_of_it_the_log(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("training")
        terminal.until("epoch 1/3")
        terminal.type("q")
        terminal.until("s    stop and quit")
        terminal.type("s")
        assert terminal.exit_code() == 130
        assert_given_back(terminal)
        printed = log.read_text()
        for words in ("printed by Python", "written to descriptor 1", "written to descriptor 2"):
            assert words in printed
            assert words.encode() not in terminal.received
        assert log.stat().st_mode & 0o777 == 0o600
        assert b"Ended after 0 of 3 epochs: stopped by the user." in terminal.received


def test_a_signal_stops_the_run_and_gives_the_terminal_back(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        terminal.process.send_signal(signal.SIGQUIT)
        assert terminal.exit_code() == 131
        assert_given_back(terminal)
        assert told(log)[0] == "Stop(reason='stopped by SIGQUIT')"
        assert len(told(log)) == len(["the Stop", "the terminals", "the end"])


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGQUIT, 131), (signal.SIGHUP, HANG_UP_EXIT_CODE)],
)
def test_every_signal_that_would_end_the_process_is_recorded_and_its_handler_restored(
    number: signal.Signals, code: int
) -> None:
    output, before = TerminalOutput(-1, utf_8=True), signal.getsignal(number)
    terminal = Terminal(output)
    with _signals_to(terminal):
        assert terminal.exit_code() is None
        os.kill(os.getpid(), number)
        assert terminal.exit_code() == code
        assert output.hung_up == (number is signal.SIGHUP)
        output.hung_up = False
    assert signal.getsignal(number) is before


def test_ctrl_c_exits_with_130(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        terminal.type("\x03")
        assert terminal.exit_code() == 130
        assert_given_back(terminal)


@pytest.mark.parametrize("how", ["closed, controlling", "SIGHUP"])
def test_a_run_outlives_its_terminal_and_never_writes_to_it_again(how: str, log: Path) -> None:
    """What was requested of the run, where its output goes, and what the terminal received say the same."""
    with pseudo("waits", str(log), *["--controlled"] * ("controlling" in how)) as terminal:
        terminal.until("epoch 1/3")
        lose(terminal, how)
        until_told(log, "Detach")
        terminal.process.send_signal(signal.SIGHUP)
        received = received_so_far(terminal)
        finish(log)
        assert terminal.process.wait(PATIENCE_SECONDS) == 0
        assert received_so_far(terminal) == received
        assert b"\x1b[?1049l" not in received
        detached, *rest = told(log)
        assert detached.startswith("Detach(reason='the ")
        assert rest == ["terminals []", "all epochs done"]
        assert "printed at the end" in log.read_text()
        if how == "SIGHUP":
            assert terminal.attributes_now() == terminal.attributes


def test_a_terminal_lost_before_the_first_frame_does_not_stop_training(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("starting")
        lose(terminal, "SIGHUP")
        until_told(log, "Detach")
        finish(log)
        assert terminal.process.wait(PATIENCE_SECONDS) == 0
        assert told(log)[-1] == "all epochs done"


def test_a_run_without_its_terminal_is_still_stopped_by_a_signal(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        lose(terminal, "closed")
        until_told(log, "Detach")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.process.wait(PATIENCE_SECONDS) == 130
        reason = "stopped by SIGINT"
        assert told(log)[1:] == [f"Stop(reason='{reason}')", "terminals []", reason]


def test_a_run_that_is_not_saved_ends_with_its_terminal(log: Path) -> None:
    with pseudo("waits", str(log), "--ephemeral") as terminal:
        terminal.until("epoch 1/3")
        lose(terminal, "closed")
        assert terminal.process.wait(PATIENCE_SECONDS) == 129
        assert told(log)[0].startswith("Stop(reason='the ")
        assert b"\x1b[?1049l" not in received_so_far(terminal)


@pytest.mark.parametrize(
    ("script", "words", "code"), [("wait_after_end", "finished", 0), ("fails", "The run failed", 3)]
)
def test_a_run_that_is_over_exits_with_its_own_code_when_the_terminal_is_lost(
    script: str, words: str, code: int, log: Path
) -> None:
    with pseudo(script, str(log)) as terminal:
        terminal.until(words)
        lose(terminal, "closed")
        assert terminal.process.wait(PATIENCE_SECONDS) == code
        assert not any(line.startswith("Detach") for line in told(log))


def test_a_run_whose_terminal_stalls_trains_on_and_writes_nothing_more(log: Path) -> None:
    with pseudo("waits", str(log), "--stalled-seconds", "0.2") as terminal:
        terminal.until("epoch 1/3")
        stall(terminal)
        until_told(log, "Detach")
        finish(log)
        assert terminal.process.wait(PATIENCE_SECONDS) == 0
        assert told(log)[0] == "Detach(reason='the terminal did not respond for 0 seconds')"
        assert told(log)[2] == "all epochs done"
        assert terminal.attributes_now() == terminal.attributes
        assert b"\x1b[?1049l" not in received_so_far(terminal)


def test_a_stalled_terminal_is_restored_as_soon_as_it_accepts_output_again(log: Path) -> None:
    with pseudo("waits", str(log), "--stalled-seconds", "0.2") as terminal:
        terminal.until("epoch 1/3")
        stall(terminal)
        until_told(log, "Detach")
        terminal.until("training continues in the background")
        assert_given_back(terminal)
        finish(log)
        assert terminal.exit_code() == 0
        assert b"Finished: 0 of 3 epochs." in terminal.received


def test_quitting_is_quick_while_the_run_waits_after_its_end(log: Path) -> None:
    with pseudo("wait_after_end", str(log)) as terminal:
        terminal.until("finished")
        terminal.type("q")
        assert terminal.exit_code() == 0
        assert b"did not stop" not in terminal.received


@pytest.mark.parametrize("how", ["q", "SIGTERM", "closed"])
def test_quitting_a_view_asks_nothing_and_does_not_stop_the_run(how: str, log: Path) -> None:
    with pseudo("waits", str(log), "--viewer") as terminal:
        terminal.until("attached · q leaves, training continues")
        lose(terminal, how)
        assert (terminal.process.wait(PATIENCE_SECONDS) if how == "closed" else terminal.exit_code()) == 0
        assert not (log.parent / TOLD).exists()
        if how != "closed":
            assert_given_back(terminal)
            assert b"The run continues." in terminal.received


def test_a_view_of_a_failed_run_exits_with_0(log: Path) -> None:
    with pseudo("fails", str(log), "--viewer") as terminal:
        terminal.until("The run failed")
        terminal.type("q")
        assert terminal.exit_code() == 0
        assert b"No data." in terminal.received


def test_a_terminal_that_accepts_no_output_does_not_block_the_exit(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        stall(terminal)
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.process.wait(PATIENCE_SECONDS) == 143


def test_exit_quits_at_once_and_prints_the_summary(log: Path) -> None:
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
        terminal.until("pause after epoch")
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
def test_the_screen_is_refused_where_it_cannot_be_shown(
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
    assert output.lost
    output.write("swallowed")
    output.flush()
    os.close(slave)
    os.close(master)


def test_writes_to_a_closed_terminal_are_dropped() -> None:
    master, slave = pty.openpty()
    os.close(master)
    output = TerminalOutput(slave, utf_8=True)
    output.write(RESTORE)
    output.flush()
    assert output.lost
    os.close(slave)


def test_a_slow_terminal_has_not_stalled() -> None:
    master, slave = pty.openpty()
    os.set_blocking(slave, False)
    output = TerminalOutput(slave, utf_8=True, stalled_seconds=PATIENCE_SECONDS)
    output.write("x" * 100_000)
    writing = threading.Thread(target=output.flush)
    writing.start()
    taken = 0
    while taken < 100_000:
        taken += len(os.read(master, 1000))
    writing.join()
    assert not output.lost
    os.close(slave)
    os.close(master)


def test_what_something_else_wrote_on_the_terminal_goes_when_everything_is_drawn_again(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        terminal._stream.feed(b"\x1b[10;10Hmessage from root")
        assert "message from root" in terminal.screen.display[9]
        terminal.type("\x0c")
        terminal.until_true(lambda: "message from root" not in terminal.screen.display[9], "a clean screen")
