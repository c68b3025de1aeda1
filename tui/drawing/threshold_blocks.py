"""Chooses which parts of a view fit into its height, and in which form."""

from collections.abc import Sequence
from dataclasses import dataclass

from fitmon.text.rows import Row, row


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a view, in several forms of the same content."""

    rows: Sequence[Row]
    """The usual form; empty if there is nothing to show."""
    smaller: Sequence[Row] = ()
    """The form used if the usual one does not fit; empty: none."""
    larger: tuple[Sequence[Row], ...] = ()
    """Longer forms, increasing, for room that is left after every part is placed."""


def chosen(blocks: Sequence[Block], height: int) -> list[Sequence[Row]]:
    """Return the form in which each block is shown within `height` rows; empty: it does not fit.

    The first blocks are placed first; remaining room goes to the last ones first, since those are cut the most.
    """
    forms: list[Sequence[Row]] = []
    room = max(0, height)
    for block in blocks:
        forms.append(next((form for form in (block.rows, block.smaller) if len(form) <= room), ()))
        room -= len(forms[-1])
    for index, block in reversed(list(enumerate(blocks))):
        for form in block.larger:
            if forms[index] and len(form) - len(forms[index]) <= room:
                room -= len(form) - len(forms[index])
                forms[index] = form
    return forms


def packed(forms: Sequence[Sequence[Row]], height: int) -> list[Row]:
    """Return all forms stacked, separated by blank rows if there is room for all of these."""
    shown = [form for form in forms if form]
    apart = sum(map(len, shown)) + len(shown) - 1 <= height
    rows: list[Row] = []
    for form in shown:
        if rows and apart:
            rows.append(row())
        rows.extend(form)
    return rows
