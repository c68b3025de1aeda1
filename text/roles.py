"""What a piece of text is; the screen decides how that looks."""

from enum import Enum


class Role(Enum):
    """What a piece of text is, which decides how it looks."""

    PLAIN = "plain"
    FAINT = "faint"
    STRONG = "strong"
    TRAINING = "training"
    VALIDATION = "validation"
    MARK = "mark"
    GOOD = "good"
    BAD = "bad"
    ALERT = "alert"
