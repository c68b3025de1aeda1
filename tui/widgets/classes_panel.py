"""The panel of the classes: confusions, precision and recall, calibration, and the accuracy in context."""

from __future__ import annotations

from threading import Thread
from typing import TYPE_CHECKING

from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.drawing.waiting import waiting_words
from fitmon.tui.frame import Frame
from fitmon.tui.layout import View
from fitmon.tui.widgets.row_widget import RowWidget

if TYPE_CHECKING:
    # They load numpy, which the first frame must not wait for.
    from fitmon.engine.insight.context import Context
    from fitmon.engine.insight.observer import Observation


class ClassesPanel(RowWidget):
    """Draws the predictions of the last validated epoch, class by class.

    With very many probabilities, the context is measured in a thread, so that neither a key nor a new epoch has to wait
    for it; it is drawn once it is available.
    """

    _frame: Frame | None = None
    _measuring: _Measuring | None = None
    _is_waiting = False

    def show(self, frame: Frame) -> None:
        """Show a new frame; redraw if its scores or the threshold are new, or a measurement has finished."""
        before, self._frame = self._frame, frame
        measured = self._is_waiting and self._measuring is not None and not self._measuring.is_alive()
        if measured or before is None or self._shown_values(before) != self._shown_values(frame):
            self.redraw()

    @staticmethod
    def _shown_values(frame: Frame) -> tuple[object, ...]:
        snapshot = frame.snapshot
        is_waiting = snapshot.observation is None and frame.view is View.CLASSES
        seen = snapshot.observation, snapshot.started is None, bool(snapshot.epochs_done)
        return *seen, frame.threshold, is_waiting and waiting_words(frame)

    def draw(self, width: int, height: int) -> list[Row]:
        if self._frame is None:
            return framed(row(("classes", Role.STRONG)), [], width, height)
        from fitmon.tui.drawing.classes import draw_classes

        return draw_classes(self._frame, width, height, self._context_of(self._frame.snapshot.observation))

    def _context_of(self, observation: Observation | None) -> Context | None:
        """Return the context measured in a thread; None while it is being measured, or if it needs no thread."""
        from fitmon.tui.drawing.class_data import takes_long

        if observation is None or not takes_long(observation):
            self._is_waiting = False
            return None
        measuring = self._measuring
        if measuring is None or (measuring.observation is not observation and not measuring.is_alive()):
            self._measuring = measuring = _Measuring(observation)
            measuring.start()
        # Checked before the result is read: if the thread ends in between, the next frame is drawn again.
        self._is_waiting = measuring.is_alive()
        return measuring.context if measuring.observation is observation else None


class _Measuring(Thread):
    """Measures the context of an observation."""

    def __init__(self, observation: Observation) -> None:
        super().__init__(name="classes", daemon=True)
        self.observation = observation
        self.context: Context | None = None
        """The result; None before the thread has ended."""

    def run(self) -> None:
        from fitmon.tui.drawing.class_data import measure_context

        self.context = measure_context(self.observation)
