"""The panel with one chart."""

from fitmon.text.metric_choice import has_values, second_metric
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.drawing.waiting import draw_waiting, waiting_words
from fitmon.tui.frame import Frame
from fitmon.tui.layout import View
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
        drawn = (frame.snapshot.version, frame.log_scale, frame.frozen, self._waiting_words(frame))
        if drawn != self._drawn:
            self._drawn = drawn
            self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        frame = self._frame
        metric = "loss" if self._is_loss or frame is None else second_metric(frame.snapshot)
        if frame is None or metric is None or not has_values(frame.snapshot, metric):
            return self._draw_nothing_yet(frame, metric, width, height)
        # They load numpy, which the first frame must not wait for.
        from fitmon.tui.drawing.curves import chart_of
        from fitmon.tui.drawing.plot import draw_chart

        return draw_chart(chart_of(frame.snapshot, metric, frame.log_scale), width, height)

    def _draw_nothing_yet(self, frame: Frame | None, metric: str | None, width: int, height: int) -> list[Row]:
        # Until the model has named its metric, the title is that of the view.
        title = metric or "accuracy"
        if frame is None:
            return framed(row((title, Role.STRONG)), [], width, height)
        why = "" if frame.snapshot.over else "curves appear with the first steps"
        return draw_waiting(frame, title, why, width, height, is_alone=self._is_waiting(frame))

    def _is_waiting(self, frame: Frame) -> bool:
        """Return whether this chart says what the run is doing: only one on the screen does, to save bytes."""
        return self._is_loss or frame.view is View.ACCURACY

    def _waiting_words(self, frame: Frame) -> str:
        has_value = frame.snapshot.metrics or frame.snapshot.chunks
        return "" if has_value or not self._is_waiting(frame) else waiting_words(frame)
