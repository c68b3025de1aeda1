"""The panel of the validation samples against the decision threshold."""

from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget


class ThresholdPanel(RowWidget):
    """Draws the scores of the last validated epoch."""

    _frame: Frame | None = None
    _drawn: tuple[object, ...] | None = None
    """The values on the screen; a frame that came while the panel was hidden is not among them."""

    def show(self, frame: Frame) -> None:
        """Show a new frame; redraw if its scores or the threshold are new."""
        self._frame = frame
        if self._drawn != self._shown_values(frame):
            self.redraw()

    @staticmethod
    def _shown_values(frame: Frame) -> tuple[object, ...]:
        snapshot = frame.snapshot
        return snapshot.started is None, snapshot.observation, frame.threshold, snapshot.epochs_done, snapshot.over

    def draw(self, width: int, height: int) -> list[Row]:
        if self._frame is None:
            return framed(row(("threshold", Role.STRONG)), [], width, height)
        self._drawn = self._shown_values(self._frame)
        # It loads numpy, which the first frame must not wait for.
        from fitmon.tui.drawing.threshold import draw_threshold

        return draw_threshold(self._frame, width, height)
