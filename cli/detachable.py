"""Trains in a child process, so that the user can leave the run and get the shell back.

A process with the threads of TensorFlow cannot fork, and the shell waits for the process that it started. So that one
forks before anything is loaded: the child trains and shows the screen, and the parent only waits. When the user
detaches, the parent ends, and the child continues as after a hang-up. If the child is killed, the parent restores the
terminal.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import termios
import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fitmon.cli.messages import print_message

if TYPE_CHECKING:
    from types import FrameType

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTSTP)
"""The signals that another process may send to the parent, meaning the run."""


STOPPING_SECONDS = 0.1
"""Longer than a process takes to stop."""

DETACHED, ENDED = b"d", b"e"
"""What wakes the parent: the child has detached, or ended."""

Detach = Callable[[], None]
"""Gives the terminal back to the shell; to be called once the terminal is restored."""


def run_detachable(
    train: Callable[[Detach], int], *, detached: Callable[[], Sequence[str]], killed: Callable[[str], str]
) -> int:
    """Run a function in a child process and return the exit code, in both processes.

    Args:
        train: returns the exit code.
        detached: returns the lines that the parent prints when the child has detached; the exit code is then 0.
        killed: returns the line that it prints when a signal of that name killed the child.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    to_child, to_parent = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(to_child[1])
        return train(_Leash(to_child[0], to_parent[1]).detach)
    os.close(to_child[0])
    return _Parent(child, to_parent).wait(detached, killed)


class _Leash:
    """Ties the child to the parent, with which it ends unless it has detached."""

    def __init__(self, from_parent: int, to_parent: int) -> None:
        self._from_parent, self._to_parent = from_parent, to_parent
        self._detached = False
        threading.Thread(target=self._end_with_parent, name="fitmon parent", daemon=True).start()

    def detach(self) -> None:
        """Let the parent end."""
        self._detached = True
        # In a session of its own, no signal of the terminal or of the shell reaches this process.
        os.setsid()
        os.write(self._to_parent, DETACHED)

    def _end_with_parent(self) -> None:
        os.read(self._from_parent, 1)
        if not self._detached:
            # Somebody killed what the shell shows as the run.
            os.kill(os.getpid(), signal.SIGKILL)


class _Parent:
    """The process that the shell started: passes signals on to the child, and stops and ends with it."""

    def __init__(self, child: int, pipe: tuple[int, int]) -> None:
        self._child = child
        self._from_child, self._to_itself = pipe
        self._status = 0
        self._attributes: list[Any] | None = None
        with contextlib.suppress(termios.error):
            self._attributes = termios.tcgetattr(0)

    def wait(self, detached: Callable[[], Sequence[str]], killed: Callable[[str], str]) -> int:
        """Wait until the child has ended or detached, and return the exit code."""
        for number in FORWARDED:
            signal.signal(number, self._forward)
        threading.Thread(target=self._follow, name="fitmon child", daemon=True).start()
        if os.read(self._from_child, 1) == DETACHED:
            for line in detached():
                print(line, file=sys.stderr, flush=True)  # noqa: T201 - what the command says, not a result
            return 0
        if os.WIFSIGNALED(self._status):
            number = signal.Signals(os.WTERMSIG(self._status))
            self._restore_terminal()
            print_message(killed(number.name))
            return 128 + number
        return os.waitstatus_to_exitcode(self._status)

    def _forward(self, number: int, _frame: FrameType | None) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._child, number)

    def _follow(self) -> None:
        """Stop when the child stops, and continue it when this process continues; wake the main thread at its end."""
        while True:
            _, self._status = os.waitpid(self._child, os.WUNTRACED)
            if not os.WIFSTOPPED(self._status):
                break
            os.kill(os.getpid(), signal.SIGSTOP)
            # The signal takes effect in another thread; this one must not run on and wake the child meanwhile.
            time.sleep(STOPPING_SECONDS)
            self._forward(signal.SIGCONT, None)
        os.write(self._to_itself, ENDED)

    def _restore_terminal(self) -> None:
        """Restore what the child could not: it was killed while it owned the terminal."""
        from fitmon.tui.terminal import RESTORE

        with contextlib.suppress(OSError, termios.error):
            if self._attributes is not None and os.isatty(1):
                os.write(1, RESTORE.encode())
                termios.tcsetattr(0, termios.TCSANOW, self._attributes)
