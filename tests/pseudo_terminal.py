"""A real pseudo-terminal for tests, read with pyte."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import selectors
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import pyte

PATIENCE_SECONDS = 60
"""How long a test waits before it fails; never how long it takes."""


class Pseudo:
    """A program under a pseudo-terminal of 100×30, whose screen can be read."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.attributes = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            list(command),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(environment or {})},
            start_new_session=True,
        )
        self._slave: int | None = slave
        self.received = b""
        self.screen = pyte.Screen(100, 30)
        self._stream = pyte.ByteStream(self.screen)
        self.answers: dict[bytes, str] = {}
        """What a terminal answers to questions in the output; a question is only looked for within one read."""

    def read(self) -> None:
        """Read what arrives within a moment."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.master, selectors.EVENT_READ)
            if selector.select(0.05):
                data = os.read(self.master, 65536)
                self.received += data
                for question, answer in self.answers.items():
                    self.type(answer * data.count(question))
                # pyte takes the private parameters of newer sequences for others of its own.
                self._stream.feed(data.replace(b"\x1b[>13u", b"").replace(b"\x1b[<u", b""))

    def until(self, words: str) -> None:
        """Read until the words are on the screen."""
        self._until(lambda: any(words in line for line in self.screen.display), words)

    def until_true(self, condition: Callable[[], bool], what: str) -> None:
        """Read until the condition is true; the failure names what is missing."""
        self._until(condition, what)

    def _until(self, condition: object, what: str) -> None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not condition():  # type: ignore[operator]
            self.read()
            if time.monotonic() > give_up_at:
                raise AssertionError(f"{what!r} did not appear:\n" + "\n".join(self.screen.display))

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self.master, keys.encode())

    def exit_code(self) -> int:
        """Read on until the process ends and return its exit code."""
        self._until(lambda: self.process.poll() is not None, "the end of the process")
        self.read()
        return self.process.returncode

    def attributes_now(self) -> list[object]:
        """Return the settings of the terminal."""
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def assert_given_back(terminal: Pseudo) -> None:
    """Check that the terminal is set as before, and that every mode that was switched on is off."""
    assert terminal.attributes_now() == terminal.attributes
    for mode in (b"1049", b"1000", b"1002", b"2004", b"1004"):
        assert terminal.received.rfind(b"\x1b[?" + mode + b"l") > terminal.received.rfind(b"\x1b[?" + mode + b"h")
    assert b"\x1b[?25h" in terminal.received
