"""The role of a piece of text; the screen decides how a role looks."""

from enum import Enum


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
