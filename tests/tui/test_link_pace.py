"""On a slow link little is on its way, and the answer to a key passes what was held back."""

from __future__ import annotations

import math

import pytest

from fitmon.tui.link_pace import HURRY_SECONDS, MAX_WAIT_SECONDS, PART_SECONDS, QUEUE_SECONDS, LinkPace
from fitmon.tui.terminal_answers import READY_QUESTION, TerminalAnswers

WAY_SECONDS = 0.3


class Link:
    """A terminal behind a link, with a clock of its own."""

    def __init__(self, *, answers: bool = True) -> None:
        self.now = 0.0
        self.answers = TerminalAnswers()
        self.pace = LinkPace(self.answers, clock=lambda: self.now)
        if answers:
            self.answers.questions()
            self.answers.without_answers("\x1b[0n\x1b[?62;c")
            self.answers.answer_seconds = WAY_SECONDS

    def send(self, size: int = 1000) -> None:
        assert self.pace.max_bytes() > 0
        assert self.pace.sent(size) == READY_QUESTION

    def arrive(self, seconds: float) -> None:
        """The first part on its way is shown after that time."""
        self.now += seconds
        self.answers.without_answers("\x1b[0n")
        self.pace.max_bytes()

    def is_free(self) -> bool:
        return self.pace.max_bytes() > 0


def slow_link() -> Link:
    """Return a link of 2 KB/s, which has shown that it is."""
    link = Link()
    link.send(2000)
    link.arrive(WAY_SECONDS + 1.0)
    assert not link.is_free()
    link.now += 2.01
    return link


def test_a_frame_waits_until_the_last_one_was_shown_and_twice_as_long_again() -> None:
    link = Link()
    link.send()
    assert not link.is_free()
    link.arrive(WAY_SECONDS + 0.5)
    assert not link.is_free()
    link.now += 0.99
    assert not link.is_free()
    link.now += 0.02
    assert link.is_free()


def test_a_fast_link_is_not_slowed() -> None:
    link = Link()
    for _ in range(5):
        link.send()
        link.arrive(0.001)
    assert link.pace.max_bytes() == math.inf


def test_a_slow_link_gets_parts_that_a_key_need_not_wait_long_for() -> None:
    assert slow_link().pace.max_bytes() == pytest.approx(2000 * PART_SECONDS)


def test_the_answer_to_a_key_waits_for_nothing_and_keeps_the_link_busy() -> None:
    link = slow_link()
    link.send(500)
    assert not link.is_free()
    link.pace.hurry()
    room = link.pace.max_bytes(owes_answer=True)
    assert room == pytest.approx(2000 * (WAY_SECONDS + QUEUE_SECONDS) - 500)
    link.pace.sent(int(room) + 1)
    assert link.pace.max_bytes(owes_answer=True) == 0, "the queue of the link is full"
    link.arrive(0.25)
    link.now += HURRY_SECONDS
    assert link.pace.max_bytes(owes_answer=True) > 0, "the rest of the answer"
    assert not link.is_free(), "all the rest"


def test_what_was_held_back_does_not_go_first_when_a_key_was_pressed() -> None:
    link = slow_link()
    assert link.pace.is_free()
    link.pace.hurry()
    assert not link.pace.is_free()
    link.now += HURRY_SECONDS
    assert link.pace.is_free(), "the key drew nothing"


def test_a_terminal_that_does_not_say_what_it_has_shown_gets_everything_at_once() -> None:
    link = Link(answers=False)
    for _ in range(3):
        assert link.pace.max_bytes() == math.inf
        assert link.pace.sent(1000) == ""


def test_an_answer_that_is_lost_does_not_stop_the_screen() -> None:
    link = Link()
    link.send()
    link.now += MAX_WAIT_SECONDS + 0.1
    link.send()
    link.arrive(0.1)
    assert link.answers.ready_answers == link.answers.ready_questions
