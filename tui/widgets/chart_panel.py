"""The panel with one chart."""

from fitmon.text.metric_choice import has_values, second_metric
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget


class ChartPanel(RowWidget):
    """Draws the loss, or the second metric."""

    def __init__(self, widget_id: str, is_loss: bool) -> None:
        super().__init__(widget_id)
        self._is_loss = is_loss
        self._frame: Frame | None = None
        self._drawn: tuple[object, ...] = ()

    def show(self, frame: Frame) -> None:
        """Show a new frame; redraw if anything in it is new."""
        self._frame = frame
        drawn = (frame.snapshot.version, frame.log_scale, frame.frozen)
        if drawn != self._drawn:
            self._drawn = drawn
            self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        frame = self._frame
        metric = "loss" if self._is_loss or frame is None else second_metric(frame.snapshot)
        if frame is None or metric is None or not has_values(frame.snapshot, metric):
            nothing_yet = [row(), row((" no value yet", Role.FAINT))]
            return framed(row((metric or "metric", Role.STRONG)), nothing_yet, width, height)
        # They load numpy, which the first frame must not wait for.
        from fitmon.tui.drawing.curves import chart_of
        from fitmon.tui.drawing.plot import draw_chart

        return draw_chart(chart_of(frame.snapshot, metric, frame.log_scale), width, height)
