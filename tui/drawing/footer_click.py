"""Finds the key whose hint is at a place of the footer, for a click on it. Pure."""

from collections.abc import Iterable

from rich.cells import cell_len

from fitmon.text.roles import Role
from fitmon.text.rows import Row
from fitmon.tui.keys import Key


def key_at(hints: Row, column: int, keys: Iterable[Key]) -> str | None:
    """Return Textual's name of the key whose hint is there; None if there is none.

    A hint of several keys, such as `← → move`, stands for the one whose sign is at the column or before it.

    Args:
        hints: The footer as it is drawn: each hint begins with its key in the role of strong text.
        column: In cells, from 0.
        keys: Those that have an effect there.
    """
    left = 0
    for number, (text, role) in enumerate(hints):
        right = left + cell_len(text)
        if column < right:
            # The word of a hint is the piece after its key.
            at = number if role is Role.STRONG else number - 1
            is_hint = column >= left and at >= 0 and hints[at][1] is Role.STRONG
            start = left if at == number else left - cell_len(hints[at][0])
            return _key_of(hints[at][0].strip(), column - start, keys) if is_hint else None
        left = right
    return None


def _key_of(sign: str, offset: int, keys: Iterable[Key]) -> str | None:
    for key in keys:
        if key.shown == sign:
            signs = sign.split()
            # A sign and the space after it are two cells.
            return key.keys[min(offset // 2, len(signs) - 1)] if len(signs) == len(key.keys[:2]) > 1 else key.keys[0]
    return None
