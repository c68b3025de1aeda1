"""Decides when the panels show a new frame: all of them at once, so that the screen is consistent."""

import time

from fitmon.tui.frame import Frame

MIN_PAUSE_SECONDS = 0.5
"""The panels are drawn at most twice a second while training changes them."""

MAX_PAUSE_SECONDS = 2.0

SHARE_OF_CORE = 0.015
"""Drawing the panels may take this share of a core; a slow machine gets fewer frames, not slower training."""


class RefreshThrottle:
    """Chooses the frame that the panels show."""

    def __init__(self) -> None:
        self._shown: Frame | None = None
        self._next_seconds = 0.0
        self._began_seconds = 0.0

    def next_frame(self, newest: Frame, now_seconds: float) -> Frame:
        """Return the newest frame, or the last one again while it is too early for another.

        Changes of the view, pending changes and their results, a pause and the end are shown without delay.
        """
        if self._shown is None or now_seconds >= self._next_seconds or _urgent(newest) != _urgent(self._shown):
            self._shown = newest
        self._began_seconds = time.thread_time()
        return self._shown

    def drawn(self, now_seconds: float) -> None:
        """Record that the panels were drawn; if that took long, the next new frame comes later."""
        if now_seconds < self._next_seconds:
            return
        spent = time.thread_time() - self._began_seconds
        pause = max(MIN_PAUSE_SECONDS, spent / SHARE_OF_CORE)
        self._next_seconds = now_seconds + min(MAX_PAUSE_SECONDS, pause)


def _urgent(frame: Frame) -> tuple[object, ...]:
    snapshot = frame.snapshot
    chosen = (frame.view, frame.chart_view, frame.log_scale, frame.frozen, frame.threshold)
    return (
        *chosen,
        snapshot.knobs and _pending(frame),
        len(snapshot.receipts),
        snapshot.refusal,
        snapshot.paused,
        snapshot.over,
    )


def _pending(frame: Frame) -> tuple[object, ...]:
    return tuple((knob.name, knob.pending, knob.pending_epoch) for knob in frame.snapshot.knobs)
