"""A panel with one chart."""

import time

from fitmon.tui.palette import Role
from fitmon.tui.picture import Picture
from fitmon.tui.rows import Row, framed, row
from fitmon.tui.widgets.curves import chart_of, second_metric
from fitmon.tui.widgets.drawn import Drawn
from fitmon.tui.widgets.plot import draw_chart

SHORTEST_PAUSE_SECONDS = 0.5
"""A chart is drawn at most twice a second while the training moves it."""

LONGEST_PAUSE_SECONDS = 2.0

SHARE_OF_CORE = 0.01
"""Drawing a chart may take this share of a core; a slow machine gets fewer pictures, not a slower training."""


class ChartPanel(Drawn):
    """Draws the loss, or the metric beside it."""

    def __init__(self, widget_id: str, is_loss: bool) -> None:
        super().__init__(widget_id)
        self._is_loss = is_loss
        self._picture: Picture | None = None
        self._drawn: tuple[object, ...] = ()
        self._next_seconds = 0.0

    def show(self, picture: Picture, now_seconds: float) -> None:
        """Take a new picture; draw it if the last drawing is old enough or the user changed the view."""
        self._picture = picture
        view = (picture.log_scale, picture.held, picture.snapshot.over)
        drawn = (picture.snapshot.version, *view)
        if drawn == self._drawn or (view == self._drawn[1:] and now_seconds < self._next_seconds):
            return
        self._drawn = drawn
        started = time.thread_time()
        self.redraw()
        spent = time.thread_time() - started
        pause = max(SHORTEST_PAUSE_SECONDS, spent / SHARE_OF_CORE)
        self._next_seconds = now_seconds + min(LONGEST_PAUSE_SECONDS, pause)

    def draw(self, width: int, height: int) -> list[Row]:
        picture = self._picture
        metric = "loss" if self._is_loss or picture is None else second_metric(picture.snapshot)
        if picture is None or metric is None:
            return framed(row((metric or "metric", Role.STRONG)), [], width, height)
        return draw_chart(chart_of(picture.snapshot, metric, picture.log_scale), width, height)
