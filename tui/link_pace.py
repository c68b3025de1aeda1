"""Decides how much is sent when, so that on a slow link nothing queues up in front of the answer to a key."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from fitmon.tui.terminal_answers import TerminalAnswers

MAX_WAIT_SECONDS = 10.0
"""What has not been reported as shown by then is taken for shown."""

MAX_REST_SECONDS = 2.0
"""At most this long nothing is sent after a part of a frame."""

REST = 2.0
"""The link is left idle for so many times the time that it was busy."""

PART_SECONDS = 0.15
"""A frame is sent in parts that take the link this long."""

QUEUE_SECONDS = 0.35
"""The answer to a key keeps the link busy, with no more than this in its queue."""

MIN_PART_BYTES = 300
"""The least that is sent at once; less says nothing about the speed of the link."""

FAST_SECONDS = 0.02
"""A part that takes no longer than this, the way left out, is taken for sent at once."""

HURRY_SECONDS = 0.4
"""What is drawn this long after a key is its answer."""

MAX_HURRY_SECONDS = 4.0
"""So long the rest of an answer is sent before anything else."""


class LinkPace:
    """Has little on its way, and leaves the link idle most of the time, except for the answer to a key.

    It works with terminals that report what they have shown; to all others everything is sent at once.
    """

    def __init__(self, answers: TerminalAnswers, clock: Callable[[], float] = time.monotonic) -> None:
        """Start without anything on its way.

        Args:
            answers: Those of the terminal.
            clock: Seconds since any fixed moment.
        """
        self._answers = answers
        self._clock = clock
        # The thread that writes and the one that reads both ask.
        self._lock = threading.Lock()
        self._on_way: deque[tuple[float, int]] = deque()
        """When the parts that were not reported as shown were sent, and their bytes."""
        self._last_arrival = -math.inf
        self._rest_until = -math.inf
        self._hurries_until = -math.inf
        self._waits_for_answer = False
        """Whether nothing was drawn since the last key."""
        self._way_seconds = MAX_WAIT_SECONDS
        """The shortest time that a part took: that of the way there and back alone."""
        self._bytes_per_second = math.inf

    def hurry(self) -> None:
        """Send what is drawn next before anything else: a key was pressed."""
        self._hurries_until = self._clock() + HURRY_SECONDS
        self._waits_for_answer = True

    @property
    def answers_key(self) -> bool:
        """Whether what is drawn now is the answer to a key."""
        return self._clock() < self._hurries_until

    def max_bytes(self, *, owes_answer: bool = False) -> float:
        """Return how much may be sent now; infinite on a fast link.

        Args:
            owes_answer: Whether it is the answer to a key, or a part of it.
        """
        if not self._answers.says_when_ready:
            return math.inf
        now = self._clock()
        with self._lock:
            self._note_arrivals(now)
        if owes_answer and now < self._hurries_until - HURRY_SECONDS + MAX_HURRY_SECONDS:
            return self._room(self._bytes_per_second * (self._way_seconds + QUEUE_SECONDS))
        if self._on_way or now < self._rest_until:
            return 0.0
        return self._room(self._bytes_per_second * PART_SECONDS)

    def is_free(self, *, owes_answer: bool = False) -> bool:
        """Whether something that was held back may be sent now.

        Not directly after a key: what it draws may cover what was held back.
        """
        if self._clock() >= self._hurries_until:
            self._waits_for_answer = False
        return self.max_bytes(owes_answer=owes_answer) > 0 and not self._waits_for_answer

    def _room(self, part: float) -> float:
        return max(0.0, max(MIN_PART_BYTES, part) - sum(size for _, size in self._on_way))

    def sent(self, size: int) -> str:
        """Note that so many bytes were sent, and return the question to send after them; empty if none is asked."""
        if not self._answers.says_when_ready:
            return ""
        self._waits_for_answer = False
        self._on_way.append((self._clock(), size))
        return self._answers.ready_question()

    def _note_arrivals(self, now: float) -> None:
        unanswered = self._answers.ready_questions - self._answers.ready_answers
        while len(self._on_way) > max(0, unanswered):
            self._note_arrival(now, *self._on_way.popleft())
        if self._on_way and now - self._on_way[-1][0] > MAX_WAIT_SECONDS:
            self._answers.ready_questions = self._answers.ready_answers
            self._on_way.clear()

    def _note_arrival(self, now: float, sent_at: float, size: int) -> None:
        self._way_seconds = min(self._way_seconds, now - sent_at, self._answers.answer_seconds)
        on_link = now - max(sent_at + self._way_seconds, self._last_arrival)
        self._last_arrival = now
        self._rest_until = now + min(MAX_REST_SECONDS, REST * on_link)
        if size >= MIN_PART_BYTES:
            self._bytes_per_second = size / on_link if on_link > FAST_SECONDS else math.inf
