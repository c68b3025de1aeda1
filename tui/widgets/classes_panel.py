"""The view that shows the classes: confusions, what is found of each, calibration, and the accuracy in context."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget

if TYPE_CHECKING:
    # They bring numpy, which the first picture does not wait for.
    from fitmon.engine.insight.context import Context
    from fitmon.engine.insight.observer import Observation


class ClassesPanel(RowWidget):
    """Draws the answers of the last validated epoch, class by class.

    Of very many probabilities the context is measured in a thread, so that neither a key nor a new epoch makes the
    screen wait; it is drawn when it is there.
    """

    _picture: Frame | None = None
    _measuring: _Measuring | None = None
    _is_waiting = False

    def show(self, picture: Frame) -> None:
        """Take a new picture; draw it if its scores or the threshold are new, or more of them has been measured."""
        before, self._picture = self._picture, picture
        measured = self._is_waiting and self._measuring is not None and not self._measuring.is_alive()
        if measured or before is None or self._seen(before) != self._seen(picture):
            self.redraw()

    @staticmethod
    def _seen(picture: Frame) -> tuple[object, ...]:
        seen = picture.snapshot
        return seen.observation, picture.threshold, seen.started is None, bool(seen.epochs_done)

    def draw(self, width: int, height: int) -> list[Row]:
        if self._picture is None:
            return framed(row(("classes", Role.STRONG)), [], width, height)
        from fitmon.tui.drawing.classes import draw_classes

        return draw_classes(self._picture, width, height, self._long_measured(self._picture.snapshot.observation))

    def _long_measured(self, observation: Observation | None) -> Context | None:
        """Return the context where it took long to measure; None while it is being measured, or takes no time."""
        from fitmon.tui.drawing.classes import takes_long

        if observation is None or not takes_long(observation):
            self._is_waiting = False
            return None
        measuring = self._measuring
        if measuring is None or (measuring.observation is not observation and not measuring.is_alive()):
            self._measuring = measuring = _Measuring(observation)
            measuring.start()
        # Asked before the result is read: a thread that ends in between is looked at once more.
        self._is_waiting = measuring.is_alive()
        return measuring.context if measuring.observation is observation else None


class _Measuring(Thread):
    """Measures the context of an observation."""

    def __init__(self, observation: Observation) -> None:
        super().__init__(name="classes", daemon=True)
        self.observation = observation
        self.context: Context | None = None
        """What was measured; None before the thread has ended."""

    def run(self) -> None:
        from fitmon.tui.drawing.classes import measure_context

        self.context = measure_context(self.observation)
