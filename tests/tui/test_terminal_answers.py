"""The background is asked of the terminal; no byte of an answer becomes a key or stays on the screen."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from fitmon.text.roles import Color
from fitmon.tui.terminal_answers import (
    HOLD_SECONDS,
    TerminalAnswers,
    background_by_environment,
    can_ask,
    color_in,
)
from tests.pseudo_terminal import Pseudo, assert_given_back
from tests.tui.test_terminal import pseudo

LIGHT = "\x1b]11;rgb:ffff/fdfd/f0f0\x1b\\"
READY, IDENTITY = "\x1b[0n", "\x1b[?64;1;2c"


@pytest.mark.parametrize(
    ("answer", "color"),
    [
        ("rgb:1e1e/1e1e/1e1e", (30, 30, 30)),
        ("rgb:ff/fd/F0", (255, 253, 240)),
        ("rgba:0000/2b2b/3636/ffff", (0, 43, 54)),
        ("rgb:f/f/0", (255, 255, 0)),
        ("?", None),
        ("rgb:zz/00/00", None),
    ],
)
def test_a_color_is_read_in_every_form_that_terminals_use(answer: str, color: Color | None) -> None:
    assert color_in(answer) == color


@pytest.mark.parametrize("end", ["\x1b\\", "\x07"])
def test_answers_are_taken_out_of_the_keys(end: str) -> None:
    answers = TerminalAnswers()
    answers.questions()
    assert answers.without_answers(f"ab\x1b]11;rgb:00/00/00{end}c{READY}{IDENTITY}d") == "abcd"
    assert answers.background == (0, 0, 0)
    assert answers.answered
    assert answers.seconds_to_wait == 0


def test_an_answer_in_any_two_or_three_pieces_is_taken_whole() -> None:
    text = f"a{LIGHT}b{READY}{IDENTITY}c"
    places = range(1, len(text))
    for cuts in [(0, one, two, len(text)) for one in places for two in places if one < two]:
        answers = TerminalAnswers()
        answers.questions()
        typed = "".join(answers.without_answers(text[first:last]) for first, last in pairwise(cuts))
        assert typed == "abc", cuts
        assert answers.background == (255, 253, 240)


def test_what_only_looks_like_an_answer_is_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = TerminalAnswers()
    now = 100.0
    monkeypatch.setattr("fitmon.tui.terminal_answers.time.monotonic", lambda: now)
    answers.questions()
    for keys in ("\x1b", "\x1b[", "\x1b]"):
        assert answers.without_answers(keys) == ""
        assert answers.without_answers("") == "", "the rest may still come"
        now += HOLD_SECONDS + 0.01
        assert answers.without_answers("") == keys
    assert answers.without_answers("\x1b[A\x1b[5~x") == "\x1b[A\x1b[5~x"
    answers.without_answers(READY + IDENTITY)
    assert answers.without_answers("\x1b") == "\x1b", "nothing is expected any more, so the key need not wait"


@pytest.mark.parametrize(
    ("value", "color"), [("15;0", (0, 0, 0)), ("0;15", (255, 255, 255)), ("0;default;15", (255, 255, 255)), ("", None)]
)
def test_some_terminals_say_their_background_in_the_environment(value: str, color: Color | None) -> None:
    assert background_by_environment({"COLORFGBG": value}) == color


@pytest.mark.parametrize(
    ("term", "may"), [("xterm-256color", True), ("tmux-256color", True), ("linux", False), ("vt220", False)]
)
def test_terminals_that_would_print_the_question_are_not_asked(term: str, may: bool) -> None:
    assert can_ask({"TERM": term}) is may


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "run" / "output.log"


def colored(terminal: Pseudo) -> set[str]:
    """Return the colors of the word that says the run trains."""
    line = next(number for number, text in enumerate(terminal.screen.display) if "training" in text)
    column = terminal.screen.display[line].index("training")
    return {terminal.screen.buffer[line][column].fg}


def leave(terminal: Pseudo) -> None:
    """Quit, and check that nothing but the keys of this function was ever typed."""
    assert "epoch 1/3" in "\n".join(terminal.screen.display)
    terminal.type("q")
    terminal.until("stop and quit")
    terminal.type("s")
    assert terminal.exit_code() == 130
    assert_given_back(terminal)
    visible = "\n".join(terminal.screen.display)
    assert "rgb" not in visible
    assert "]11" not in visible


@pytest.mark.slow
def test_a_light_terminal_that_answers_at_once_gets_the_light_theme(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("starting")
        assert terminal.received.count(b"\x1b]11;?") == 1
        terminal.answers[b"\x1b[5n"] = READY
        terminal.type(LIGHT + READY + IDENTITY)
        terminal.until("epoch 1/3")
        # Color 28 of 256: green on a light background.
        terminal.until_true(lambda: colored(terminal) == {"008700"}, "the light theme")
        leave(terminal)


@pytest.mark.slow
def test_an_answer_that_comes_late_and_in_pieces_changes_the_theme(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        assert colored(terminal) == {"87d787"}
        terminal.type(LIGHT[:9])
        terminal.type(LIGHT[9:])
        terminal.until_true(lambda: colored(terminal) == {"008700"}, "the light theme")
        terminal.type(READY)
        terminal.type(IDENTITY)
        leave(terminal)


@pytest.mark.slow
def test_a_terminal_that_never_answers_stays_dark_and_is_left_in_time(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("epoch 1/3")
        assert colored(terminal) == {"87d787"}
        leave(terminal)


@pytest.mark.slow
def test_what_is_typed_before_the_first_frame_is_not_echoed_and_not_lost(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("starting")
        terminal.type("?" + LIGHT + IDENTITY)
        terminal.until("pause after epoch")
        assert b"rgb:" not in terminal.received


@pytest.mark.slow
def test_a_terminal_that_reports_what_it_has_shown_gets_the_next_frame_then(log: Path) -> None:
    with pseudo("waits", str(log)) as terminal:
        terminal.until("starting")
        terminal.type(READY + IDENTITY)
        terminal.until("epoch 1/3")
        terminal.until_true(lambda: terminal.received.count(b"\x1b[5n") > 1, "the question after a frame")
        # The answer to a key is shown although the last frame was never reported.
        terminal.type("?")
        terminal.until("pause after epoch")
