"""A terminal behind a slow link: it gets some bytes a second, late, and its keys and answers come back late too."""

from __future__ import annotations

import os
import re
import select
import time
from collections import deque
from collections.abc import Sequence

from bench.pseudo_terminal import PseudoTerminal

BYTES_PER_SECOND = 2000.0
DELAY_SECONDS = 0.3
"""Of the way there and back."""

MAX_PACKET = 256
_QUESTIONS = re.compile(rb"\x1b\[5n|\x1b\[c")
_ANSWERS = {b"\x1b[5n": "\x1b[0n", b"\x1b[c": "\x1b[?64;1;2c"}


class SlowTerminal(PseudoTerminal):
    """A program on a terminal at the end of a slow link, which answers as terminals do."""

    def __init__(self, command: Sequence[str], columns: int = 120, lines: int = 40) -> None:
        super().__init__(command, columns, lines)
        self._under_way: deque[tuple[float, bytes]] = deque()
        """What was sent, with the time at which it arrives."""
        self._typed: deque[tuple[float, str]] = deque()
        """Keys and answers, with the time at which they arrive."""
        self._unanswered = b""
        self._free_at = time.perf_counter()
        """When the link has taken all that was sent."""

    def press(self, keys: str) -> None:
        """Press keys; they arrive half the delay later."""
        self._typed.append((time.perf_counter() + DELAY_SECONDS / 2, keys))

    def read(self, timeout_seconds: float) -> bool:
        """Pass on what is due within the time; return False once the program has gone."""
        give_up_at = time.perf_counter() + timeout_seconds
        while (now := time.perf_counter()) < give_up_at:
            while self._typed and self._typed[0][0] <= now and self.exit_code is None:
                os.write(self._descriptor, self._typed.popleft()[1].encode())
            if self._under_way and self._under_way[0][0] <= now:
                self._show(self._under_way.popleft()[1])
                return True
            if not self._take(now) and not self._under_way:
                return False
        return True

    def _take(self, now: float) -> bool:
        """Take a packet from the program as soon as the link is free; return False once the program has gone."""
        if self.exit_code is not None:
            return False
        if now < self._free_at:
            time.sleep(min(0.005, self._free_at - now))
            return True
        if not select.select([self._descriptor], [], [], 0.005)[0]:
            return True
        try:
            data = os.read(self._descriptor, MAX_PACKET)
        except OSError:
            data = b""
        if not data:
            self._reap()
            return False
        self._free_at = now + len(data) / BYTES_PER_SECOND
        self._under_way.append((self._free_at + DELAY_SECONDS / 2, data))
        return True

    def _show(self, data: bytes) -> None:
        self.received.append((time.perf_counter(), len(data)))
        self._stream.feed(data)
        self._unanswered += data
        for question in _QUESTIONS.findall(self._unanswered):
            self.press(_ANSWERS[question])
        # A question may be cut in two.
        self._unanswered = self._unanswered[self._unanswered.rfind(b"\x1b") :] if b"\x1b" in data else self._unanswered
        if _QUESTIONS.match(self._unanswered):
            self._unanswered = b""
