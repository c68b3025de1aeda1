"""Rows of text that widgets draw: plain values, so that drawings are tested without a screen."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len, set_cell_size

from fitmon.text.format import clip
from fitmon.text.roles import Paint, Role

Piece = tuple[str, Role | Paint]
"""Text and its role, or its own colors."""

Row = tuple[Piece, ...]
"""One line of the screen, from left to right."""


def row(*pieces: str | Piece) -> Row:
    """Return a row; bare strings are plain text."""
    return tuple((piece, Role.PLAIN) if isinstance(piece, str) else piece for piece in pieces)


def text_of(line: Row) -> str:
    """Return the row's text without roles."""
    return "".join(text for text, _ in line)


def width_of(line: Row) -> int:
    """Return the width of a row in cells."""
    return sum(cell_len(text) for text, _ in line)


def fitted(line: Row, width: int) -> Row:
    """Return the row in exactly `width` cells: padded with spaces, or clipped between words."""
    missing = width - width_of(line)
    if missing >= 0:
        return (*line, (" " * missing, Role.PLAIN)) if missing else line
    kept: list[Piece] = []
    for text, role in line:
        room = width - width_of(tuple(kept))
        if cell_len(text) > room:
            kept.append((set_cell_size(clip(text, room), room), role))
            break
        kept.append((text, role))
    return tuple(kept)


def filled(lines: Sequence[Row], width: int, height: int) -> list[Row]:
    """Return exactly `height` rows of exactly `width` cells."""
    blank = row(" " * width)
    drawn = [fitted(line, width) for line in lines[:height]]
    return drawn + [blank] * (height - len(drawn))


def framed(title: Row, lines: Sequence[Row], width: int, height: int) -> list[Row]:
    """Return the lines inside a frame of that outer size, with the title in its top edge."""
    if width < 6 or height < 3:  # noqa: PLR2004 - no room left inside a frame
        return filled(lines, width, height)
    head = fitted(title, min(width_of(title), width - 5))
    edge = "─" * (width - 5 - width_of(head))
    faint = Role.FAINT
    top: Row = (("╭ ", faint), *head, (f" {edge}─╮", faint))
    inside = [(("│", faint), *line, ("│", faint)) for line in filled(lines, width - 2, height - 2)]
    return [top, *inside, (("╰" + "─" * (width - 2) + "╯", faint),)]


def joined(lines: Iterable[Row], gap: str) -> Row:
    """Return the rows joined into one, with `gap` between them."""
    pieces: list[Piece] = []
    for line in lines:
        if pieces:
            pieces.append((gap, Role.FAINT))
        pieces.extend(line)
    return tuple(pieces)


def fitting(fields: Sequence[tuple[int, Row]], gap: str, width: int) -> Row:
    """Return the fields that fit into `width` cells, in order; those with the smallest importance are dropped first."""
    kept = list(fields)
    while kept and width_of(joined((line for _, line in kept), gap)) > width:
        kept.remove(min(kept, key=lambda field: field[0]))
    return joined((line for _, line in kept), gap)
