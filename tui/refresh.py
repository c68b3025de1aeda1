"""When the panels take a new picture: all of them together, so that what stands on the screen belongs together."""

import time

from fitmon.tui.frame import Frame

SHORTEST_PAUSE_SECONDS = 0.5
"""The panels are drawn at most twice a second while the training moves them."""

LONGEST_PAUSE_SECONDS = 2.0

SHARE_OF_CORE = 0.015
"""Drawing the panels may take this share of a core; a slow machine gets fewer pictures, not a slower training."""


class RefreshThrottle:
    """Gives out the picture that the panels show at a moment."""

    def __init__(self) -> None:
        self._given: Frame | None = None
        self._next_seconds = 0.0
        self._began_seconds = 0.0

    def picture(self, newest: Frame, now_seconds: float) -> Frame:
        """Return the newest picture, or the last one again while it is too early for another.

        What the user chose, what was asked and answered, a pause and the end are never held back.
        """
        if self._given is None or now_seconds >= self._next_seconds or _urgent(newest) != _urgent(self._given):
            self._given = newest
        self._began_seconds = time.thread_time()
        return self._given

    def drawn(self, now_seconds: float) -> None:
        """Note that the panels were drawn; if that took long, the next new picture comes later."""
        if now_seconds < self._next_seconds:
            return
        spent = time.thread_time() - self._began_seconds
        pause = max(SHORTEST_PAUSE_SECONDS, spent / SHARE_OF_CORE)
        self._next_seconds = now_seconds + min(LONGEST_PAUSE_SECONDS, pause)


def _urgent(picture: Frame) -> tuple[object, ...]:
    seen = picture.snapshot
    chosen = (picture.view, picture.log_scale, picture.held, picture.threshold)
    return (*chosen, seen.knobs and _asked(picture), len(seen.receipts), seen.refusal, seen.paused, seen.over)


def _asked(picture: Frame) -> tuple[object, ...]:
    return tuple((knob.name, knob.pending, knob.pending_epoch) for knob in picture.snapshot.knobs)
