"""Which theme is shown: the one asked for, or the one that fits the background of the terminal."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from rich.style import Style
from textual.app import App
from textual.theme import BUILTIN_THEMES
from textual.theme import Theme as TextualTheme

from fitmon.text.roles import Color, Role
from fitmon.tui import palette, themes
from fitmon.tui.color_depth import ColorDepth, depth_of
from fitmon.tui.themes import AUTO, MONO, THEMES, Theme
from fitmon.tui.widgets.row_widget import RowWidget

VARIABLE = "FITMON_THEME"
"""The environment variable that names the theme."""

NO_COLORS = "no colors on this terminal, or NO_COLOR is set"


class ThemeChoice:
    """Draws an application in a theme, and another one when the user or the terminal asks for it."""

    def __init__(
        self,
        app: App[Any],
        name: str | None,
        background: Callable[[], Color | None],
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Choose, but draw nothing yet.

        Args:
            app: The application.
            name: One of `themes.THEMES`, or `auto`; None: what the environment says, else `auto`.
            background: Returns the color of the terminal's background; None while it is not known.
            environment: Of the process.
        """
        self._app = app
        self._background = background
        self._depth = depth_of(environment)
        wanted = name or environment.get(VARIABLE, AUTO)
        self._name = wanted if wanted in THEMES else AUTO
        self._known: tuple[str, Color | None] | None = None

    @property
    def theme(self) -> Theme:
        """The theme that is shown."""
        return themes.theme_named(self._name, self._depth, self._background())

    @property
    def color_depth(self) -> ColorDepth:
        """How many colors pictures may use: none in the theme without colors."""
        return ColorDepth.NONE if self.theme is MONO else self._depth

    def follow(self) -> None:
        """Draw in another theme if the user has chosen one, or the background of the terminal has become known."""
        known = (self.theme.name, self._background())
        if known != self._known:
            self._known = known
            self._draw(palette.Palette(self.theme, self._background()))

    def choose(self, name: str) -> str:
        """Draw in the theme of that name; return a sentence that says so, or why not."""
        if self._depth is ColorDepth.NONE:
            return NO_COLORS
        self._name = name
        self.follow()
        return f"theme: {self.theme.name}, {self.theme.summary}"

    def next(self) -> str:
        """Draw in the theme after the present one; return a sentence that says so, or why not."""
        return self.choose(themes.following(self.theme).name)

    def _draw(self, chosen: palette.Palette) -> None:
        palette.use(chosen)
        look = textual_theme(chosen)
        self._app.register_theme(look)
        self._app.theme = look.name
        for screen in self._app.screen_stack:
            for widget in screen.query(RowWidget):
                widget.restyle()


def textual_theme(chosen: palette.Palette) -> TextualTheme:
    """Return the theme of Textual's own widgets: dialogs, fields, scroll bars."""
    style_of = chosen.style_of
    plain, faint, bar = style_of(Role.PLAIN), style_of(Role.FAINT), style_of(Role.TRAINING)
    background, foreground = _css(plain, background=True), _css(plain)
    ground = themes.css(chosen.background) if chosen.background else "default"
    return TextualTheme(
        name=f"{chosen.theme.name} on {ground}",
        ansi=True,
        dark=chosen.theme.is_dark is not False,
        primary=_css(bar),
        secondary=_css(style_of(Role.VALIDATION)),
        accent=_css(style_of(Role.MARK)),
        warning=_css(style_of(Role.VALIDATION)),
        error=_css(style_of(Role.BAD)),
        success=_css(style_of(Role.GOOD)),
        foreground=foreground,
        background=background,
        variables={
            **BUILTIN_THEMES["ansi-dark" if chosen.theme.is_dark is not False else "ansi-light"].variables,
            "border": _css(bar),
            "scrollbar": _css(faint),
            "scrollbar-hover": _css(faint),
            "scrollbar-active": _css(bar),
            "scrollbar-background": background,
            "scrollbar-background-hover": background,
            "scrollbar-background-active": background,
            "scrollbar-corner-color": background,
        },
    )


def _css(style: Style, *, background: bool = False) -> str:
    color = style.bgcolor if background else style.color
    if color is None:
        return "ansi_default"
    return color.name if color.triplet else f"ansi_{color.name}"
