"""Asks the terminal for the color of its background, and takes its answers out of what is typed.

The question is sent before Textual has loaded. Nobody waits for the answer, which may come late, in pieces, or never. A
second question that every terminal answers (DA1) follows: its answer says that none comes for the first.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping

from fitmon.text.roles import Color

BACKGROUND_QUESTION = "\x1b]11;?\x1b\\"
"""OSC 11; answered by `ESC ] 11 ; rgb:1e1e/1e1e/1e1e ESC \\` or the like."""

IDENTITY_QUESTION = "\x1b[c"
"""DA1; answered by `ESC [ ? 64 ; 1 ; 2 c` or the like."""

READY_QUESTION = "\x1b[5n"
"""DSR 5; answered by `ESC [ 0 n` when all that was sent before has been shown."""

MAX_ANSWER_SECONDS = 1.0
"""How long an answer may delay the end of the process: left unread, it would appear at the prompt of the shell."""

MAX_SECONDS = 10.0
"""How long an answer to the first questions is expected in pieces; a whole one is recognised at any time."""

HOLD_SECONDS = 0.05
"""How long what may be the start of an answer is kept from the keys."""

_ANSWERS = re.compile(
    r"\x1b\]11;(?P<color>[^\x07\x1b]{1,40})(?:\x07|\x1b\\)|(?P<identity>\x1b\[\?[\d;]*c)|(?P<ready>\x1b\[0n)"
)
_BEGINNINGS = re.compile(r"\x1b(?:\](?:1(?:1(?:;[^\x07\x1b]{0,40}\x1b?)?)?)?|\[(?:\?[\d;]*|0)?)?\Z")
_COLORS = re.compile(r"rgba?:([0-9a-f]{1,4})/([0-9a-f]{1,4})/([0-9a-f]{1,4})", re.IGNORECASE)


class TerminalAnswers:
    """What the terminal has answered so far. Fed by the thread that reads the keys, read by others."""

    def __init__(self) -> None:
        self.background: Color | None = None
        """The color of the background; None while it is not known."""
        self.ready_questions = 0
        """How often the terminal was asked whether it has shown everything that was sent."""
        self.ready_answers = 0
        """How often it has said so."""
        self.asked_at: float | None = None
        """The `time.monotonic` time of the questions; None: nothing was asked."""
        self.answer_seconds = math.inf
        """How long the first answers took: the way to the terminal and back, and the start of the program at most."""
        self.answered = False
        """Whether the last of the questions is answered, so that no other answer is on its way."""
        self._ready_asked_at = 0.0
        self._held = ""
        self._held_until = 0.0

    def questions(self) -> str:
        """Return what to send to the terminal, once its input is no longer echoed."""
        self.asked_at = time.monotonic()
        return BACKGROUND_QUESTION + self.ready_question() + IDENTITY_QUESTION

    def ready_question(self) -> str:
        """Return what to send after a frame, so that its arrival is known."""
        self.ready_questions += 1
        self._ready_asked_at = time.monotonic()
        return READY_QUESTION

    @property
    def says_when_ready(self) -> bool:
        """Whether the terminal answers the question whether it has shown everything."""
        return self.answered and self.ready_answers > 0

    @property
    def seconds_to_wait(self) -> float:
        """How much longer an answer is waited for before the terminal is given back; 0 if none is on its way."""
        last = max(self.asked_at or 0.0, self._ready_asked_at)
        on_the_way = not self.answered or (self.ready_answers > 0 and self.ready_questions > self.ready_answers)
        if self.asked_at is None or not on_the_way:
            return 0.0
        return max(0.0, last + MAX_ANSWER_SECONDS - time.monotonic())

    def without_answers(self, typed: str) -> str:
        """Return what was typed, without the answers; call it with an empty text when nothing was typed for a while.

        What may be the beginning of an answer is returned by a later call if it is none.
        """
        now = time.monotonic()
        if not typed and now < self._held_until:
            return ""
        text, self._held = self._held + typed, ""
        text = _ANSWERS.sub(self._note, text)
        beginning = _BEGINNINGS.search(text) if typed and self._expects_more else None
        if beginning is None:
            # The rest of an answer that never ends is no key.
            return "" if text.startswith("\x1b]11;") else text
        self._held, self._held_until = beginning.group(), now + HOLD_SECONDS
        return text[: beginning.start()]

    @property
    def _expects_more(self) -> bool:
        if self.says_when_ready:
            return self.ready_questions > self.ready_answers
        return self.asked_at is not None and time.monotonic() < self.asked_at + MAX_SECONDS

    def _note(self, answer: re.Match[str]) -> str:
        if answer["color"] is not None:
            self.background = color_in(answer["color"]) or self.background
        elif answer["identity"] is not None:
            self.answered = True
            if self.asked_at is not None:
                self.answer_seconds = min(self.answer_seconds, time.monotonic() - self.asked_at)
        else:
            self.ready_answers += 1
        return ""


def color_in(answer: str) -> Color | None:
    """Return the color in the answer to OSC 11, such as `rgb:1e1e/1e1e/1e1e`; None if there is none."""
    parts = _COLORS.match(answer)
    if parts is None:
        return None
    red, green, blue = (round(255 * int(digits, 16) / (16 ** len(digits) - 1)) for digits in parts.groups())
    return red, green, blue


def background_by_environment(environment: Mapping[str, str]) -> Color | None:
    """Return black or white as COLORFGBG says, which some terminals set, such as `15;0`; None if it says nothing."""
    number = environment.get("COLORFGBG", "").rpartition(";")[2]
    if not number.isdigit():
        return None
    return (255, 255, 255) if int(number) in {7, *range(9, 16)} else (0, 0, 0)


def can_ask(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal may be asked; some old ones would print the question."""
    term = environment.get("TERM", "")
    return not (term in {"linux", "screen", "ansi", "cons25"} or term.startswith("vt"))
