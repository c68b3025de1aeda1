"""Braille in ASCII: the character that a cell of a line looks most like."""

from functools import lru_cache

COLUMNS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bits of a cell's dots in its left and its right column, from the top (Unicode, block 2800)."""

MANY = 6
"""So many dots are an area, not a line."""


@lru_cache(maxsize=256)
def ascii_of_braille(character: str) -> str:
    """Return one ASCII character for a braille pattern: level and steep parts of a line look level and steep."""
    dots = ord(character) - 0x2800
    left, right = ([row for row, bit in enumerate(column) if dots & bit] for column in COLUMNS)
    rows = sorted({*left, *right})
    if not rows:
        return " "
    if len(left) + len(right) >= MANY:
        return "#"
    if any(column and column[-1] - column[0] >= len(column) for column in (left, right)):
        return ":"
    if rows[-1] - rows[0] <= 1:
        return "'--."[(rows[0] + rows[-1] + 1) // 2]
    if not (left and right):
        return "|"
    return "\\" if sum(left) / len(left) < sum(right) / len(right) else "/"
