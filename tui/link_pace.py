"""Decides when the next frame is sent, so that on a slow link no frames queue up in front of the answer to a key."""

from __future__ import annotations

import time
from collections.abc import Callable

from fitmon.tui.terminal_answers import TerminalAnswers

MAX_WAIT_SECONDS = 10.0
"""A frame whose arrival was not reported by then is taken for shown."""

MAX_REST_SECONDS = 2.0
"""At most this long nothing is sent after a frame."""

HURRY_SECONDS = 0.4
"""What is drawn this long after a key is its answer, and waits for nothing."""


class LinkPace:
    """Has at most one frame on its way, and leaves the link idle for as long as that took.

    It works with terminals that report what they have shown; to all others every frame is sent at once.
    """

    def __init__(self, answers: TerminalAnswers, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without any frame on its way.

        Args:
            answers: Those of the terminal.
            clock: Seconds since any fixed moment.
        """
        self._answers = answers
        self._clock = clock
        self._sent_at: float | None = None
        """When the frame on its way was sent; None: there is none."""
        self._rest_until = 0.0
        self._hurries_until = 0.0
        self._fastest_seconds = MAX_WAIT_SECONDS
        """The shortest time that a frame took: that of the way alone."""

    def hurry(self) -> None:
        """Send at once what is drawn next: a key was pressed."""
        self._hurries_until = self._clock() + HURRY_SECONDS

    def may_send(self) -> bool:
        """Return whether a frame may be sent now."""
        if not self._answers.says_when_ready:
            return True
        now = self._clock()
        self._note_arrival(now)
        if now < self._hurries_until:
            return True
        return self._sent_at is None and now >= self._rest_until

    def sent(self) -> str:
        """Note that a frame was sent, and return the question to send after it; empty if none is asked."""
        if not self._answers.says_when_ready:
            return ""
        self._sent_at = self._clock()
        return self._answers.ready_question()

    def _note_arrival(self, now: float) -> None:
        if self._sent_at is None:
            return
        taken = now - self._sent_at
        if self._answers.ready_answers >= self._answers.ready_questions:
            self._fastest_seconds = min(self._fastest_seconds, taken)
            self._rest_until = now + min(MAX_REST_SECONDS, taken - self._fastest_seconds)
            self._sent_at = None
        elif taken > MAX_WAIT_SECONDS:
            self._answers.ready_questions = self._answers.ready_answers
            self._sent_at = None
