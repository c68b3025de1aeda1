"""Draws lines in braille: eight dots a cell, two across and four down.

Unicode's braille patterns (U+2800 to U+28FF, https://www.unicode.org/charts/PDF/U2800.pdf) have a bit per dot, so that
the dots of lines that share a cell are united. A terminal colors whole cells: the last line drawn gives its color.
"""

from itertools import groupby

import numpy as np
import numpy.typing as npt

from fitmon.text.roles import Paint, Role
from fitmon.text.rows import Row

Floats = npt.NDArray[np.float64]

ACROSS, DOWN = 2, 4
"""Dots of a cell."""
BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], dtype=np.uint8)
"""The bit of each dot, by row and column within its cell."""
BLANK = 0x2800


class BrailleCanvas:
    """Cells to draw lines and signs on; what lies outside is clipped."""

    def __init__(self, width: int, height: int) -> None:
        """Start with blank cells, `width` by `height`, each at least 1."""
        self.width, self.height = width, height
        self._dots = np.zeros((height, width), dtype=np.uint8)
        self._roles: list[Role | Paint] = [Role.PLAIN]
        self._role = np.zeros((height, width), dtype=np.int16)
        self._signs: dict[tuple[int, int], str] = {}

    def line(self, x: Floats, y: Floats, role: Role | Paint, *, joined: bool = True) -> None:
        """Draw a line through points, in the order given.

        Args:
            x: (n,) shares of the width, 0 at the left edge and 1 at the right.
            y: (n,) shares of the height, 0 at the bottom and 1 at the top. A point that is not finite, in x or in y,
                interrupts the line.
            role: the color of the line's cells.
            joined: whether neighbors are joined; else there is a dot for each point.
        """
        across = _dots_of(x, self.width * ACROSS)
        up = _dots_of(y, self.height * DOWN)
        columns, rows = (_joined(across, up) if joined else (across, up)) if len(across) else (across, up)
        self._set(columns, rows, role)

    def sign(self, column: int, line: int, text: str, role: Role | Paint) -> None:
        """Put one character over a cell, `line` counted from the top; it hides the cell's dots."""
        if 0 <= column < self.width and 0 <= line < self.height:
            self._signs[line, column] = text
            self._role[line, column] = self._number_of(role)

    def cell_of(self, x: float, y: float) -> tuple[int, int]:
        """Return the column and the line, counted from the top, of a point that is given in shares, as in `line`."""
        dots = _dots_of(np.array([x]), self.width * ACROSS), _dots_of(np.array([y]), self.height * DOWN)
        return int(dots[0][0]) // ACROSS, self.height - 1 - int(dots[1][0]) // DOWN

    def is_blank(self, column: int, line: int) -> bool:
        """Return whether nothing was drawn in a cell."""
        return not self._dots[line, column] and (line, column) not in self._signs

    def rows(self) -> list[Row]:
        """Return the cells as rows of text, from the top; blanks take the role before them, for fewer color codes."""
        return [self._row(line) for line in range(self.height)]

    def _row(self, line: int) -> Row:
        characters = [
            self._signs.get((line, column)) or (chr(BLANK + dots) if dots else " ")
            for column, dots in enumerate(self._dots[line].tolist())
        ]
        roles: list[Role | Paint] = []
        for character, number in zip(characters, self._role[line].tolist(), strict=True):
            roles.append(roles[-1] if character == " " and roles else self._roles[number])
        return tuple(
            ("".join(character for character, _ in run), role)
            for role, run in groupby(zip(characters, roles, strict=True), key=lambda pair: pair[1])
        )

    def _set(self, columns: Floats, rows: Floats, role: Role | Paint) -> None:
        inside = (columns >= 0) & (columns < self.width * ACROSS) & (rows >= 0) & (rows < self.height * DOWN)
        x, y = columns[inside].astype(np.int64), self.height * DOWN - 1 - rows[inside].astype(np.int64)
        np.bitwise_or.at(self._dots, (y // DOWN, x // ACROSS), BITS[y % DOWN, x % ACROSS])
        self._role[y // DOWN, x // ACROSS] = self._number_of(role)

    def _number_of(self, role: Role | Paint) -> int:
        if role not in self._roles:
            self._roles.append(role)
        return self._roles.index(role)


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
    return (
        np.concatenate([columns[finite], on_the_way[0]]),
        np.concatenate([rows[finite], on_the_way[1]]),
    )
