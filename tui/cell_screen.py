"""Knows every cell on the terminal, and sends only what differs from it.

Textual 8.2 repaints a changed region from the left edge of its widget, and the whole screen when a dialog opens. On a
slow link each cell counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from rich.cells import cell_len

from fitmon.tui.color_depth import ColorDepth
from fitmon.tui.sgr import PLAIN, Style, between, changed_by, on_blank

Cell = tuple[str, Style]
"""A character and its style; an empty character is the right half of the wide one before it."""

Row = list[Cell | None]
"""The cells of a line of the terminal from the left; None: not known."""

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"
"""Switches to the alternate screen and back. Outside of it, everything is passed on as it is."""

BEGIN_UPDATE, END_UPDATE = "\x1b[?2026h", "\x1b[?2026l"
"""The terminal shows what is between the two at once."""

MAX_GAP = 5
"""Up to this many unchanged cells are sent again, since moving the cursor past them is not shorter."""

MAX_BLANKS = 9
"""More blanks than this are erased by a code, which is shorter."""

PLAIN_BLANK: Cell = (" ", PLAIN)

_TOKENS = re.compile(
    r"(?P<style>\x1b\[[\d;]*m)"
    r"|\x1b\[(?:(?P<line>\d+);(?P<column>\d+))?H"
    r"|(?P<code>\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[PX^_][^\x1b]*(?:\x1b\\)?|\x1b.?)"
    r"|(?P<breaks>[\r\n]+)"
    r"|(?P<control>[\x00-\x1f\x7f])"
    r"|(?P<text>[^\x00-\x1f\x7f]+)",
    re.DOTALL,
)
_NARROW = re.compile(
    "[ -~\u00a0-\u00ac\u00ae-\u02ff\u2010-\u2027\u2030-\u205e\u2190-\u2319\u2400-\u25fc\u2800-\u28ff]*"
)
"""Characters that are one cell wide in every terminal."""


MAX_COLUMNS = 10_000
"""Of a terminal whose width is not known."""


class CellScreen:
    """Turns what Textual writes into what the terminal has to be sent."""

    def __init__(self, depth: ColorDepth) -> None:
        self._depth = depth
        self._is_on = False
        self._shown: dict[int, Row] = {}
        self._wanted: dict[int, Row] = {}
        """The lines that were written and not yet compared."""
        self._style = PLAIN
        """That of the next text of Textual."""
        self._line, self._column = 0, 0
        """Where Textual writes next."""
        self._sent_style = PLAIN
        self._sent_place: tuple[int, int] | None = None
        """The line and column of the terminal's cursor; None: not known."""
        self._next_line = 0
        """Where the last differences stopped for want of room."""
        self._is_answer = False
        self._answer: set[int] = set()
        """The lines that were drawn in answer to a key and not yet sent."""
        self._marks_updates = False
        """Whether the terminal understands the marks of an update."""
        self._is_forgetting = False
        self._columns = MAX_COLUMNS

    def forget(self, columns: int | None = None) -> None:
        """Take nothing for known from the next text on: the size of the terminal has changed, or others wrote to it.

        May be called by a signal handler.

        Args:
            columns: Of the terminal; what is written beyond them is dropped. None: as before.
        """
        self._is_forgetting = True
        self._columns = columns or self._columns

    @property
    def is_ahead(self) -> bool:
        """Whether there may be differences to send."""
        return bool(self._wanted)

    @property
    def owes_answer(self) -> bool:
        """Whether some of them are part of the answer to a key."""
        return not self._answer.isdisjoint(self._wanted)

    def take(self, text: str, *, is_answer: bool = False) -> str:
        """Take what Textual writes, and return what is to be sent in front of the cells, such as a change of mode.

        Args:
            text: May hold several frames.
            is_answer: Whether it was drawn in answer to a key, so that its lines are the first to be sent.
        """
        self._is_answer = is_answer
        if self._is_forgetting:
            self._shown.clear()
            self._wanted.clear()
            self._answer.clear()
            self._sent_place, self._is_forgetting = None, False
        return "".join(map(self._taken, _TOKENS.finditer(text)))

    def _taken(self, token: re.Match[str]) -> str:
        kind, piece = token.lastgroup, token.group()
        if not self._is_on:
            return self._passed_on(piece)
        if kind == "style":
            self._style = changed_by(self._style, piece[2:-1], self._depth)
        elif kind == "text":
            self._write(piece)
        elif kind == "column" or piece == "\x1b[H":
            self._line, self._column = int(token["line"] or 1) - 1, int(token["column"] or 1) - 1
        elif piece in {BEGIN_UPDATE, END_UPDATE}:
            self._marks_updates = True
        elif kind != "breaks":
            return self._passed_on(piece)
        return ""

    def _passed_on(self, piece: str) -> str:
        if piece in {ENTER, LEAVE}:
            self._is_on = piece == ENTER
            self._answer.clear()
            self._wanted.clear()
        if piece in {ENTER, LEAVE} or (piece.startswith("\x1b[") and piece.endswith(("J", "K"))):
            self._shown.clear()
            self._sent_place = None
        return piece

    def differences(self, max_bytes: float = math.inf) -> str:
        """Return what to send so that the terminal shows what was taken; empty if it already does.

        What was overwritten in the meantime is never sent: a slow terminal gets fewer frames, not older ones.

        Args:
            max_bytes: After the line that reaches it, the rest is left for the next call; with such a limit, so is
                everything but the answer to a key while some of it is owed.
        """
        parts: list[str] = []
        room = max_bytes
        for line in self._order(answer_only=self.owes_answer and max_bytes < math.inf):
            if room <= 0:
                self._next_line = line
                break
            new = list(self._line_differences(line, self._wanted.pop(line)))
            parts += new
            if room < math.inf:
                room -= sum(len(part.encode()) for part in new)
        else:
            self._next_line = 0
        # Whoever writes next, such as the shell, starts with a plain style.
        parts.append(between(self._sent_style, PLAIN))
        self._sent_style = PLAIN
        sent = "".join(parts)
        return f"{BEGIN_UPDATE}{sent}{END_UPDATE}" if sent and self._marks_updates else sent

    def _write(self, text: str) -> None:
        row = self._wanted.get(self._line)
        if row is None:
            row = self._wanted[self._line] = list(self._shown.get(self._line, ()))
        style, blank = self._style, on_blank(self._style)
        if _NARROW.fullmatch(text):
            cells: list[Cell] = [(each, blank if each == " " else style) for each in text]
        else:
            cells = _wide_cells(text, style, blank)
        # Beyond its edge a terminal would write over the last column.
        cells = cells[: max(0, self._columns - self._column)]
        end = self._column + len(cells)
        if len(row) < self._column:
            row.extend([None] * (self._column - len(row)))
        # Textual writes the whole screen for a dialog; the answer is what that changes.
        if self._is_answer and row[self._column : end] != cells:
            self._answer.add(self._line)
        row[self._column : end] = cells
        self._column = min(self._columns, end)

    def _order(self, *, answer_only: bool) -> list[int]:
        """Return the lines of an answer, or all from where the last call stopped, so that none waits for ever."""
        if answer_only:
            return sorted(self._answer.intersection(self._wanted))
        return sorted(self._wanted, key=lambda line: (line < self._next_line, line))

    def _line_differences(self, line: int, wanted: Row) -> Iterator[str]:
        """Yield the codes and characters of every cell that changed in a line, and make them the known ones."""
        for first, last in _runs(self._shown.get(line, []), wanted):
            yield self._moved_to(line, first)
            self._sent_place = line, last
            yield from self._painted(wanted[first:last])
        self._shown[line] = wanted
        self._answer.discard(line)

    def _painted(self, cells: Row) -> Iterator[str]:
        """Yield the codes and characters of cells that are next to each other, the cursor being at the first."""
        at = 0
        while at < len(cells):
            blanks = _blanks_from(cells, at)
            if blanks > MAX_BLANKS and on_blank(self._sent_style) == PLAIN:
                at += blanks
                yield f"\x1b[{blanks}X"
                if at < len(cells):
                    yield f"\x1b[{blanks}C"
                else:
                    self._sent_place = None
                continue
            yield self._painted_cell(cells[at])
            at += 1

    def _painted_cell(self, cell: Cell | None) -> str:
        if cell is None:
            return ""
        character, style = cell
        if style == self._sent_style or (character == " " and on_blank(self._sent_style) == style):
            return character
        code, self._sent_style = between(self._sent_style, style), style
        return code + character

    def _moved_to(self, line: int, column: int) -> str:
        """Return the shortest code that moves the cursor there."""
        if self._sent_place == (line, column):
            return ""
        absolute = f"\x1b[{line + 1}{f';{column + 1}' if column else ''}H"
        if self._sent_place is None or self._sent_place[0] != line or self._sent_place[1] > column:
            return absolute
        return min(absolute, f"\x1b[{column - self._sent_place[1]}C", key=len)


def _blanks_from(cells: Row, at: int) -> int:
    """Return how many plain blanks follow each other from there on."""
    end = at
    while end < len(cells) and cells[end] == PLAIN_BLANK:
        end += 1
    return end - at


def _wide_cells(text: str, style: Style, blank: Style) -> list[Cell]:
    """Return the cells of a text with characters of no width or of two cells."""
    cells: list[Cell] = []
    for character in text:
        width = cell_len(character)
        if width == 0 and cells:
            # A mark belongs to the character before it, or to the left half of a wide one.
            at = -2 if not cells[-1][0] and len(cells) > 1 else -1
            cells[at] = (cells[at][0] + character, cells[at][1])
            continue
        cells.append((character, blank if character == " " else style))
        cells.extend([("", style)] * (width - 1))
    return cells


def _runs(shown: Row, wanted: Row) -> Iterator[tuple[int, int]]:
    """Yield the first and the past-last column of each stretch to send."""
    if len(shown) < len(wanted):
        shown = [*shown, *[None] * (len(wanted) - len(shown))]
    changed = [at for at, (old, new) in enumerate(zip(shown, wanted, strict=False)) if old != new and new is not None]
    first = last = -1
    for at in changed:
        if first >= 0 and (at - last > MAX_GAP or None in wanted[last:at]):
            yield _whole(wanted, first, last)
            first = at
        first, last = (at if first < 0 else first), at + 1
    if first >= 0:
        yield _whole(wanted, first, last)


def _whole(wanted: Row, first: int, last: int) -> tuple[int, int]:
    """Return the stretch widened so that it cuts no wide character."""
    while first > 0 and _is_right_half(wanted[first]):
        first -= 1
    while last < len(wanted) and _is_right_half(wanted[last]):
        last += 1
    return first, last


def _is_right_half(cell: Cell | None) -> bool:
    return cell is not None and not cell[0]
