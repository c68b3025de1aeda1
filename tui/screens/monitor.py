"""The main screen: header, panels and footer, placed by the size of the terminal and the chosen view."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Key, Resize
from textual.geometry import Size
from textual.screen import Screen

from fitmon.engine.events import RunFailed
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text.metric_choice import second_metric
from fitmon.tui.bindings import monitor_bindings
from fitmon.tui.chart_view import ChartView
from fitmon.tui.drawing.header import warning_row
from fitmon.tui.drawing.key_effects import action_answer
from fitmon.tui.frame import Frame
from fitmon.tui.kept_epochs import KeptEpochs
from fitmon.tui.layout import Panel, View, arrange
from fitmon.tui.options import RewindOptions
from fitmon.tui.refresh import RefreshThrottle
from fitmon.tui.screens.chart_actions import ChartActions
from fitmon.tui.screens.compare_actions import CompareActions
from fitmon.tui.screens.host import Host
from fitmon.tui.screens.look_actions import LookActions
from fitmon.tui.screens.mouse_actions import MouseActions
from fitmon.tui.screens.run_actions import RunActions
from fitmon.tui.screens.search_actions import SearchActions
from fitmon.tui.screens.wanted_rows import WantedRows
from fitmon.tui.widgets.changes_panel import ChangesPanel
from fitmon.tui.widgets.chart_panel import ChartPanel
from fitmon.tui.widgets.classes_panel import ClassesPanel
from fitmon.tui.widgets.findings_panel import FindingsPanel
from fitmon.tui.widgets.footer import Footer
from fitmon.tui.widgets.header import Header
from fitmon.tui.widgets.log_pane import LogPane
from fitmon.tui.widgets.meaning_panel import MeaningPanel
from fitmon.tui.widgets.samples_panel import SamplesPanel
from fitmon.tui.widgets.threshold_panel import ThresholdPanel

if TYPE_CHECKING:
    from fitmon.tui.widgets.row_widget import RowWidget

    SlowPanel = ChartPanel | ThresholdPanel | SamplesPanel | ClassesPanel | ChangesPanel | MeaningPanel | FindingsPanel


class MonitorScreen(MouseActions, LookActions, ChartActions, CompareActions, RunActions, SearchActions, Screen[None]):
    """Draws frames and turns keys into commands."""

    CSS_PATH = "monitor.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*monitor_bindings()]

    def __init__(self, log_path: Path | None, rewind_options: RewindOptions) -> None:
        """Build the panels, without content yet.

        Args:
            log_path: The file that receives the output of TensorFlow and the model; None: there is none to show.
            rewind_options: Which epochs the run can rewind to; checked for every frame.
        """
        super().__init__()
        self._rewind_options = rewind_options
        self._kept_epochs = KeptEpochs(rewind_options)
        self.view = View.OVERVIEW
        self.chart_view = ChartView()
        self._view_before_output = View.OVERVIEW
        self._frozen_frame: Frame | None = None
        self._newest_frame: Frame | None = None
        self._throttle = RefreshThrottle()
        self._header = Header(Panel.HEADER)
        self._charts = (ChartPanel(Panel.LOSS, is_loss=True), ChartPanel(Panel.ACCURACY, is_loss=False))
        self._threshold = ThresholdPanel(Panel.THRESHOLD)
        self._samples = SamplesPanel(Panel.SAMPLES)
        self._classes_panel = ClassesPanel(Panel.CLASSES)
        self._changes = ChangesPanel(Panel.CHANGES)
        self._meaning = MeaningPanel(Panel.MEANING)
        self._findings = FindingsPanel(Panel.FINDINGS)
        self._log = LogPane(Panel.LOG, log_path)
        self._footer = Footer(Panel.FOOTER)
        self._wanted_rows = WantedRows(self._log.wanted_rows)
        self._arranged: tuple[object, ...] = ()

    @property
    def monitor(self) -> Host:
        """The application this screen belongs to."""
        return cast("Host", self.app)

    def compose(self) -> ComposeResult:
        yield from self._panels()

    def _panels(self) -> tuple["RowWidget", ...]:
        return (self._header, *self._slow_panels(), self._log, self._footer)

    def _slow_panels(self) -> "tuple[SlowPanel, ...]":
        """Return the panels that follow training, and can be frozen."""
        numbers = (*self._charts, self._threshold, self._samples, self._classes_panel)
        return (*numbers, self._changes, self._meaning, self._findings)

    def show(self, frame: Frame, now_seconds: float) -> None:
        """Draw a frame. While the view is frozen, the panels keep their last frame and only the header changes."""
        kept = self._kept_epochs.at(now_seconds, frame.snapshot)
        self._newest_frame = frame = replace(frame, no_rewind=self._rewind_options.why_not(), kept_epochs=kept)
        self._frozen_frame = self._frozen(frame)
        panel_frame = self._frozen_frame or self._throttle.next_frame(frame, now_seconds)
        self._arrange(panel_frame, has_warnings=bool(warning_row(frame.snapshot)))
        self._header.show(frame)
        self._footer.show(frame)
        for panel in self._slow_panels():
            panel.show(panel_frame)
        self._throttle.drawn(now_seconds)
        if not frame.frozen:
            self._log.refresh_log(self.view)

    def answer(self, action: str) -> str:
        """Return why the key of an action has no effect now; empty if it has one."""
        frame = self._newest_frame
        if frame is None or not self.owns(action):
            return ""
        no_rewind = self._rewind_options.why_not()
        return action_answer(action, replace(frame, snapshot=self._newest(), view=self.view, no_rewind=no_rewind))

    def on_key(self, event: Key) -> None:
        """Answer a key that nothing is bound to."""
        if event.is_printable and event.key not in self.active_bindings:
            self.monitor.say(f"no such key: {event.character} · ? lists the keys")

    def _frozen(self, frame: Frame) -> Frame | None:
        """Return the frozen frame with the current settings of the view; None while the view is not frozen."""
        if not frame.frozen:
            return None
        frozen = self._frozen_frame or frame
        kept = replace(frozen, threshold=frame.threshold, log_scale=frame.log_scale, view=frame.view)
        return replace(kept, chart_view=frame.chart_view)

    def shown_snapshot(self) -> Snapshot:
        frozen = self._frozen_frame
        return frozen.snapshot if frozen is not None else self._newest()

    def on_resize(self, event: Resize) -> None:
        self._arranged = ()
        self.call_later(self._draw_at, event.size)

    def _draw_at(self, _size: Size) -> None:
        self.monitor.draw_now()

    def _arrange(self, frame: Frame, *, has_warnings: bool) -> None:
        has_metric = second_metric(frame.snapshot) is not None or not frame.snapshot.epoch
        wanted = self._wanted_rows.measured(frame, self.size.width)
        arranged = (self.size, self.view, has_metric, has_warnings, dict(wanted))
        if arranged == self._arranged or not self.size:
            return
        self._arranged = arranged
        places = arrange(*self.size, self.view, has_metric, has_warnings, wanted=wanted)
        with self.app.batch_update():
            for panel in self._panels():
                place = places.get(Panel(panel.id or ""))
                panel.display = place is not None
                if place is not None:
                    panel.styles.offset = (place.x, place.y)
                    panel.styles.width, panel.styles.height = place.width, place.height

    def action_view(self, digit: str) -> None:
        self._choose_view(View(int(digit)))

    def action_next_view(self) -> None:
        self._choose_view(View(self.view % len(View) + 1))

    def action_show_output(self) -> None:
        if self.view is View.OUTPUT:
            self._choose_view(self._view_before_output)
        else:
            self._view_before_output = self.view
            self._choose_view(View.OUTPUT)

    def _choose_view(self, view: View) -> None:
        self.view = view
        self.monitor.draw_now()

    def action_toggle_log_scale(self) -> None:
        self.monitor.log_scale = not self.monitor.log_scale
        self.monitor.draw_now()

    def action_freeze_view(self) -> None:
        self.monitor.frozen = not self.monitor.frozen
        self.monitor.draw_now()

    def action_show_help(self) -> None:
        from fitmon.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen(self.view))

    def action_show_failure(self) -> None:
        ending = self._newest().ending
        if isinstance(ending, RunFailed):
            from fitmon.tui.screens.failure import FailureScreen

            self.app.push_screen(FailureScreen(ending))
        else:
            self.monitor.say("no error to show")
