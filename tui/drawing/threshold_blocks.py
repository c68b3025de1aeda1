"""Which parts of a view fit into its height, and in which form."""

from collections.abc import Sequence
from dataclasses import dataclass

from fitmon.text.rows import Row, row


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a view, in several forms of the same content."""

    rows: Sequence[Row]
    """The usual form; empty where there is nothing to show."""
    smaller: Sequence[Row] = ()
    """What stands in its place where that has no room; empty: nothing does."""
    larger: tuple[Sequence[Row], ...] = ()
    """Longer forms, rising, for room that is left when every part has had its turn."""


def chosen(blocks: Sequence[Block], height: int) -> list[Sequence[Row]]:
    """Return the form in which each block is shown in so many rows; empty: it has no room.

    The first blocks come first; room that is left goes to the last ones first, since those are cut the shortest.
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
    """Return all forms below one another, a blank row between them where there is room for every one of those."""
    shown = [form for form in forms if form]
    apart = sum(map(len, shown)) + len(shown) - 1 <= height
    rows: list[Row] = []
    for form in shown:
        if rows and apart:
            rows.append(row())
        rows.extend(form)
    return rows
