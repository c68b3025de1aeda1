"""A panel with one chart."""

from fitmon.text.metric_choice import has_values, second_metric
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row
from fitmon.tui.frame import Frame
from fitmon.tui.widgets.row_widget import RowWidget


class ChartPanel(RowWidget):
    """Draws the loss, or the metric beside it."""

    def __init__(self, widget_id: str, is_loss: bool) -> None:
        super().__init__(widget_id)
        self._is_loss = is_loss
        self._picture: Frame | None = None
        self._drawn: tuple[object, ...] = ()

    def show(self, picture: Frame) -> None:
        """Take a new picture; draw it if anything in it is new."""
        self._picture = picture
        drawn = (picture.snapshot.version, picture.log_scale, picture.held)
        if drawn != self._drawn:
            self._drawn = drawn
            self.redraw()

    def draw(self, width: int, height: int) -> list[Row]:
        picture = self._picture
        metric = "loss" if self._is_loss or picture is None else second_metric(picture.snapshot)
        if picture is None or metric is None or not has_values(picture.snapshot, metric):
            nothing_yet = [row(), row((" no value yet", Role.FAINT))]
            return framed(row((metric or "metric", Role.STRONG)), nothing_yet, width, height)
        # They bring numpy, which the first picture does not wait for.
        from fitmon.tui.drawing.curves import chart_of
        from fitmon.tui.drawing.plot import draw_chart

        return draw_chart(chart_of(picture.snapshot, metric, picture.log_scale), width, height)
