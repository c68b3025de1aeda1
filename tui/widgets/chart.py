"""A panel with one chart."""

from fitmon.engine.record import Snapshot
from fitmon.tui.palette import Role
from fitmon.tui.picture import Picture
from fitmon.tui.rows import Row, framed, row
from fitmon.tui.widgets.drawn import Drawn


class ChartPanel(Drawn):
    """Draws the loss, or the metric beside it."""

    def __init__(self, widget_id: str, is_loss: bool) -> None:
        super().__init__(widget_id)
        self._is_loss = is_loss
        self._picture: Picture | None = None
        self._drawn: tuple[object, ...] = ()

    def show(self, picture: Picture) -> None:
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
        from fitmon.tui.widgets.curves import chart_of
        from fitmon.tui.widgets.plot import draw_chart

        return draw_chart(chart_of(picture.snapshot, metric, picture.log_scale), width, height)


def second_metric(snapshot: Snapshot) -> str | None:
    """Return the metric to draw beside the loss: accuracy if there is one, else the first other; None without any.

    A metric that is validated too goes before one that is not.
    """
    names = [name for name in (*snapshot.metrics, *snapshot.chunks) if name != "loss" and not name.startswith("val_")]
    if "accuracy" in names:
        return "accuracy"
    validated = [name for name in names if f"val_{name}" in snapshot.metrics]
    return next(iter(validated or names), None)


def has_values(snapshot: Snapshot, metric: str) -> bool:
    """Return whether there is anything to draw of a metric by its Keras name."""
    return metric in snapshot.metrics or metric in snapshot.chunks
