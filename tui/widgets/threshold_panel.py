"""The panel that shows how the validation samples stand against the threshold."""

from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget


class ThresholdPanel(RowWidget):
    """Draws the scores of the last validated epoch."""

    _picture: Frame | None = None
    _drawn: tuple[object, ...] | None = None
    """What stands on the screen; a picture that came while the panel was out of sight does not."""

    def show(self, picture: Frame) -> None:
        """Take a new picture; draw it if its scores or the threshold are new."""
        self._picture = picture
        if self._drawn != self._seen(picture):
            self.redraw()

    @staticmethod
    def _seen(picture: Frame) -> tuple[object, ...]:
        seen = picture.snapshot
        return seen.started is None, seen.observation, picture.threshold, seen.epochs_done, seen.over

    def draw(self, width: int, height: int) -> list[Row]:
        if self._picture is None:
            return framed(row(("threshold", Role.STRONG)), [], width, height)
        self._drawn = self._seen(self._picture)
        # It brings numpy, which the first picture does not wait for.
        from fitmon.tui.drawing.threshold import draw_threshold

        return draw_threshold(self._picture, width, height)
