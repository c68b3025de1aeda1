"""The role of a piece of text; the screen decides how a role looks."""

from dataclasses import dataclass
from enum import Enum

Color = tuple[int, int, int]
"""Red, green and blue, each in 0 to 255."""


class Role(Enum):
    """The role of a piece of text, which decides how it looks."""

    PLAIN = "plain"
    FAINT = "faint"
    STRONG = "strong"
    TRAINING = "training"
    VALIDATION = "validation"
    MARK = "mark"
    GOOD = "good"
    BAD = "bad"
    ALERT = "alert"
    SELECTED = "selected"
    """The selected row of a list."""
    CURVE_1 = "curve 1"
    """The first of six curves that are told apart, such as those of several runs."""
    CURVE_2 = "curve 2"
    CURVE_3 = "curve 3"
    CURVE_4 = "curve 4"
    CURVE_5 = "curve 5"
    CURVE_6 = "curve 6"


CURVES = (Role.CURVE_1, Role.CURVE_2, Role.CURVE_3, Role.CURVE_4, Role.CURVE_5, Role.CURVE_6)


@dataclass(frozen=True, slots=True)
class Paint:
    """Colors of their own, for pictures: what they show is the color, not a role."""

    foreground: Color | None
    """None: that of plain text."""
    background: Color | None = None
    """None: the terminal's."""
