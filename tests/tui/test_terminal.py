"""The terminal is owned, kept clean and given back, in a pseudo-terminal."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import selectors
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyte
import pytest

from fitmon.tui.terminal import RESTORE, TerminalOutput, screen_refusal

DEMO = Path(__file__).with_name("demo.py")
PATIENCE_SECONDS = 30
"""How long a test waits before it fails; never how long it takes."""


class Pseudo:
    """A process under a pseudo-terminal of 100×30, whose screen can be read."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str]) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.attributes = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            [sys.executable, str(DEMO), *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment},
            start_new_session=True,
        )
        self._slave: int | None = slave
        self.received = b""
        self.screen = pyte.Screen(100, 30)
        self._stream = pyte.ByteStream(self.screen)

    def read(self) -> None:
        """Take in what came within a moment."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.master, selectors.EVENT_READ)
            if selector.select(0.05):
                data = os.read(self.master, 65536)
                self.received += data
                # pyte takes the private parameters of newer sequences for others of its own.
                self._stream.feed(data.replace(b"\x1b[>13u", b"").replace(b"\x1b[<u", b""))

    def until(self, words: str) -> None:
        """Read until the words stand on the screen."""
        self._until(lambda: any(words in line for line in self.screen.display), words)

    def _until(self, condition: object, what: str) -> None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not condition():  # type: ignore[operator]
            self.read()
            if time.monotonic() > give_up_at:
                raise AssertionError(f"{what!r} did not come to pass:\n" + "\n".join(self.screen.display))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def exit_code(self) -> int:
        """Read on until the process ends and return its exit code."""
        self._until(lambda: self.process.poll() is not None, "the end of the process")
        self.read()
        return self.process.returncode

    def attributes_now(self) -> list[object]:
        """Return how the terminal is set."""
        assert self._slave is not None
        return termios.tcgetattr(self._slave)

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does."""
        self.close_slave()
        os.close(self.master)
        self.master = -1

    def close_slave(self) -> None:
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None

    def end(self) -> None:
        """Clean up, whatever the test left."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.close_slave()
        with contextlib.suppress(OSError):
            os.close(self.master)


@contextlib.contextmanager
def pseudo(*arguments: str, **environment: str) -> Iterator[Pseudo]:
    terminal = Pseudo(list(arguments), environment)
    try:
        yield terminal
    finally:
        terminal.end()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "run" / "output.log"


def assert_given_back(terminal: Pseudo) -> None:
    assert terminal.attributes_now() == terminal.attributes
    for mode in (b"1049", b"1000", b"1003", b"2004", b"1004"):
        assert terminal.received.rfind(b"\x1b[?" + mode + b"l") > terminal.received.rfind(b"\x1b[?" + mode + b"h")
    assert b"\x1b[?25h" in terminal.received


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
        terminal.until("Show these keys.")
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
