"""Draws the footer: which keys do what now."""

from collections.abc import Callable

from fitmon.engine.events import RunFailed
from fitmon.text.roles import Role
from fitmon.text.rows import Row, joined, row, width_of
from fitmon.tui.drawing.header import has_threshold
from fitmon.tui.frame import Frame
from fitmon.tui.keys import KEYS, Key, pause_wording
from fitmon.tui.layout import View

GAP = "  "


def draw_footer(frame: Frame | None, width: int) -> Row:
    """Return the hints that fit for the keys with an effect now; help and quit stay when others are dropped."""
    if frame is None:
        return row()
    useful = [key for key in KEYS if key.hinted and _has_effect(key, frame)]
    pinned = [_hint(key, frame) for key in useful if key.pinned]
    others = [_hint(key, frame) for key in useful if not key.pinned]
    while others and width_of(joined(others + pinned, GAP)) > width - 2:
        others.pop()
    return row(" ", *joined(others + pinned, GAP))


def _has_effect(key: Key, frame: Frame) -> bool:
    snapshot = frame.snapshot
    if (key.alive_only and (snapshot.over or frame.read_only)) or (key.views and frame.view not in key.views):
        return False
    if key.id in _RUN_KEYS:
        return not frame.read_only and _RUN_KEYS[key.id](frame)
    if "threshold" in key.id:
        return has_threshold(snapshot)
    if frame.view is View.SAMPLES and key.views:
        return snapshot.observation is not None
    if key.id in _OWN_KEYS:
        return _OWN_KEYS[key.id](frame)
    return not key.knobs or any(knob.name in key.knobs and not knob.unavailable for knob in snapshot.knobs)


def _has_remedies(frame: Frame) -> bool:
    return any(finding.remedies for finding in frame.snapshot.findings)


def _can_rewind(frame: Frame) -> bool:
    return frame.snapshot.started is not None and not frame.no_rewind


def _can_be_exported(frame: Frame) -> bool:
    return frame.snapshot.over and frame.snapshot.epochs_done > 0 and not frame.no_rewind


_RUN_KEYS: dict[str, Callable[[Frame], bool]] = {
    "remedies": _has_remedies,
    "rewind": _can_rewind,
    "keep": _can_be_exported,
}
"""Whether the keys that send a command to the run, alive or over, have an effect."""


def _has_epochs(frame: Frame) -> bool:
    return frame.snapshot.epochs_done > 0


def _has_failed(frame: Frame) -> bool:
    return isinstance(frame.snapshot.ending, RunFailed)


_OWN_KEYS: dict[str, Callable[[Frame], bool]] = {
    "error": _has_failed,
    **dict.fromkeys(("cursor", "zoom", "metric", "x_axis", "smoothing"), _has_epochs),
}
"""Whether keys that change only what is shown have an effect."""


def _hint(key: Key, frame: Frame) -> Row:
    wording = {
        "pause": pause_wording(frame.snapshot),
        "freeze": "unfreeze" if frame.frozen else key.wording,
        "move": "scroll" if frame.view is View.FINDINGS else key.wording,
    }
    return row((key.shown, Role.STRONG), f" {wording.get(key.id, key.wording)}")
