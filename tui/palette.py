"""The colors of the screen, by role. No information is conveyed by color alone.

Only the sixteen colors of the terminal are used: they match its background, their codes are the shortest, and every
terminal has them.
"""

from functools import lru_cache

from rich.style import Style

from fitmon.text.roles import Color, Paint, Role

STYLES: dict[Role, Style] = {
    Role.PLAIN: Style.null(),
    # Not bright black: in some palettes it equals the background.
    Role.FAINT: Style(dim=True),
    Role.STRONG: Style(bold=True),
    Role.TRAINING: Style(color="cyan"),
    Role.VALIDATION: Style(color="yellow"),
    Role.MARK: Style(color="magenta", bold=True),
    Role.GOOD: Style(color="green"),
    Role.BAD: Style(color="red"),
    Role.ALERT: Style(reverse=True, bold=True),
    Role.SELECTED: Style(reverse=True),
    Role.CURVE_1: Style(color="cyan"),
    Role.CURVE_2: Style(color="yellow"),
    Role.CURVE_3: Style(color="magenta"),
    Role.CURVE_4: Style(color="green"),
    Role.CURVE_5: Style(color="red"),
    Role.CURVE_6: Style(color="blue"),
}
"""The style of each role."""


def style_of(role: Role | Paint) -> Style:
    """Return how a piece of text looks."""
    return STYLES[role] if isinstance(role, Role) else _painted(role)


@lru_cache(maxsize=4096)
def _painted(paint: Paint) -> Style:
    return Style(color=_color(paint.foreground), bgcolor=_color(paint.background))


def _color(color: Color | None) -> str | None:
    return None if color is None else "rgb({},{},{})".format(*color)
