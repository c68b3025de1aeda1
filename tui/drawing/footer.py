"""Draws the footer: which keys do what now."""

from fitmon.text.roles import Role
from fitmon.text.rows import Row, joined, row, width_of
from fitmon.tui.drawing.key_effects import why_no_effect
from fitmon.tui.frame import Frame
from fitmon.tui.keys import KEYS, SCROLLED, Key, pause_wording
from fitmon.tui.layout import View

GAP = "  "

FIRST = ("pause", "stop")
"""The keys that a narrow footer shows too."""


def draw_footer(frame: Frame | None, width: int) -> Row:
    """Return the hints that fit for the keys with an effect now; help and quit stay when others are dropped."""
    if frame is None:
        return row()
    useful = [key for key in KEYS if key.hinted and not why_no_effect(key, frame)]
    pinned = [_hint(key, frame) for key in useful if key.pinned]
    others = sorted((key for key in useful if not key.pinned), key=lambda key: _rank(key, frame))
    hints = [_hint(key, frame) for key in others]
    while hints and width_of(joined(hints + pinned, GAP)) > width - 2:
        hints.pop()
    return row(" ", *joined(hints + pinned, GAP))


def _rank(key: Key, frame: Frame) -> int:
    """Return how early a key is shown: pause and stop, then those of the view, then the others in their order.

    Last come those that open the form of all knobs at a knob other than the first, and in the overview those of its
    charts.
    """
    if key.id in FIRST:
        return 0
    if key.views:
        return 4 if frame.view is View.OVERVIEW else 1
    return 3 if key.knobs and key.id != "learning_rate" else 2


def _hint(key: Key, frame: Frame) -> Row:
    wording = {
        "pause": pause_wording(frame.snapshot),
        "freeze": "unfreeze" if frame.frozen else key.wording,
        "move": "scroll" if frame.view in SCROLLED else key.wording,
    }
    return row((key.shown, Role.STRONG), f" {wording.get(key.id, key.wording)}")
