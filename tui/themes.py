"""The themes: the color of each role, readable on the background of the terminal. Pure.

The terminal's own background is kept where the theme fits it; else the theme brings one. No information is conveyed by
color alone, so every theme leaves bold, dim and reverse text as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rich.style import Style

from fitmon.text.roles import CURVES, Color, Role
from fitmon.tui.color_depth import ColorDepth, color_of_256, nearest_of_256

AUTO = "auto"
"""Stands for the theme that fits the terminal."""

TEXT_CONTRAST = 4.5
"""Of every text on its background, by the Web Content Accessibility Guidelines 2.2, level AA."""

CURVE_CONTRAST = 3.0
"""Of curves, by the same guidelines."""

DARK_GROUND: Color = color_of_256(234)
LIGHT_GROUND: Color = color_of_256(255)
DARK_INK: Color = color_of_256(234)
LIGHT_INK: Color = color_of_256(252)

HALFWAY_LUMINANCE = 0.179
"""On a darker background white has more contrast than black, and at least 4.5 to 1."""

_ROLES_WITHOUT_COLOR: dict[Role, Style] = {
    Role.PLAIN: Style.null(),
    Role.FAINT: Style(dim=True),
    Role.STRONG: Style(bold=True),
    Role.MARK: Style(bold=True),
    Role.ALERT: Style(reverse=True, bold=True),
    Role.SELECTED: Style(reverse=True),
}


@dataclass(frozen=True, slots=True)
class Theme:
    """Colors for the roles, by their number among the terminal's 256 or as red, green and blue."""

    name: str
    summary: str
    """What it is for, in a few words."""
    colors: Mapping[Role, Color] = field(default_factory=dict)
    """Roles without one have the color of plain text."""
    ansi_colors: Mapping[Role, str] = field(default_factory=dict)
    """Rich's names of the terminal's own colors, which are used as they are."""
    is_dark: bool | None = None
    """Whether it is for a dark background, or for a light one; None: for both."""

    def brings_ground(self, terminal: Color | None) -> bool:
        """Return whether the theme needs a background of its own on that of the terminal; None: unknown, so dark."""
        return self.is_dark is not None and self.is_dark != (terminal is None or is_dark(terminal))

    def ground(self, terminal: Color | None) -> Color:
        """Return the background that the texts are read on."""
        if self.brings_ground(terminal):
            return DARK_GROUND if self.is_dark else LIGHT_GROUND
        return DARK_GROUND if terminal is None else terminal

    def styles(self, terminal: Color | None) -> dict[Role, Style]:
        """Return the style of every role on a terminal with that background; None: it is not known."""
        return dict(_styles(self.name, terminal))


def _theme_colors(**numbers: int) -> dict[Role, Color]:
    return {Role[name.upper()]: color_of_256(number) for name, number in numbers.items()}


TERMINAL = Theme(
    "terminal",
    "the sixteen colors of the terminal",
    ansi_colors={
        Role.TRAINING: "cyan",
        Role.VALIDATION: "yellow",
        Role.MARK: "magenta",
        Role.GOOD: "green",
        Role.BAD: "red",
        Role.CURVE_1: "cyan",
        Role.CURVE_2: "yellow",
        Role.CURVE_3: "magenta",
        Role.CURVE_4: "green",
        Role.CURVE_5: "red",
        Role.CURVE_6: "blue",
    },
)

DARK = Theme(
    "dark",
    "for a dark background",
    _theme_colors(
        faint=246, training=80, validation=221, mark=213, good=114, bad=210,
        curve_1=80, curve_2=221, curve_3=213, curve_4=114, curve_5=209, curve_6=111,
    ),
    is_dark=True,
)  # fmt: skip

LIGHT = Theme(
    "light",
    "for a light background",
    _theme_colors(
        faint=241, training=25, validation=130, mark=127, good=28, bad=160,
        curve_1=25, curve_2=130, curve_3=127, curve_4=28, curve_5=160, curve_6=56,
    ),
    is_dark=False,
)  # fmt: skip

ORANGE, SKY_BLUE, GREEN, YELLOW, VERMILION, PURPLE = (
    (230, 159, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (213, 94, 0), (204, 121, 167),
)  # fmt: skip
"""Okabe and Ito, "Color Universal Design", 2008, https://jfly.uni-koeln.de/color/."""

COLOR_BLIND = Theme(
    "color-blind",
    "colors that all eyes tell apart, by Okabe and Ito",
    {
        Role.FAINT: color_of_256(245),
        Role.TRAINING: SKY_BLUE,
        Role.VALIDATION: ORANGE,
        Role.MARK: PURPLE,
        Role.GOOD: GREEN,
        Role.BAD: VERMILION,
        Role.CURVE_1: SKY_BLUE,
        Role.CURVE_2: ORANGE,
        Role.CURVE_3: GREEN,
        Role.CURVE_4: PURPLE,
        Role.CURVE_5: YELLOW,
        Role.CURVE_6: VERMILION,
    },
)

MONO = Theme("mono", "no colors")

THEMES = {theme.name: theme for theme in (DARK, LIGHT, COLOR_BLIND, MONO, TERMINAL)}
"""All themes by name, in the order in which a key goes through them."""


def theme_named(name: str, depth: ColorDepth, terminal: Color | None) -> Theme:
    """Return the theme of that name, or for `auto` the one that fits the terminal.

    Args:
        name: One of `THEMES`, or `auto`.
        depth: How many colors the terminal has; without any the theme is always mono.
        terminal: The color of its background; None: not known, so it counts as dark.
    """
    if depth is ColorDepth.NONE:
        return MONO
    if name != AUTO:
        return THEMES[name]
    if depth is ColorDepth.SIXTEEN:
        return TERMINAL
    return DARK if terminal is None or is_dark(terminal) else LIGHT


def following(theme: Theme) -> Theme:
    """Return the theme after this one; after the last, the first."""
    names = list(THEMES)
    return THEMES[names[(names.index(theme.name) + 1) % len(names)]]


@lru_cache(maxsize=64)
def _styles(name: str, terminal: Color | None) -> Mapping[Role, Style]:
    theme = THEMES[name]
    ground = theme.ground(terminal)
    plain = _plain(theme, terminal)
    return {role: plain + _style(theme, role, ground) for role in Role}


def _plain(theme: Theme, terminal: Color | None) -> Style:
    if not theme.brings_ground(terminal):
        return Style.null()
    return Style(color=css(LIGHT_INK if theme.is_dark else DARK_INK), bgcolor=css(theme.ground(terminal)))


def _style(theme: Theme, role: Role, ground: Color) -> Style:
    attributes = _ROLES_WITHOUT_COLOR.get(role, Style.null())
    if role in theme.ansi_colors:
        return attributes + Style(color=theme.ansi_colors[role])
    if role not in theme.colors:
        return attributes
    # A color of its own in place of dim, whose contrast depends on the terminal.
    contrast = CURVE_CONTRAST if role in CURVES else TEXT_CONTRAST
    return attributes + Style(color=css(readable(theme.colors[role], ground, contrast)), dim=False)


def css(color: Color) -> str:
    """Return a color as Rich and Textual read it, such as `#1c1c1c`."""
    return "#{:02x}{:02x}{:02x}".format(*color)


def readable(color: Color, ground: Color, contrast: float = TEXT_CONTRAST) -> Color:
    """Return the color, mixed with as much white or black as it needs for that contrast on a background.

    The nearest of 256 colors has that contrast too.
    """
    goal = (255, 255, 255) if is_dark(ground) else (0, 0, 0)
    for percent in range(0, 101, 5):
        mixed = _mixed(color, goal, percent / 100)
        if all(contrast_between(each, ground) >= contrast for each in (mixed, color_of_256(nearest_of_256(mixed)))):
            return mixed
    return goal


def _mixed(color: Color, other: Color, share: float) -> Color:
    red, green, blue = (round(one + share * (two - one)) for one, two in zip(color, other, strict=True))
    return red, green, blue


def is_dark(color: Color) -> bool:
    """Return whether white is easier to read on a color than black."""
    return luminance(color) <= HALFWAY_LUMINANCE


def contrast_between(one: Color, other: Color) -> float:
    """Return the contrast of two colors, from 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: Color) -> float:
    """Return the relative luminance of a color, from 0 to 1, as WCAG 2.2 defines it."""
    red, green, blue = (_linear(level / 255) for level in color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(level: float) -> float:
    return level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - of sRGB
