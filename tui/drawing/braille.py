"""Draws lines in braille: eight dots a cell, two across and four down.

Unicode's braille patterns (U+2800 to U+28FF, https://www.unicode.org/charts/PDF/U2800.pdf) have a bit per dot, so that
the dots of lines that share a cell are united. A terminal colors whole cells: the last line drawn gives its color.

It is our own because the library at hand cannot be trusted with a training in its process: plotext 6.1 ends the process
on NaN, and 5.3 draws a second curve at a quarter of the resolution. Here nothing that is no number, or lies outside,
can do more than interrupt a line.
"""

import itertools

import numpy as np
import numpy.typing as npt

from fitmon.text.roles import Paint, Role
from fitmon.text.rows import Row

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

ACROSS, DOWN = 2, 4
"""Dots of a cell."""
BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)
"""The bit of each dot, by row and column within its cell."""
BLANK = 0x2800

DOTTED = 3
"""A dotted line has one in this many of its dots."""


class BrailleCanvas:
    """Cells to draw lines and signs on; what lies outside is clipped.

    A cell shows its sign, else the dots of its lines, else the rule through it, else what is drawn underneath.
    """

    def __init__(self, width: int, height: int) -> None:
        """Start with blank cells, `width` by `height`, each at least 1."""
        self.width, self.height = width, height
        self._lines = _Layer(width, height)
        self._beneath = _Layer(width, height)
        self._signs: dict[tuple[int, int], tuple[str, Role | Paint]] = {}
        self._rules: dict[int, tuple[str, Role | Paint]] = {}
        self._levels: dict[int, tuple[str, Role | Paint]] = {}

    def line(
        self,
        x: Floats,
        y: Floats,
        role: Role | Paint,
        *,
        joined: bool = True,
        dotted: bool = False,
        beneath: bool = False,
    ) -> None:
        """Draw a line through points, in the order given.

        Args:
            x: (n,) shares of the width, 0 at the left edge and 1 at the right.
            y: (n,) shares of the height, 0 at the bottom and 1 at the top. A point that is not finite, in x or in y,
                interrupts the line.
            role: the color of the line's cells.
            joined: whether neighbors are joined; else there is a dot for each point.
            dotted: whether only some dots of the line are drawn.
            beneath: whether the line yields its cells to those that are drawn above.
        """
        columns, rows = _dots_of(x, self.width * ACROSS), _dots_of(y, self.height * DOWN)
        if joined and len(columns):
            columns, rows = _joined(columns, np.clip(rows, -DOWN, (self.height + 1) * DOWN))
        if dotted:
            columns, rows = columns[::DOTTED], rows[::DOTTED]
        (self._beneath if beneath else self._lines).put(columns, rows, role)

    def band(self, columns: Whole, low: Floats, high: Floats, role: Role | Paint) -> None:
        """Fill the area between two lines with every other dot, beneath all lines.

        Args:
            columns: (n,) columns of dots, counted from the left.
            low: (n,) shares of the height where the band begins; finite.
            high: (n,) the same for where it ends.
            role: the color of its cells.
        """
        dots = self.height * DOWN
        first = np.clip(_dots_of(low, dots), 0, dots).astype(np.int64)
        last = np.clip(_dots_of(high, dots), -1, dots - 1).astype(np.int64)
        heights = np.maximum(last - first + 1, 0)
        across = np.repeat(columns, heights)
        up = np.arange(heights.sum()) - np.repeat(np.cumsum(heights) - heights, heights) + np.repeat(first, heights)
        # A band of a single dot would otherwise be blank in every other column.
        kept = ((across + up) % 2 == 0) | (np.repeat(heights, heights) == 1)
        self._beneath.put(across[kept].astype(np.float64), up[kept].astype(np.float64), role)

    def rule(self, column: int, sign: str, role: Role | Paint) -> None:
        """Draw a sign down a column of cells, where there are no lines and other signs."""
        if 0 <= column < self.width:
            self._rules[column] = sign, role

    def level(self, line: int, sign: str, role: Role | Paint) -> None:
        """Draw a sign along a row of cells, `line` counted from the top, as `rule` does down a column."""
        if 0 <= line < self.height:
            self._levels[line] = sign, role

    def sign(self, column: int, line: int, text: str, role: Role | Paint) -> None:
        """Put one character over a cell, `line` counted from the top; it hides the cell's dots."""
        if 0 <= column < self.width and 0 <= line < self.height:
            self._signs[line, column] = text, role

    def cell_of(self, x: float, y: float) -> tuple[int, int] | None:
        """Return the column and the line, counted from the top, of a point in shares as in `line`; None: outside."""
        across = _dots_of(np.array([x]), self.width * ACROSS)[0]
        up = _dots_of(np.array([y]), self.height * DOWN)[0]
        if not (0 <= across < self.width * ACROSS and 0 <= up < self.height * DOWN):
            return None
        return int(across) // ACROSS, self.height - 1 - int(up) // DOWN

    def is_blank(self, column: int, line: int) -> bool:
        """Return whether there is nothing in a cell but rules; outside there is nothing either."""
        if not (0 <= column < self.width and 0 <= line < self.height):
            return True
        return not (self._lines.dots[line, column] or self._beneath.dots[line, column] or (line, column) in self._signs)

    def rows(self) -> list[Row]:
        """Return the cells as rows of text, from the top; blanks take the role before them, for fewer color codes."""
        roles = _Roles()
        codes = np.full((self.height, self.width), ord(" "), dtype=np.uint32)
        numbers = np.zeros((self.height, self.width), dtype=np.int64)
        self._beneath.show(codes, numbers, roles)
        for level, (sign, role) in self._levels.items():
            codes[level], numbers[level] = ord(sign), roles.number(role)
        for column, (sign, role) in self._rules.items():
            codes[:, column], numbers[:, column] = ord(sign), roles.number(role)
        self._lines.show(codes, numbers, roles)
        for place, (sign, role) in self._signs.items():
            codes[place], numbers[place] = ord(sign), roles.number(role)
        return [_row(line, number, roles) for line, number in zip(codes, numbers, strict=True)]


class _Roles:
    """Numbers roles, so that arrays can hold them."""

    def __init__(self) -> None:
        self.known: list[Role | Paint] = [Role.PLAIN]

    def number(self, role: Role | Paint) -> int:
        if role not in self.known:
            self.known.append(role)
        return self.known.index(role)


class _Layer:
    """The dots of cells and the role of each cell."""

    def __init__(self, width: int, height: int) -> None:
        self.dots = np.zeros((height, width), dtype=np.uint8)
        self._numbers = np.zeros((height, width), dtype=np.int64)
        self._roles = _Roles()

    def put(self, columns: Floats, rows: Floats, role: Role | Paint) -> None:
        height, width = self.dots.shape
        inside = (columns >= 0) & (columns < width * ACROSS) & (rows >= 0) & (rows < height * DOWN)
        x, y = columns[inside].astype(np.intp), height * DOWN - 1 - rows[inside].astype(np.intp)
        if len(x) > self.dots.size:  # most are drawn several times
            grid = np.zeros((height * DOWN, width * ACROSS), dtype=np.bool_)
            grid[y, x] = True
            y, x = np.nonzero(grid)
        np.bitwise_or.at(self.dots, (y // DOWN, x // ACROSS), BITS[y % DOWN, x % ACROSS])
        self._numbers[y // DOWN, x // ACROSS] = self._roles.number(role)

    def show(self, codes: npt.NDArray[np.uint32], numbers: Whole, roles: _Roles) -> None:
        """Write the cells that have dots into the characters and roles of a picture."""
        drawn = self.dots > 0
        codes[drawn] = self.dots[drawn] + np.uint32(BLANK)
        renumbered = np.array([roles.number(role) for role in self._roles.known])
        numbers[drawn] = renumbered[self._numbers[drawn]]


def _row(codes: npt.NDArray[np.uint32], numbers: Whole, roles: _Roles) -> Row:
    text = codes.astype("<u4").tobytes().decode("utf-32-le")
    inked = np.maximum.accumulate(np.where(codes != ord(" "), np.arange(len(codes)), -1))
    numbers = np.where(inked >= 0, numbers[np.maximum(inked, 0)], 0)
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(text)]
    return tuple((text[start:end], roles.known[numbers[start]]) for start, end in itertools.pairwise(edges))


def _dots_of(shares: Floats, dots: int) -> Floats:
    """Return the dot of each share, whole but as floats, so that what is not finite or far outside stays so."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.floor(np.asarray(shares, np.float64) * (dots - 1) + 0.5)


def _joined(columns: Floats, rows: Floats) -> tuple[Floats, Floats]:
    """Return every dot on the way from each point to the next; one that is not finite is left out, with its ways."""
    finite = np.isfinite(columns) & np.isfinite(rows)
    both = finite[:-1] & finite[1:]
    starts, ends = np.flatnonzero(both), np.flatnonzero(both) + 1
    across, up = columns[ends] - columns[starts], rows[ends] - rows[starts]
    steps = np.maximum(np.maximum(np.abs(across), np.abs(up)), 1)
    # A way far beyond the canvas is not walked dot by dot.
    steps = np.minimum(steps, 4096).astype(np.int64)
    which = np.repeat(np.arange(len(starts)), steps)
    part = (np.arange(len(which)) - np.repeat(np.cumsum(steps) - steps, steps)) / steps[which]
    on_the_way = (
        np.floor(columns[starts][which] + part * across[which] + 0.5),
        np.floor(rows[starts][which] + part * up[which] + 0.5),
    )
    alone = finite & ~(np.append(both, False) & finite)
    return (
        np.concatenate([on_the_way[0], columns[alone]]),
        np.concatenate([on_the_way[1], rows[alone]]),
    )
