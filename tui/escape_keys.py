"""Tells the Escape key from the start of another key's code, in what a terminal sent. Pure.

Both begin with the same byte. Textual 8.2 takes an Escape and a key behind it in the same packet for one key pressed
with Alt, and drops it. fitmon uses no Alt keys.
"""

from __future__ import annotations

import re

ESCAPE = "\x1b"

_LONE_ESCAPE = re.compile(r"\x1b(?![\[\]OPX^_\\]|\Z)")
"""An escape that what follows it cannot make the start of a code, nor the end of a terminal's answer."""


def split_escapes(text: str) -> tuple[list[str], str]:
    """Return the text in pieces, each Escape key alone, and the rest: an escape at the end, which may start a code."""
    rest = ESCAPE if text.endswith(ESCAPE) else ""
    pieces: list[str] = []
    start = 0
    for match in _LONE_ESCAPE.finditer(text):
        pieces += [text[start : match.start()], ESCAPE]
        start = match.end()
    pieces.append(text[start:].removesuffix(rest) if rest else text[start:])
    return [piece for piece in pieces if piece], rest
