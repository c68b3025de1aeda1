"""The panel with one chart."""

from typing import TYPE_CHECKING

from textual.message import Message

from fitmon.text.metric_choice import has_values, second_metric
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.drawing.waiting import draw_waiting, waiting_words
from fitmon.tui.frame import Frame
from fitmon.tui.layout import View
from fitmon.tui.widgets.row_widget import RowWidget

if TYPE_CHECKING:
    from fitmon.tui.drawing.curves import Chart


class ChartPanel(RowWidget):
    """Draws the loss, or the second metric."""

    class EpochClicked(Message):
        """The values of an epoch are to be read."""

        def __init__(self, epoch: int) -> None:
            super().__init__()
            self.epoch = epoch

    class Wheeled(Message):
        """Fewer epochs are to be shown, or more."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key
            """The key that does the same: `plus` or `minus`."""

    def __init__(self, widget_id: str, is_loss: bool) -> None:
        super().__init__(widget_id)
        self._is_loss = is_loss
        self._frame: Frame | None = None
        self._drawn: tuple[object, ...] = ()

    def show(self, frame: Frame) -> None:
        """Show a new frame; redraw if anything in it is new."""
        self._frame = frame
        drawn = (
            frame.snapshot.version,
            frame.log_scale,
            frame.frozen,
            frame.chart_view,
            self._waiting_words(frame),
        )
        if drawn != self._drawn:
            self._drawn = drawn
            self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        chart = self.chart()
        if chart is None:
            return self._draw_nothing_yet(width, height)
        from fitmon.tui.drawing.run_chart import draw_chart

        return draw_chart(chart, width, height)

    def chart(self) -> "Chart | None":
        """Return the chart that is shown; None before there is a value."""
        frame = self._frame
        if frame is None or not (has_values(frame.snapshot, "loss") or self._usual_metric()):
            return None
        # They load numpy, which the first frame must not wait for.
        from fitmon.tui.drawing.curves import chart_of
        from fitmon.tui.drawing.quantities import loss_keys, metric_keys

        chosen = frame.chart_view.loss if self._is_loss else frame.chart_view.metric
        known = loss_keys(frame.snapshot) if self._is_loss else metric_keys(frame.snapshot)
        key = chosen if chosen in known else next(iter(known), "")
        return chart_of(frame.snapshot, key, frame.log_scale, frame.chart_view) if key else None

    def epoch_at(self, column: int) -> int | None:
        """Return the epoch whose values stand at a column of the panel; None outside the curves."""
        chart = self.chart()
        if chart is None:
            return None
        from fitmon.tui.drawing.run_chart import epoch_at

        return epoch_at(chart, *self.size, column)

    def click_at(self, column: int, row: int) -> bool:
        del row
        epoch = self.epoch_at(column)
        if epoch is not None:
            self.post_message(self.EpochClicked(epoch))
        return epoch is not None

    def wheel(self, rows: int) -> None:
        self.post_message(self.Wheeled("minus" if rows > 0 else "plus"))

    def _usual_metric(self) -> str | None:
        return "loss" if self._is_loss or self._frame is None else second_metric(self._frame.snapshot)

    def _draw_nothing_yet(self, width: int, height: int) -> list[Row]:
        frame, metric = self._frame, self._usual_metric()
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
