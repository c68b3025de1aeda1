"""The panel of the validation samples against the decision threshold, which the mouse can drag."""

from __future__ import annotations

from textual.events import MouseDown, MouseMove, MouseUp
from textual.message import Message

from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.drawing.waiting import waiting_words
from fitmon.tui.frame import Frame
from fitmon.tui.layout import View
from fitmon.tui.widgets.row_widget import RowWidget


class ThresholdPanel(RowWidget):
    """Draws the scores of the last validated epoch."""

    class Dragged(Message):
        """The mouse dragged the threshold."""

        def __init__(self, threshold: float) -> None:
            """Store the new threshold, in [0, 1]."""
            super().__init__()
            self.threshold = threshold

    _frame: Frame | None = None
    _drawn: tuple[object, ...] | None = None
    """The values on the screen; a frame that came while the panel was hidden is not among them."""
    _by_class = True
    _is_dragging = False

    def show(self, frame: Frame) -> None:
        """Show a new frame; redraw if its scores, the threshold or the scale are new."""
        self._frame = frame
        if self._drawn != self._shown_values(frame):
            self.redraw()

    @staticmethod
    def _shown_values(frame: Frame) -> tuple[object, ...]:
        snapshot = frame.snapshot
        seen = snapshot.started is None, snapshot.observation, snapshot.epochs_done, snapshot.over
        is_waiting = snapshot.observation is None and frame.view is View.THRESHOLD
        return *seen, frame.threshold, frame.log_scale, is_waiting and waiting_words(frame)

    def next_picture(self) -> None:
        """Show the next kind of picture of two classes: p(class 1) by true class, or p(true)."""
        self._by_class = not self._by_class
        self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        if self._frame is None:
            return framed(row(("threshold", Role.STRONG)), [], width, height)
        self._drawn = self._shown_values(self._frame)
        # It loads numpy, which the first frame must not wait for.
        from fitmon.tui.drawing.threshold import draw_threshold

        return draw_threshold(self._frame, width, height, by_class=self._by_class)

    def on_mouse_down(self, event: MouseDown) -> None:
        """Move the threshold to the mouse, and let it follow."""
        if self._columns() and event.x in self._columns():
            self._is_dragging = True
            self.capture_mouse()
            self._drag_to(event.x)

    def on_mouse_move(self, event: MouseMove) -> None:
        """Let the threshold follow the mouse."""
        if self._is_dragging:
            self._drag_to(event.x)

    def on_mouse_up(self, _event: MouseUp) -> None:
        """Leave the threshold where it is."""
        self._is_dragging = False
        self.release_mouse()

    def _columns(self) -> range:
        """Return the cells in which the threshold can be; none while there is no threshold."""
        scores = None if self._frame is None else self._frame.snapshot.scores
        if scores is None or scores.task != "binary":
            return range(0)
        from fitmon.tui.drawing.threshold import picture_columns

        return picture_columns(*self.size)

    def _drag_to(self, x: int) -> None:
        columns, frame = self._columns(), self._frame
        if not columns or frame is None:
            return
        # The ends of the picture are 0 and 1, so that both can be reached.
        part = (min(max(x, columns[0]), columns[-1]) - columns[0]) / max(1, len(columns) - 1)
        threshold = round(part, 2)
        if threshold != frame.threshold:
            self.post_message(self.Dragged(threshold))
