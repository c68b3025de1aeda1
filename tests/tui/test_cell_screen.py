"""What the terminal shows is what Textual wrote, in fewer bytes."""

from __future__ import annotations

import random

import pyte
import pytest

from fitmon.tui.cell_screen import BEGIN_UPDATE, END_UPDATE, ENTER, LEAVE, CellScreen
from fitmon.tui.color_depth import ColorDepth

COLUMNS, LINES = 40, 12
TEXTS = ("loss 0.1234", "   ", "⠤⠒⠉", "日本", "│", "x", "e\u0301a", " ·  ·", "─" * 9)
STYLES = ("", "1", "2", "36", "1;31", "7", "38;5;80", "38;2;1;2;3;48;2;9;9;9", "4", "22;39", "31;44")


class Terminal:
    """A terminal that is sent what `CellScreen` makes of a text."""

    def __init__(self) -> None:
        self.cells = CellScreen(ColorDepth.TRUE)
        self.screen = pyte.Screen(COLUMNS, LINES)
        self.stream = pyte.Stream(self.screen)
        self.sent = ""
        self.write(ENTER + "\x1b[?7l\x1b[2J")

    def write(self, text: str) -> str:
        """Send a frame and return the bytes it took."""
        sent = self.cells.take(text) + self.cells.differences()
        self.stream.feed(sent)
        self.sent += sent
        return sent


def picture(screen: pyte.Screen) -> list[list[tuple[object, ...]]]:
    """Return what is seen of every cell: that of a blank shows no color of text."""
    return [[_seen(screen.buffer[line][column]) for column in range(COLUMNS)] for line in range(LINES)]


def _seen(cell: pyte.screens.Char) -> tuple[object, ...]:
    if cell.data == " " and not cell.reverse:
        return " ", cell.bg, cell.underscore
    return cell.data, cell.fg, cell.bg, cell.bold, cell.reverse, cell.underscore


def a_frame(chosen: random.Random) -> str:
    """Return an update as Textual writes it: pieces at places, each with its style, reset after it."""
    pieces = []
    for _ in range(chosen.randint(1, 6)):
        line, column = chosen.randint(1, LINES), chosen.randint(1, COLUMNS - 12)
        pieces.append(f"\x1b[{line};{column}H")
        # Textual writes nothing beyond the right edge.
        for _ in range(chosen.randint(1, min(3, (COLUMNS - column) // 11))):
            style, text = chosen.choice(STYLES), chosen.choice(TEXTS)
            pieces.append(f"\x1b[{style}m{text}\x1b[0m" if style else text)
    return BEGIN_UPDATE + "\n".join(pieces) + END_UPDATE if chosen.random() < 0.5 else "".join(pieces)


@pytest.mark.parametrize("seed", range(20))
def test_any_sequence_of_frames_leaves_the_same_picture(seed: int) -> None:
    chosen = random.Random(seed)  # noqa: S311 - a repeatable choice of frames
    ours, stock = Terminal(), pyte.Screen(COLUMNS, LINES)
    stream = pyte.Stream(stock)
    for _ in range(30):
        # A wide character that another one cuts in half looks different in every terminal.
        frame = a_frame(chosen).replace("日本", "ab") if seed % 2 else whole_lines(chosen)
        ours.write(frame)
        stream.feed(frame.replace("\n", ""))
        assert picture(ours.screen) == picture(stock)


def whole_lines(chosen: random.Random) -> str:
    """Return lines that are written from end to end, some with wide characters."""
    lines = []
    for line in range(1, LINES + 1):
        text = "".join(chosen.choice(TEXTS) for _ in range(2))
        width = sum(2 if letter in "日本" else letter != "\u0301" for letter in text)
        lines.append(f"\x1b[{line};1H\x1b[{chosen.choice(STYLES)}m{text}{' ' * (COLUMNS - width)}\x1b[0m")
    return "\n".join(lines)


def test_the_same_frame_again_sends_nothing() -> None:
    terminal = Terminal()
    frame = f"{BEGIN_UPDATE}\x1b[1;1H\x1b[1;36mepoch 3\x1b[0m  lr 1e-3\n\x1b[3;1H日本\x1b[1;1H{END_UPDATE}"
    assert terminal.write(frame)
    assert terminal.write(frame) == ""


def test_one_changed_cell_is_sent_alone() -> None:
    terminal = Terminal()
    terminal.write("\x1b[5;1H\x1b[32m" + "─" * 30 + "12\x1b[0m")
    assert terminal.write("\x1b[5;1H\x1b[32m" + "─" * 30 + "13\x1b[0m") == "\x1b[5;32H\x1b[32m3\x1b[m"


def test_frames_that_were_not_sent_yet_are_skipped() -> None:
    terminal = Terminal()
    for number in range(9):
        terminal.cells.take(f"\x1b[1;1H{number}")
    assert terminal.cells.differences() == "\x1b[1H8"


def test_an_update_is_marked_as_one_where_the_terminal_can() -> None:
    terminal = Terminal()
    assert terminal.write(f"{BEGIN_UPDATE}\x1b[1;1Hx{END_UPDATE}") == f"{BEGIN_UPDATE}\x1b[1Hx{END_UPDATE}"


def test_after_the_size_has_changed_every_cell_is_sent_again() -> None:
    terminal = Terminal()
    terminal.write("\x1b[1;1Habc")
    terminal.cells.forget()
    assert terminal.write("\x1b[1;1Habc") == "\x1b[1Habc"


def test_after_the_size_has_changed_nothing_of_the_old_frame_is_sent() -> None:
    """On a slow link most of it may still be waiting; beyond the new edges a terminal would wrap it."""
    cells = CellScreen(ColorDepth.TRUE)
    cells.take(ENTER + "".join(f"\x1b[{line};1H{'x' * 120}" for line in range(1, 41)))
    cells.differences(max_bytes=200)
    cells.forget()
    cells.take("\x1b[1;1Hsmall")
    assert cells.differences().count("x") == 0


def test_what_lies_beyond_the_edge_is_dropped() -> None:
    """A terminal would write it, or erase, over the last column."""
    terminal = Terminal()
    terminal.cells.forget(COLUMNS)
    terminal.write(f"\x1b[1;1H{'─' * (COLUMNS - 1)}│{' ' * COLUMNS}")
    assert terminal.screen.display[0][-1] == "│"
    assert "X" not in terminal.sent


def test_outside_of_the_screen_text_is_passed_on() -> None:
    terminal = Terminal()
    terminal.write("\x1b[1;1H\x1b[31mred")
    assert terminal.write(f"{LEAVE}Finished.\r\nBye\n") == f"{LEAVE}Finished.\r\nBye\n"


def test_modes_questions_and_the_clipboard_go_in_front_of_the_cells() -> None:
    terminal = Terminal()
    sent = terminal.write("\x1b[1;1Ha\x1b[?25l\x1b]52;c;YWJj\x07\x1b[1;2Hb\x1b[c")
    assert sent == "\x1b[?25l\x1b]52;c;YWJj\x07\x1b[c\x1b[1Hab"


def test_what_a_slow_link_has_no_room_for_is_sent_the_next_time() -> None:
    terminal = Terminal()
    terminal.cells.take("\x1b[1;1Hone\x1b[2;1Htwo\x1b[3;1Hthree")
    assert terminal.cells.differences(max_bytes=5) == "\x1b[1Hone"
    terminal.cells.take("\x1b[1;1HONE\x1b[2;1HTWO")
    assert terminal.cells.differences() == "\x1b[2HTWO\x1b[3Hthree\x1b[1HONE"
    assert not terminal.cells.is_ahead


def test_the_lines_of_the_answer_to_a_key_are_sent_first() -> None:
    terminal = Terminal()
    terminal.cells.take("\x1b[1;1Hone\x1b[2;1Htwo")
    terminal.cells.take("\x1b[1;1Hone\x1b[2;1Htwo\x1b[3;1Hthree", is_answer=True)
    assert terminal.cells.owes_answer
    assert terminal.cells.differences(max_bytes=5) == "\x1b[3Hthree"
    assert not terminal.cells.owes_answer
    assert terminal.cells.differences() == "\x1b[1Hone\x1b[2Htwo"


def test_many_blanks_are_erased_by_a_code() -> None:
    terminal = Terminal()
    terminal.write("\x1b[1;1H" + "x" * COLUMNS)
    assert terminal.write("\x1b[1;1Hx" + " " * 20 + "y" * (COLUMNS - 21)) == "\x1b[1;2H\x1b[20X\x1b[20C" + "y" * 19
    assert terminal.write("\x1b[1;1H" + " " * COLUMNS) == "\x1b[1H \x1b[20C\x1b[19X"
    assert terminal.screen.display[0].strip() == ""
