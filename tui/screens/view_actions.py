"""The actions of single views: move the threshold, browse the samples. None of them affects training."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fitmon.text import format as form
from fitmon.tui.layout import View

if TYPE_CHECKING:
    from fitmon.engine.record.snapshot import Snapshot
    from fitmon.tui.screens.host import Host
    from fitmon.tui.widgets.changes_panel import ChangesPanel
    from fitmon.tui.widgets.findings_panel import FindingsPanel
    from fitmon.tui.widgets.samples_panel import SamplesPanel
    from fitmon.tui.widgets.scrolled_rows import ScrolledRows
    from fitmon.tui.widgets.threshold_panel import ThresholdPanel

THRESHOLD_STEPS = {"left": -0.01, "right": 0.01, "pageup": 0.1, "pagedown": -0.1}
"""How far each key moves the threshold."""
MAX_NAME = 24
"""Cells of the name of a class."""
BEYOND_ANY_LIST = 1_000_000
"""In rows."""


class ViewActions:
    """Actions that the monitor screen inherits."""

    view: View
    _samples: "SamplesPanel"
    _threshold: "ThresholdPanel"
    _findings: "FindingsPanel"
    _changes: "ChangesPanel"

    @property
    def monitor(self) -> "Host":
        """The application this screen belongs to."""
        raise NotImplementedError

    def shown_snapshot(self) -> "Snapshot":
        """Return what the panels show: the newest snapshot, or the one at which the view was frozen."""
        raise NotImplementedError

    def show_threshold(self, threshold: float | None) -> None:
        """Show the samples at another threshold, in [0, 1]; None: keep the current one."""
        if threshold is not None:
            self.monitor.threshold = threshold
            self.monitor.draw_now()

    def action_move_threshold(self, key: str) -> None:
        moved = self.monitor.threshold + THRESHOLD_STEPS[key]
        self.show_threshold(round(min(1.0, max(0.0, moved)), 6))

    def action_scroll_features(self, key: str) -> None:
        self._samples.scroll_features(1 if key == "right" else -1)

    def on_threshold_panel_dragged(self, event: "ThresholdPanel.Dragged") -> None:
        """Show the samples at the threshold to which the mouse was dragged."""
        self.show_threshold(event.threshold)

    def action_next_picture(self) -> None:
        self._threshold.next_picture()

    def action_ask_threshold(self) -> None:
        from fitmon.tui.screens.threshold_dialog import ThresholdDialog

        self.monitor.push_screen(
            ThresholdDialog(self.monitor.threshold, positive_class(self._newest())), self.show_threshold
        )

    def action_ask_best_threshold(self) -> None:
        observation = self.shown_snapshot().observation
        if observation is None:
            self.monitor.say("no probabilities yet: they are known after the first validation")
            return
        from fitmon.tui.screens.best_threshold import BestThresholdDialog, why_no_best

        if why := why_no_best(observation.scores):
            self.monitor.say(why)
            return
        self.monitor.push_screen(BestThresholdDialog(observation, self.monitor.threshold), self.show_threshold)

    def action_move(self, key: str) -> None:
        if self.view is View.FINDINGS:
            _scroll(self._findings, key)
        elif self.view is View.CHANGES:
            _scroll(self._changes, key)
        else:
            self._select_sample(key)

    def _select_sample(self, key: str) -> None:
        samples = self._samples
        moves: dict[str, Callable[[], None]] = {
            "up": lambda: samples.move(-1),
            "down": lambda: samples.move(1),
            "pageup": lambda: samples.page(-1),
            "pagedown": lambda: samples.page(1),
            "home": samples.go_first,
            "end": samples.go_last,
        }
        moves[key]()

    def action_next_order(self) -> None:
        self._samples.next_order()

    def action_next_filter(self) -> None:
        self._samples.next_filter()

    def action_next_class(self) -> None:
        self._samples.next_class()

    def action_write_samples(self) -> None:
        self.monitor.say(self._samples.write_csv(Path.cwd()))

    def action_toggle_detail(self) -> None:
        self._samples.toggle_detail()

    def _newest(self) -> "Snapshot":
        return self.monitor.monitored_run.snapshot()


def positive_class(snapshot: "Snapshot") -> str:
    """Return what class 1 is called, free of control characters: its name, or `class 1` if it has none of its own."""
    names = snapshot.started.class_names if snapshot.started is not None else ()
    several = snapshot.scores is not None and snapshot.scores.labels > 1
    name = form.clip(form.clean(names[1]), MAX_NAME) if len(names) == 2 and not several else "1"  # noqa: PLR2004
    return f"class {name}" if name.isdigit() else name


def _scroll(panel: "ScrolledRows", key: str) -> None:
    moves: dict[str, Callable[[], None]] = {
        "up": lambda: panel.scroll_by(-1),
        "down": lambda: panel.scroll_by(1),
        "pageup": lambda: panel.page(-1),
        "pagedown": lambda: panel.page(1),
        "home": lambda: panel.scroll_by(-BEYOND_ANY_LIST),
        "end": lambda: panel.scroll_by(BEYOND_ANY_LIST),
    }
    moves[key]()
