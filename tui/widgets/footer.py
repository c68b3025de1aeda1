"""The footer: which keys do what now."""

from fitmon.engine.record import Snapshot
from fitmon.tui.keys import KEYS, Key, pause_wording
from fitmon.tui.palette import Role
from fitmon.tui.picture import Picture
from fitmon.tui.rows import Row, joined, row, width_of
from fitmon.tui.widgets.drawn import Drawn

GAP = "  "


class KeyHints(Drawn):
    """One row of keys and what they do."""

    snapshot: Snapshot | None = None

    def show(self, picture: Picture) -> None:
        """Take a new picture and draw it."""
        self.snapshot = picture.snapshot
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return [draw_footer(self.snapshot, width)] * min(height, 1)


def draw_footer(snapshot: Snapshot | None, width: int) -> Row:
    """Return the hints that fit, whole ones only; help and quit stay when others go."""
    over = snapshot is not None and snapshot.over
    useful = [key for key in KEYS if key.hinted and not (over and key.alive_only)]
    pinned = [_hint(key, snapshot) for key in useful if key.pinned]
    others = [_hint(key, snapshot) for key in useful if not key.pinned]
    while others and width_of(joined(others + pinned, GAP)) > width - 1:
        others.pop()
    return row(" ", *joined(others + pinned, GAP))


def _hint(key: Key, snapshot: Snapshot | None) -> Row:
    wording = pause_wording(snapshot) if key.id == "pause" and snapshot is not None else key.wording
    return row((key.shown, Role.STRONG), f" {wording}")
