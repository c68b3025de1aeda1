"""The main screen: header, panels and footer, placed by the size of the terminal and the chosen view."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.screen import Screen

from fitmon.engine.commands import Command, Export, Pause, PauseAt, Resume, Rewind, SetKnob, Stop
from fitmon.engine.events import RunFailed
from fitmon.engine.record.snapshot import KnobState, Snapshot
from fitmon.text import format as form
from fitmon.text.metric_choice import second_metric
from fitmon.text.sentences import knob_name
from fitmon.tui.bindings import monitor_bindings
from fitmon.tui.chart_view import ChartView
from fitmon.tui.drawing.header import warning_row
from fitmon.tui.frame import Frame
from fitmon.tui.layout import Panel, View, arrange
from fitmon.tui.options import RewindOptions
from fitmon.tui.refresh import RefreshThrottle
from fitmon.tui.screens.chart_actions import ChartActions
from fitmon.tui.screens.compare_actions import CompareActions
from fitmon.tui.screens.host import READ_ONLY, Host
from fitmon.tui.screens.look_actions import LookActions
from fitmon.tui.screens.mouse_actions import MouseActions
from fitmon.tui.screens.view_actions import ViewActions
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
    from collections.abc import Callable

    from fitmon.text.remedies import RemedyChoice
    from fitmon.tui.widgets.row_widget import RowWidget

    SlowPanel = ChartPanel | ThresholdPanel | SamplesPanel | ClassesPanel | ChangesPanel | MeaningPanel | FindingsPanel


class MonitorScreen(MouseActions, LookActions, ChartActions, ViewActions, CompareActions, Screen[None]):
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
        self.view = View.OVERVIEW
        self.chart_view = ChartView()
        self._view_before_output = View.OVERVIEW
        self._frozen_frame: Frame | None = None
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
        frame = replace(frame, no_rewind=self._rewind_options.why_not())
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

    def action_pause_or_resume(self) -> None:
        snapshot = self._newest()
        if snapshot.over:
            return
        if snapshot.paused is not None or snapshot.pause_requested == PauseAt.CHUNK:
            self._send(Resume(), "resuming …")
        elif snapshot.pause_requested == PauseAt.EPOCH:
            self._send(Pause(at=PauseAt.CHUNK), "pausing now …")
        else:
            self._send(Pause(at=PauseAt.EPOCH), "pausing after this epoch …")

    def _send(self, command: Command, notice: str) -> None:
        self.monitor.ask(command, notice)

    def action_ask_learning_rate(self) -> None:
        factor = self._knobs("learning_rate_factor")
        self._open_knob_dialog(factor if factor and not factor[0].unavailable else self._knobs("learning_rate"))

    def action_ask_dropout(self) -> None:
        self._open_knob_dialog(self._knobs("dropout"))

    def action_ask_regularisation(self) -> None:
        self._open_knob_dialog(self._knobs("l2", "l1"))

    def action_ask_batch_size(self) -> None:
        self._open_knob_dialog(self._knobs("batch_size"))

    def action_ask_epochs(self) -> None:
        self._open_knob_dialog(self._knobs("epochs"))

    def _knobs(self, *names: str) -> tuple[KnobState, ...]:
        snapshot = self._newest()
        return tuple(knob for name in names if (knob := snapshot.knob(name)) is not None)

    def _open_knob_dialog(self, knobs: tuple[KnobState, ...]) -> None:
        snapshot = self._newest()
        if snapshot.over:
            return
        if not knobs:
            why = "this run has no such knob" if snapshot.started else "knobs are available once the model is built"
            self.monitor.say(why)
            return
        from fitmon.tui.screens.knob_dialog import KnobDialog

        self.app.push_screen(KnobDialog(knobs, self._newest), self._set_knob)

    def _set_knob(self, command: SetKnob | None) -> None:
        if command is not None:
            self._send(command, f"changing {knob_name(command.knob)} to {form.setting(command.value)} …")

    def action_ask_rewind(self) -> None:
        snapshot = self._newest()
        if why := self._rewind_options.why_not() or READ_ONLY * self.monitor.read_only:
            self.monitor.say(why)
        elif snapshot.started is None:
            self.monitor.say("nothing to rewind to before training starts")
        else:
            from fitmon.tui.screens.rewind_dialog import RewindDialog

            dialog = RewindDialog(snapshot, self._rewind_options.kept_epochs(), self._newest)
            self.app.push_screen(dialog, self._rewind)

    def _rewind(self, command: Rewind | None) -> None:
        if command is not None:
            place = f"the end of epoch {command.epoch}" if command.epoch else "the model before training"
            self._send(command, f"rewinding to {place} …")

    def action_ask_remedy(self) -> None:
        from fitmon.text.remedies import RewindChoices, choices_of

        snapshot = self._newest()
        rewind_choices = RewindChoices(kept=self._rewind_options.kept_epochs(), refusal=self._rewind_options.why_not())
        choices = choices_of(snapshot, rewind_choices)
        if self.monitor.read_only:
            self.monitor.say(READ_ONLY)
        elif not choices:
            self.monitor.say("no finding needs action" if snapshot.findings else "no findings yet")
        else:
            from fitmon.tui.screens.remedies_dialog import RemediesDialog

            self.app.push_screen(RemediesDialog(choices), self._apply_remedy)

    def _apply_remedy(self, choice: "RemedyChoice | None") -> None:
        if choice is None:
            return
        if choice.remedy.stop:
            advice = form.clean(choice.remedy.advice)
            self._confirm(
                f"{advice[:1].upper()}{advice[1:]}?",
                "stop",
                lambda confirmed: self._send_commands(choice) if confirmed else None,
            )
        else:
            self._send_commands(choice)

    def _send_commands(self, choice: "RemedyChoice") -> None:
        """Send the commands of a remedy to the run."""
        from fitmon.text.remedies import commands_of, threshold_of

        self.show_threshold(threshold_of(choice.remedy))
        for command in commands_of(choice.finding, choice.remedy):
            self._send(command, f"applying: {form.clean(choice.remedy.advice)} …")

    def action_ask_export(self) -> None:
        snapshot = self._newest()
        if self.monitor.read_only:
            self.monitor.say(READ_ONLY)
        elif not snapshot.over:
            self.monitor.say("the model can be exported after the run has ended; x stops it")
        elif not snapshot.epochs_done:
            self.monitor.say("no model to export: no epoch was completed")
        elif why := self._rewind_options.why_not():
            self.monitor.say(f"{why}; start it with --export FILE.keras to export the model at the end")
        else:
            from fitmon.tui.screens.export_dialog import ExportDialog

            name = snapshot.started.run if snapshot.started else self.monitor.run_name
            self.app.push_screen(ExportDialog(snapshot, name), self._export)

    def _export(self, command: Export | None) -> None:
        if command is not None:
            self._send(command, f"writing {form.clean(Path(command.path).name)} …")

    def action_ask_stop(self) -> None:
        if not self._newest().over:
            self._confirm("Stop training? Results stay on screen.", "stop", self._stop)

    def _stop(self, confirmed: bool | None) -> None:
        if confirmed:
            self._send(Stop(), "stopping …")

    def action_ask_quit(self) -> None:
        if self.monitor.viewer or self._newest().over:
            self.monitor.quit_app()
        else:
            self._confirm("The run is still training. Stop it and quit?", "quit", self._quit)

    def _quit(self, confirmed: bool | None) -> None:
        if confirmed:
            self.monitor.quit_app()

    def _confirm(self, question: str, verb: str, answered: "Callable[[bool | None], None]") -> None:
        from fitmon.tui.screens.confirm import ConfirmDialog

        self.app.push_screen(ConfirmDialog(question, verb), answered)

    def action_show_help(self) -> None:
        from fitmon.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_show_failure(self) -> None:
        ending = self._newest().ending
        if isinstance(ending, RunFailed):
            from fitmon.tui.screens.failure import FailureScreen

            self.app.push_screen(FailureScreen(ending))
        else:
            self.monitor.say("no error to show")
