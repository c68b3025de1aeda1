"""The footer: which keys do what now."""

from collections.abc import Callable

from fitmon.engine.events import RunFailed
from fitmon.text.roles import Role
from fitmon.text.rows import Row, joined, row, width_of
from fitmon.tui.frame import Frame
from fitmon.tui.keys import KEYS, Key, pause_wording
from fitmon.tui.layout import View
from fitmon.tui.widgets.header import has_threshold
from fitmon.tui.widgets.row_widget import RowWidget

GAP = "  "


class KeyHints(RowWidget):
    """One row of keys and what they do."""

    picture: Frame | None = None

    def show(self, picture: Frame) -> None:
        """Take a new picture and draw it."""
        self.picture = picture
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        return [draw_footer(self.picture, width)] * min(height, 1)


def draw_footer(picture: Frame | None, width: int) -> Row:
    """Return the hints of what can be done now that fit, whole ones only; help and quit stay when others go."""
    if picture is None:
        return row()
    useful = [key for key in KEYS if key.hinted and _does_something(key, picture)]
    pinned = [_hint(key, picture) for key in useful if key.pinned]
    others = [_hint(key, picture) for key in useful if not key.pinned]
    while others and width_of(joined(others + pinned, GAP)) > width - 1:
        others.pop()
    return row(" ", *joined(others + pinned, GAP))


def _does_something(key: Key, picture: Frame) -> bool:
    snapshot = picture.snapshot
    if (key.alive_only and (snapshot.over or picture.read_only)) or (key.views and picture.view not in key.views):
        return False
    if key.id in _ASKING:
        return not picture.read_only and _ASKING[key.id](picture)
    if "threshold" in key.id:
        return has_threshold(snapshot)
    if picture.view is View.SAMPLES and key.views:
        return snapshot.observation is not None
    if key.id == "error":
        return isinstance(snapshot.ending, RunFailed)
    return not key.knobs or any(knob.name in key.knobs and not knob.unavailable for knob in snapshot.knobs)


def _has_remedies(picture: Frame) -> bool:
    return any(finding.remedies for finding in picture.snapshot.findings)


def _can_rewind(picture: Frame) -> bool:
    return picture.snapshot.started is not None and not picture.no_rewind


def _can_be_written(picture: Frame) -> bool:
    return picture.snapshot.over and picture.snapshot.epochs_done > 0 and not picture.no_rewind


_ASKING: dict[str, Callable[[Frame], bool]] = {
    "remedies": _has_remedies,
    "rewind": _can_rewind,
    "keep": _can_be_written,
}
"""Whether keys that ask something of the run, alive or over, would do so."""


def _hint(key: Key, picture: Frame) -> Row:
    wording = {
        "pause": pause_wording(picture.snapshot),
        "hold": "release" if picture.held else key.wording,
        "move": "scroll" if picture.view is View.FINDINGS else key.wording,
    }
    return row((key.shown, Role.STRONG), f" {wording.get(key.id, key.wording)}")
