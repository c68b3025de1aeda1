"""Styles as the terminal's own codes (SGR): read, mapped to its colors, and written in few bytes. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from fitmon.tui.color_depth import ColorDepth, color_of_256, nearest_of_16, nearest_of_256

REVERSE = 7
_FLAGS = range(1, 10)
_OFF = {22: (1, 2), 23: (3,), 24: (4,), 25: (5, 6), 27: (7,), 28: (8,), 29: (9,)}
"""Which attributes each code ends; bold and dim end together."""
_SEEN_ON_BLANKS = frozenset({4, 5, 6, REVERSE, 9})
"""The attributes that show in a cell without a character."""
_REMAPPED = range(16, 22)
"""Numbers of the 256 colors that some color schemes (base16-shell) redefine."""


class Style(NamedTuple):
    """How a cell looks."""

    flags: frozenset[int] = frozenset()
    """The codes of the attributes that are on, such as 1 for bold."""
    foreground: str = ""
    """The code of its color, such as `38;5;80`; empty: the default of the terminal."""
    background: str = ""
    """The code of its color; empty: the default of the terminal."""


PLAIN = Style()


@lru_cache(maxsize=4096)
def changed_by(style: Style, codes: str, depth: ColorDepth) -> Style:
    """Return the style after a code such as `1;38;2;255;0;0`; colors become the nearest ones of the terminal."""
    numbers = [int(code or 0) for code in codes.split(";")]
    flags, foreground, background = set(style.flags), style.foreground, style.background
    while numbers:
        number = numbers.pop(0)
        if number == 0:
            flags, foreground, background = set(), "", ""
        elif number in _FLAGS:
            flags.add(number)
        elif number in _OFF:
            flags.difference_update(_OFF[number])
        elif _is_foreground(number):
            foreground = _color_code(number, numbers, depth)
        elif _is_foreground(number - 10):
            background = _color_code(number, numbers, depth)
    return Style(frozenset(flags), foreground, background)


@lru_cache(maxsize=4096)
def on_blank(style: Style) -> Style:
    """Return the part of a style that shows in a cell without a character."""
    if REVERSE in style.flags:
        return style
    return Style(style.flags & _SEEN_ON_BLANKS, "", style.background)


@lru_cache(maxsize=4096)
def between(before: Style, after: Style) -> str:
    """Return the shortest code that leads from one style to another; empty if they are the same."""
    if before == after:
        return ""
    anew = [str(flag) for flag in sorted(after.flags)] + [code for code in after[1:] if code]
    codes = [";".join(["", *anew] if anew else []), ";".join(_changes(before, after))]
    return f"\x1b[{min(codes, key=len)}m"


def _changes(before: Style, after: Style) -> list[str]:
    ended = before.flags - after.flags
    off = [code for code, flags in _OFF.items() if ended & set(flags)]
    ended_too = {flag for code in off for flag in _OFF[code]}
    on = sorted(flag for flag in after.flags if flag not in before.flags or flag in ended_too)
    colors = []
    if before.foreground != after.foreground:
        colors.append(after.foreground or "39")
    if before.background != after.background:
        colors.append(after.background or "49")
    return [*map(str, off), *map(str, on), *colors]


def _is_foreground(number: int) -> bool:
    return 30 <= number <= 39 or 90 <= number <= 97  # noqa: PLR2004 - the codes of the standard


def _color_code(number: int, rest: list[int], depth: ColorDepth) -> str:
    """Return the code of a color in the terminal's depth; takes what follows 38 or 48 from the rest."""
    base = 30 if _is_foreground(number) else 40
    if number == base + 8:
        return _extended_code(base, rest, depth)
    return "" if number == base + 9 or depth is ColorDepth.NONE else str(number)


def _extended_code(base: int, rest: list[int], depth: ColorDepth) -> str:
    if rest[:1] == [5] and len(rest) > 1:
        color, given = color_of_256(rest[1]), rest[1]
        del rest[:2]
    elif rest[:1] == [2] and len(rest) > 3:  # noqa: PLR2004 - red, green, blue
        color, given = (rest[1], rest[2], rest[3]), None
        del rest[:4]
    else:
        rest.clear()
        return ""
    if depth is ColorDepth.NONE:
        return ""
    if depth is ColorDepth.SIXTEEN or (given is not None and given < 16):  # noqa: PLR2004 - the first sixteen
        nearest = nearest_of_16(color) if given is None or given >= 16 else given  # noqa: PLR2004
        return str(base + nearest if nearest < 8 else base + 52 + nearest)  # noqa: PLR2004 - eight dark, eight bright
    number = nearest_of_256(color) if given is None else given
    exact = number not in _REMAPPED and color_of_256(number) == color
    # The short code where it is the same color.
    if depth is ColorDepth.TRUE and given is None and not exact:
        return f"{base + 8};2;{color[0]};{color[1]};{color[2]}"
    return f"{base + 8};5;{number}"
