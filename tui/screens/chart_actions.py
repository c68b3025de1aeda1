"""The actions of the charts: cursor, zoom, axes, smoothing, which curves. None of them affects training."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from fitmon.tui.chart_view import ChartView
from fitmon.tui.keys import CHARTS, KEYS
from fitmon.tui.layout import View

if TYPE_CHECKING:
    from fitmon.engine.record.snapshot import Snapshot
    from fitmon.tui.screens.host import Host
    from fitmon.tui.widgets.chart_panel import ChartPanel

NO_CHART = "the charts are in views 1, 2 and 3"
NO_EPOCH = "no epoch has ended yet"


class ChartActions:
    """Actions that the monitor screen inherits."""

    view: View
    chart_view: ChartView

    @property
    def monitor(self) -> "Host":
        """The application this screen belongs to."""
        raise NotImplementedError

    def leave_view(self) -> None:
        """Show the view before a double click, else the overview."""
        raise NotImplementedError

    def shown_snapshot(self) -> "Snapshot":
        """Return what the panels show: the newest snapshot, or the one at which the view was frozen."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Leave the keys that several views use to the action of the present view. For Textual."""
        return self.owns(f"{action}({parameters[0]!r})" if parameters else action)

    def owns(self, action: str) -> bool:
        """Return whether an action, such as `move('end')`, has its key in the present view."""
        name, _, key = action.removesuffix(")").partition("(")
        sharing = [entry for entry in KEYS if key.strip("'") in entry.keys and not entry.in_dialog]
        here = [entry for entry in sharing if self.view in entry.views] or sharing[:1]
        return not sharing or name in {entry.action for entry in here}

    def action_move_cursor(self, key: str) -> None:
        own = self.shown_snapshot().epochs_done
        self._with_epochs(lambda newest: self.chart_view.moved(key, newest, own))

    def read_epoch(self, epoch: int) -> None:
        """Put the cursor on an epoch, such as the one clicked on."""
        self._look(replace(self.chart_view, cursor=epoch))

    def on_chart_panel_epoch_clicked(self, event: "ChartPanel.EpochClicked") -> None:
        """Read the epoch under the mouse."""
        self.read_epoch(event.epoch)

    def on_chart_panel_wheeled(self, event: "ChartPanel.Wheeled") -> None:
        """Zoom by the wheel."""
        self.action_zoom(event.key)

    def action_leave(self) -> None:
        """Leave the cursor of a chart, else the view."""
        if self.view in CHARTS and self.chart_view != self.chart_view.without_cursor():
            self._look(self.chart_view.without_cursor())
        else:
            self.leave_view()

    def action_zoom(self, key: str) -> None:
        self._with_epochs(lambda newest: self.chart_view.zoomed(key, newest))

    def action_next_smoothing(self) -> None:
        self._with_epochs(lambda _: self.chart_view.next_smoothing())

    def action_next_x_axis(self) -> None:
        if self.shown_snapshot().per_epoch.get("seconds") is None and self.shown_snapshot().epochs_done:
            self.monitor.say("the times of the epochs are unknown")
            return
        self._with_epochs(lambda _: replace(self.chart_view, by_time=not self.chart_view.by_time))

    def action_next_metric(self) -> None:
        """Show the next quantity: in the view of the loss another kind of loss, else in the other chart."""
        self._with_epochs(lambda _: self._with_next_quantity())

    def _with_next_quantity(self) -> ChartView:
        from fitmon.tui.drawing.quantities import loss_keys, metric_keys

        if self.view is View.LOSS:
            return replace(self.chart_view, loss=self._next(loss_keys(self.shown_snapshot()), self.chart_view.loss))
        return replace(self.chart_view, metric=self._next(metric_keys(self.shown_snapshot()), self.chart_view.metric))

    def _next(self, keys: list[str], now: str) -> str:
        if len(keys) < 2:  # noqa: PLR2004 - nothing else to show
            self.monitor.say("nothing else to show: this run has no other curve here")
        return keys[(keys.index(now) + 1 if now in keys else 1) % len(keys)] if keys else ""

    def _with_epochs(self, changed: "Callable[[int], ChartView]") -> None:
        """Change how the charts are looked at, where there are charts with at least one epoch."""
        if self.view not in CHARTS:
            self.monitor.say(NO_CHART)
        elif not (newest := newest_epoch(self.shown_snapshot())):
            self.monitor.say(NO_EPOCH)
        else:
            self._look(changed(newest))

    def _look(self, view: ChartView) -> None:
        if view != self.chart_view:
            self.chart_view = view
            self.monitor.draw_now()


def newest_epoch(snapshot: "Snapshot") -> int:
    """Return the last epoch with values, on any branch; 0 before there is one."""
    return max(snapshot.epochs_done, *(branch.epochs_done for branch in snapshot.other_branches), 0)
