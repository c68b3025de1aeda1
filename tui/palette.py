"""The look of each role on the terminal of this process. No information is conveyed by color alone."""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style

from fitmon.text.roles import Color, Paint, Role
from fitmon.tui.themes import TERMINAL, Theme, css


class Palette:
    """The theme in use, and the background of the terminal."""

    def __init__(self, theme: Theme, background: Color | None = None) -> None:
        """Take a theme for a terminal with that background; None: it is not known."""
        self.theme = theme
        self.background = background
        self._styles = theme.styles(background)

    def style_of(self, role: Role | Paint) -> Style:
        """Return how a piece of text looks."""
        if isinstance(role, Role):
            return self._styles[role]
        return self._styles[Role.PLAIN] + _painted(role)


_in_use = [Palette(TERMINAL)]
"""One: a process has one terminal."""


def use(palette: Palette) -> None:
    """Draw with this palette from now on."""
    _in_use[0] = palette


def palette_in_use() -> Palette:
    """Return the palette that is drawn with."""
    return _in_use[0]


def style_of(role: Role | Paint) -> Style:
    """Return how a piece of text looks."""
    return _in_use[0].style_of(role)


@lru_cache(maxsize=4096)
def _painted(paint: Paint) -> Style:
    return Style(color=_color(paint.foreground), bgcolor=_color(paint.background))


def _color(color: Color | None) -> str | None:
    return None if color is None else css(color)
