"""How many colors the terminal has, and the nearest of them to a color. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from enum import IntEnum
from functools import lru_cache
from itertools import product

from fitmon.text.roles import Color

_TRUE_COLOR_TERMS = ("alacritty", "contour", "foot", "ghostty", "kitty", "rio", "wezterm")
_MONOCHROME_TERMS = ("vt52", "vt100", "vt102", "vt220", "vt320", "-m", "-mono")

CUBE_LEVELS = (0, 95, 135, 175, 215, 255)
"""The levels of red, green and blue in the cube of 216 colors, numbers 16 to 231."""

SIXTEEN: tuple[Color, ...] = (
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
    (127, 127, 127), (255, 0, 0), (0, 255, 0), (255, 255, 0), (92, 92, 255), (255, 0, 255), (0, 255, 255),
    (255, 255, 255),
)  # fmt: skip
"""The first sixteen colors as xterm has them; users change them, so they stand for a hue, not for an exact color."""


class ColorDepth(IntEnum):
    """How many colors may be used."""

    NONE = 0
    """No color: the terminal has none, or the user wants none."""
    SIXTEEN = 16
    """The sixteen colors of the terminal."""
    PALETTE = 256
    """Those, a cube of 216 colors and 24 greys."""
    TRUE = 1 << 24
    """Any red, green and blue."""

    @property
    def has_greys(self) -> bool:
        """Whether a picture can be drawn in grey levels and colors of its own."""
        return self >= ColorDepth.PALETTE


def depth_of(environment: Mapping[str, str]) -> ColorDepth:
    """Return how many colors a terminal has, by its environment: NO_COLOR, COLORTERM, TERM.

    Where COLORTERM was lost, as over plain ssh, 256 colors are used if the name of the terminal promises them.
    """
    term = environment.get("TERM", "")
    if environment.get("NO_COLOR") or term.startswith(_MONOCHROME_TERMS[:5]) or term.endswith(_MONOCHROME_TERMS[5:]):
        return ColorDepth.NONE
    if term == "linux":
        return ColorDepth.SIXTEEN
    is_true = environment.get("COLORTERM", "").lower() in {"truecolor", "24bit"} or "WT_SESSION" in environment
    if is_true or term.endswith("-direct") or any(name in term for name in _TRUE_COLOR_TERMS):
        return ColorDepth.TRUE
    return ColorDepth.PALETTE if "256" in term else ColorDepth.SIXTEEN


@lru_cache(maxsize=4096)
def nearest_of_256(color: Color) -> int:
    """Return the number, from 16 to 255, of the color of the cube or the grey ramp that is nearest.

    Rich 15 takes the grey ramp for every color of low saturation, and rounds the level of grey by another scale.
    """
    candidates: list[int] = [*_around_in_cube(color), *_around_in_greys(color)]
    return min(candidates, key=lambda number: _distance(color, color_of_256(number)))


@lru_cache(maxsize=4096)
def nearest_of_16(color: Color) -> int:
    """Return the number, from 0 to 15, of the nearest of the terminal's own colors."""
    return min(range(16), key=lambda number: _distance(color, SIXTEEN[number]))


def color_of_256(number: int) -> Color:
    """Return the color that a number from 0 to 255 stands for."""
    if number < len(SIXTEEN):
        return SIXTEEN[number]
    if number < 232:  # noqa: PLR2004 - the cube ends there
        red, rest = divmod(number - 16, 36)
        return CUBE_LEVELS[red], CUBE_LEVELS[rest // 6], CUBE_LEVELS[rest % 6]
    grey = 8 + 10 * (number - 232)
    return grey, grey, grey


def _around_in_cube(color: Color) -> Iterator[int]:
    """Yield the numbers of the corners of the cell of the cube that holds the color."""
    steps = [bisect_right(CUBE_LEVELS, level, hi=5) - 1 for level in color]
    near = [(step, step + 1) for step in steps]
    for red, green, blue in product(*near):
        yield 16 + 36 * red + 6 * green + blue


def _around_in_greys(color: Color) -> range:
    """Return the numbers of the greys whose levels are among those of the color, and one more at each end."""
    lowest, highest = ((level - 8) // 10 for level in (min(color), max(color)))
    return range(232 + max(0, min(23, lowest)), 233 + max(0, min(23, highest + 1)))


def _distance(one: Color, other: Color) -> float:
    """Return a distance that follows the eye better than that of the plain levels ("redmean", compuphase.com)."""
    red_mean = (one[0] + other[0]) / 2
    red, green, blue = (float(one[at] - other[at]) for at in range(3))
    return (2 + red_mean / 256) * red * red + 4 * green * green + (2 + (255 - red_mean) / 256) * blue * blue
