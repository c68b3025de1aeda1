"""Draws the footer of the comparison: which keys do what now."""

from fitmon.text.roles import Role
from fitmon.text.rows import Row, joined, row, width_of
from fitmon.tui.comparison_keys import COMPARISON_KEYS
from fitmon.tui.comparison_view import ComparisonFrame
from fitmon.tui.keys import Key

GAP = "  "


def draw_comparison_footer(frame: ComparisonFrame, width: int, leave: str) -> Row:
    """Return the hints that fit; help and the way back, called `leave`, stay when others are dropped."""
    if frame.typing:
        return row(" ", *joined([_pair("enter", "keep the filter"), _pair("esc", "no filter")], GAP))
    pinned = [_hint(key, frame, leave) for key in COMPARISON_KEYS if key.pinned]
    others = [_hint(key, frame, leave) for key in COMPARISON_KEYS if key.hinted and not key.pinned]
    while others and width_of(joined(others + pinned, GAP)) > width - 2:
        others.pop()
    return row(" ", *joined(others + pinned, GAP))


def _hint(key: Key, frame: ComparisonFrame, leave: str) -> Row:
    hidden = frame.row is not None and not frame.row.shown
    wording = {"hide": "show" if hidden else key.wording, "quit": leave}
    return _pair(key.shown, wording.get(key.id, key.wording))


def _pair(key: str, wording: str) -> Row:
    return row((key, Role.STRONG), f" {wording}")
