"""Runs a program in a real pseudo-terminal, keeps its screen with pyte, and counts the bytes it sends."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Sequence

import pyte

CHUNK_BYTES = 65536


class PseudoTerminal:
    """A program on a terminal of a given size. Reading happens in `wait_until` and `read`, in the caller's thread."""

    def __init__(self, command: Sequence[str], columns: int = 120, lines: int = 40) -> None:
        """Start the command."""
        self.started_at = time.perf_counter()
        self.received: list[tuple[float, int]] = []
        """When how many bytes came."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self.process_id, self._descriptor = pty.fork()
        if self.process_id == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execvp(command[0], list(command))
        fcntl.ioctl(self._descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.exit_code: int | None = None

    def text(self) -> str:
        """Return what stands on the screen."""
        return "\n".join(self._screen.display)

    def press(self, keys: str) -> None:
        """Send keys to the program."""
        os.write(self._descriptor, keys.encode())

    def wait_until(self, holds: Callable[[str], bool], timeout_seconds: float = 180) -> bool:
        """Read until the screen's text satisfies a condition; return False when the program ended or time ran out."""
        give_up_at = time.perf_counter() + timeout_seconds
        while time.perf_counter() < give_up_at:
            if holds(self.text()):
                return True
            if not self.read(0.5):
                return holds(self.text())
        return False

    def read(self, timeout_seconds: float) -> bool:
        """Take in what comes within the time; return False once the program has gone."""
        if self.exit_code is not None:
            return False
        ready, _, _ = select.select([self._descriptor], [], [], timeout_seconds)
        if not ready:
            return True
        try:
            data = os.read(self._descriptor, CHUNK_BYTES)
        except OSError:
            data = b""
        if not data:
            self._reap()
            return False
        self.received.append((time.perf_counter(), len(data)))
        self._stream.feed(data)
        return True

    def read_to_the_end(self) -> int:
        """Read until the program has gone; return its exit code."""
        while self.read(1.0):
            pass
        return self.exit_code or 0

    def kill(self) -> None:
        """End the program at once."""
        if self.exit_code is None:
            os.kill(self.process_id, signal.SIGKILL)
            self.read_to_the_end()

    def _reap(self) -> None:
        if self.exit_code is None:
            self.exit_code = os.waitstatus_to_exitcode(os.waitpid(self.process_id, 0)[1])
            os.close(self._descriptor)
