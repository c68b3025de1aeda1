"""Says why a key has no effect now, so that every key answers and the footer offers only those that act. Pure."""

from __future__ import annotations

from collections.abc import Callable

from fitmon.engine.events import RunFailed
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.sentences import knob_name
from fitmon.tui.drawing.header import has_threshold
from fitmon.tui.frame import Frame
from fitmon.tui.keys import KEYS, Key
from fitmon.tui.layout import View

READ_ONLY = "read-only view: keys that change the run are off"
NO_THRESHOLD = "no decision threshold with more than two classes: prediction = most probable class"


def why_no_effect(key: Key, frame: Frame) -> str:
    """Return in one line why a key has no effect now, and what to do instead; empty if it has one."""
    if key.alive_only and (frame.snapshot.over or frame.read_only):
        return why_over(frame) if frame.snapshot.over else READ_ONLY
    if key.views and frame.view not in key.views:
        return _elsewhere(key)
    if key.id in _REASONS:
        return _REASONS[key.id](frame)
    if key.knobs:
        return _why_no_knob(key, frame.snapshot)
    needs_samples = frame.view is View.SAMPLES and key.views and frame.snapshot.observation is None
    return _why_no_samples(frame.snapshot) if needs_samples else ""


def action_answer(action: str, frame: Frame) -> str:
    """Return the same for the key of an action, such as `view('5')`; empty if no key has it."""
    name = action.partition("(")[0]
    key = next((key for key in KEYS if key.action == name and not key.in_dialog), None)
    return "" if key is None else why_no_effect(key, frame)


def why_over(frame: Frame) -> str:
    """Return that the run is over, and how it can be continued."""
    if frame.viewer and frame.read_only:
        return f"the run is over · continue it with: fitmon resume {frame.name} --from-epoch EPOCH"
    if frame.no_rewind:
        return f"the run is over, and {frame.no_rewind}"
    return "the run is over · z continues it from an epoch, with other values or more epochs"


def _elsewhere(key: Key) -> str:
    views = " and ".join(f"{int(view)} ({view.name.lower()})" for view in key.views)
    return f"{key.shown} {key.wording}: only in view {views}"


def _why_no_knob(key: Key, snapshot: Snapshot) -> str:
    known = [knob for knob in snapshot.knobs if knob.name in key.knobs]
    if snapshot.started is None:
        return "not available until the model is built"
    if any(not knob.unavailable for knob in known):
        return ""
    name = knob_name(key.knobs[0])
    return f"{name} cannot be changed: {form.clean(known[0].unavailable)}" if known else f"this run has no {name}"


def _why_no_samples(snapshot: Snapshot) -> str:
    if snapshot.started is not None and snapshot.started.no_probabilities:
        return form.clean(snapshot.started.no_probabilities)
    return "no epoch was validated" if snapshot.over else "no samples yet: they are known after the first validation"


def why_no_threshold(snapshot: Snapshot) -> str:
    """Return why a threshold has no meaning for a run; empty if it has one."""
    if has_threshold(snapshot):
        return ""
    if snapshot.started is None:
        return "not available until the model is built"
    return form.clean(snapshot.started.no_probabilities) or NO_THRESHOLD


def why_no_rewind(frame: Frame) -> str:
    """Return why the run cannot rewind now; empty if it can."""
    if frame.read_only:
        return why_over(frame) if frame.snapshot.over else READ_ONLY
    if frame.no_rewind:
        return frame.no_rewind
    return "" if frame.snapshot.started is not None else "nothing to rewind to before training starts"


def why_no_export(frame: Frame) -> str:
    """Return why the model cannot be exported now; empty if it can."""
    snapshot = frame.snapshot
    if frame.read_only:
        over = f"export it with: fitmon resume {frame.name} --export FILE.keras"
        return over if snapshot.over else READ_ONLY
    if not snapshot.over:
        return "the model can be exported after the run has ended · x stops it"
    if not snapshot.epochs_done:
        return "no model to export: no epoch was completed"
    hint = "; start it with --export FILE.keras to export the model at the end"
    return f"{frame.no_rewind}{hint}" if frame.no_rewind else ""


def _why_no_remedies(frame: Frame) -> str:
    if any(finding.remedies for finding in frame.snapshot.findings):
        return ""
    return "no finding needs action" if frame.snapshot.findings else "no findings yet"


def _why_no_error(frame: Frame) -> str:
    return "" if isinstance(frame.snapshot.ending, RunFailed) else "no error to show"


def _why_no_curves(frame: Frame) -> str:
    return "" if frame.snapshot.epochs_done else "no epoch has ended yet"


_REASONS: dict[str, Callable[[Frame], str]] = {
    "remedies": _why_no_remedies,
    "rewind": why_no_rewind,
    "keep": why_no_export,
    "error": _why_no_error,
    "threshold": lambda frame: why_no_threshold(frame.snapshot),
    "move_threshold": lambda frame: why_no_threshold(frame.snapshot),
    "threshold_picture": lambda frame: why_no_threshold(frame.snapshot),
    "best_threshold": lambda frame: why_no_threshold(frame.snapshot),
    **dict.fromkeys(("cursor", "zoom", "metric", "x_axis", "smoothing"), _why_no_curves),
}
"""The keys with a condition of their own."""
