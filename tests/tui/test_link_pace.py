"""On a slow link one frame is on its way, and the answer to a key passes."""

from __future__ import annotations

from fitmon.tui.link_pace import HURRY_SECONDS, MAX_WAIT_SECONDS, LinkPace
from fitmon.tui.terminal_answers import READY_QUESTION, TerminalAnswers


class Link:
    """A terminal behind a link, with a clock of its own."""

    def __init__(self, *, answers: bool = True) -> None:
        self.now = 0.0
        self.answers = TerminalAnswers()
        self.pace = LinkPace(self.answers, clock=lambda: self.now)
        if answers:
            self.answers.questions()
            self.answers.without_answers("\x1b[0n\x1b[?62;c")

    def send(self) -> None:
        assert self.pace.may_send()
        assert self.pace.sent() == READY_QUESTION

    def arrive(self, seconds: float) -> None:
        """The frame on its way is shown after that time."""
        self.now += seconds
        self.answers.without_answers("\x1b[0n")


def test_a_frame_waits_until_the_last_one_was_shown_and_as_long_again() -> None:
    link = Link()
    link.send()
    link.arrive(0.1)
    link.send()
    assert not link.pace.may_send()
    link.arrive(0.8)
    assert not link.pace.may_send()
    link.now += 0.69
    assert not link.pace.may_send()
    link.now += 0.02
    assert link.pace.may_send()


def test_a_fast_link_is_not_slowed() -> None:
    link = Link()
    for _ in range(5):
        link.send()
        link.arrive(0.001)
    assert link.pace.may_send()


def test_the_answer_to_a_key_waits_for_nothing() -> None:
    link = Link()
    link.send()
    assert not link.pace.may_send()
    link.pace.hurry()
    link.send()
    link.now += HURRY_SECONDS + 0.01
    assert not link.pace.may_send()
    link.arrive(0.0)
    assert not link.pace.may_send(), "two frames are on their way, and one has arrived"
    link.arrive(0.0)
    link.now += 0.5
    assert link.pace.may_send()


def test_a_terminal_that_does_not_say_what_it_has_shown_gets_every_frame() -> None:
    link = Link(answers=False)
    for _ in range(3):
        assert link.pace.may_send()
        assert link.pace.sent() == ""


def test_an_answer_that_is_lost_does_not_stop_the_screen() -> None:
    link = Link()
    link.send()
    link.now += MAX_WAIT_SECONDS + 0.1
    link.send()
    link.arrive(0.1)
    assert link.answers.ready_answers == link.answers.ready_questions
