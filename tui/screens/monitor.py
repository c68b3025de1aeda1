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
from fitmon.tui.frame import Frame
from fitmon.tui.keys import monitor_bindings
from fitmon.tui.layout import Panel, View, arrange
from fitmon.tui.refresh import RefreshThrottle
from fitmon.tui.screens.host import READ_ONLY, Host
from fitmon.tui.screens.view_actions import ViewActions
from fitmon.tui.widgets.changes_panel import ChangesPanel
from fitmon.tui.widgets.chart_panel import ChartPanel
from fitmon.tui.widgets.classes_panel import ClassesPanel
from fitmon.tui.widgets.findings_panel import FindingsPanel
from fitmon.tui.widgets.footer import KeyHints
from fitmon.tui.widgets.header import Header, standing
from fitmon.tui.widgets.log_pane import LogPane
from fitmon.tui.widgets.meaning_panel import MeaningPanel
from fitmon.tui.widgets.samples_panel import SamplesPanel
from fitmon.tui.widgets.threshold_panel import ThresholdPanel

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from fitmon.text.remedies import RemedyChoice
    from fitmon.tui.widgets.row_widget import RowWidget

    SlowPanel = ChartPanel | ThresholdPanel | SamplesPanel | ClassesPanel | ChangesPanel | MeaningPanel | FindingsPanel


class MonitorScreen(ViewActions, Screen[None]):
    """Draws pictures and turns keys into commands."""

    CSS_PATH = "monitor.tcss"
    AUTO_FOCUS = ""
    BINDINGS: ClassVar[list[BindingType]] = [*monitor_bindings()]

    def __init__(
        self,
        log_path: Path | None,
        *,
        kept_epochs: "Callable[[], Mapping[int, Collection[int]] | None]" = lambda: None,
        why_no_rewind: "Callable[[], str]" = str,
    ) -> None:
        """Show nothing yet.

        Args:
            log_path: The file that TensorFlow's and the model's output goes to; None: there is none to show.
            kept_epochs: Returns, by branch, the epochs with a checkpoint; None: nobody knows, so any may have one.
            why_no_rewind: Returns why the run cannot go back to an epoch, such as that it is not kept; empty when it
                can. Asked for every picture.
        """
        super().__init__()
        self.kept_epochs, self.why_no_rewind = kept_epochs, why_no_rewind
        self.view = View.OVERVIEW
        self._view_before_output = View.OVERVIEW
        self._held_picture: Frame | None = None
        self._pace = RefreshThrottle()
        self._header = Header(Panel.HEADER)
        self._charts = (ChartPanel(Panel.LOSS, is_loss=True), ChartPanel(Panel.ACCURACY, is_loss=False))
        self._threshold = ThresholdPanel(Panel.THRESHOLD)
        self._samples = SamplesPanel(Panel.SAMPLES)
        self._classes_panel = ClassesPanel(Panel.CLASSES)
        self._changes = ChangesPanel(Panel.CHANGES)
        self._meaning = MeaningPanel(Panel.MEANING)
        self._findings = FindingsPanel(Panel.FINDINGS)
        self._log = LogPane(Panel.LOG, log_path)
        self._footer = KeyHints(Panel.FOOTER)
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
        """Return the panels that follow the training, and can be held still."""
        numbers = (*self._charts, self._threshold, self._samples, self._classes_panel)
        return (*numbers, self._changes, self._meaning, self._findings)

    def show(self, picture: Frame, now_seconds: float) -> None:
        """Draw a picture. While the view is held the panels keep the picture they had; the header goes on."""
        picture = replace(picture, no_rewind=self.why_no_rewind())
        self._held_picture = self._held(picture)
        still = self._held_picture or self._pace.picture(picture, now_seconds)
        self._arrange(still, has_notes=bool(standing(picture.snapshot)))
        self._header.show(picture)
        self._footer.show(picture)
        for panel in self._slow_panels():
            panel.show(still)
        self._pace.drawn(now_seconds)
        if not picture.held:
            self._log.refresh_log()

    def _held(self, picture: Frame) -> Frame | None:
        """Return the picture that is held still, seen as the user now wants it; None while none is."""
        if not picture.held:
            return None
        held = self._held_picture or picture
        return replace(held, threshold=picture.threshold, log_scale=picture.log_scale, view=picture.view)

    def shown_snapshot(self) -> Snapshot:
        held = self._held_picture
        return held.snapshot if held is not None else self.monitor.run_under_way.snapshot()

    def on_resize(self, event: Resize) -> None:
        self._arranged = ()
        self.call_later(self._draw_at, event.size)

    def _draw_at(self, _size: Size) -> None:
        self.monitor.draw_now()

    def _arrange(self, picture: Frame, *, has_notes: bool) -> None:
        has_metric = second_metric(picture.snapshot) is not None or not picture.snapshot.epoch
        arranged = (self.size, self.view, has_metric, has_notes)
        if arranged == self._arranged or not self.size:
            return
        self._arranged = arranged
        places = arrange(*self.size, self.view, has_metric, has_notes)
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

    def action_hold_view(self) -> None:
        self.monitor.held = not self.monitor.held
        self.monitor.draw_now()

    def action_pause_or_resume(self) -> None:
        seen = self.monitor.run_under_way.snapshot()
        if seen.over:
            return
        if seen.paused is not None or seen.pause_asked == PauseAt.CHUNK:
            self._send(Resume(), "going on …")
        elif seen.pause_asked == PauseAt.EPOCH:
            self._send(Pause(at=PauseAt.CHUNK), "asking for a pause at once …")
        else:
            self._send(Pause(at=PauseAt.EPOCH), "asking for a pause at the end of the epoch …")

    def _send(self, command: Command, notice: str) -> None:
        self.monitor.ask(command, notice)

    def action_ask_learning_rate(self) -> None:
        factor = self._knobs("learning_rate_factor")
        self._ask(factor if factor and not factor[0].unavailable else self._knobs("learning_rate"))

    def action_ask_dropout(self) -> None:
        self._ask(self._knobs("dropout"))

    def action_ask_regularisation(self) -> None:
        self._ask(self._knobs("l2", "l1"))

    def action_ask_batch_size(self) -> None:
        self._ask(self._knobs("batch_size"))

    def action_ask_epochs(self) -> None:
        self._ask(self._knobs("epochs"))

    def _knobs(self, *names: str) -> tuple[KnobState, ...]:
        seen = self.monitor.run_under_way.snapshot()
        return tuple(knob for name in names if (knob := seen.knob(name)) is not None)

    def _ask(self, knobs: tuple[KnobState, ...]) -> None:
        seen = self.monitor.run_under_way.snapshot()
        if seen.over:
            return
        if not knobs:
            why = "this run has no such knob" if seen.started else "the knobs are known once the model is built"
            self.monitor.say(why)
            return
        from fitmon.tui.screens.knob_dialog import KnobDialog

        self.app.push_screen(KnobDialog(knobs, self.monitor.run_under_way.snapshot), self._set_knob)

    def _set_knob(self, wanted: SetKnob | None) -> None:
        if wanted is not None:
            self._send(wanted, f"asking for {knob_name(wanted.knob)} {form.setting(wanted.value)} …")

    def action_ask_rewind(self) -> None:
        seen = self.monitor.run_under_way.snapshot()
        if why := self.why_no_rewind() or READ_ONLY * self.monitor.read_only:
            self.monitor.say(why)
        elif seen.started is None:
            self.monitor.say("there is nothing to go back to before the training has begun")
        else:
            from fitmon.tui.screens.rewind_dialog import RewindDialog

            dialog = RewindDialog(seen, self.kept_epochs(), self.monitor.run_under_way.snapshot)
            self.app.push_screen(dialog, self._rewind)

    def _rewind(self, wanted: Rewind | None) -> None:
        if wanted is not None:
            place = f"the end of epoch {wanted.epoch}" if wanted.epoch else "the model before training"
            self._send(wanted, f"going back to {place} …")

    def action_ask_remedy(self) -> None:
        from fitmon.text.remedies import RewindChoices, choices_of

        seen = self.monitor.run_under_way.snapshot()
        rewind_choices = RewindChoices(kept=self.kept_epochs(), refusal=self.why_no_rewind())
        choices = choices_of(seen, rewind_choices)
        if self.monitor.read_only:
            self.monitor.say(READ_ONLY)
        elif not choices:
            self.monitor.say("nothing was found that asks for a remedy" if seen.findings else "nothing was found yet")
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
                lambda confirmed: self._give(choice) if confirmed else None,
            )
        else:
            self._give(choice)

    def _give(self, choice: "RemedyChoice") -> None:
        """Give the run the commands of a remedy."""
        from fitmon.text.remedies import commands_of, threshold_of

        self.show_threshold(threshold_of(choice.remedy))
        for command in commands_of(choice.finding, choice.remedy):
            self._send(command, f"asking for it: {form.clean(choice.remedy.advice)} …")

    def action_ask_export(self) -> None:
        seen = self.monitor.run_under_way.snapshot()
        if self.monitor.read_only:
            self.monitor.say(READ_ONLY)
        elif not seen.over:
            self.monitor.say("the model can be written once the run is over; x stops it")
        elif not seen.epochs_done:
            self.monitor.say("there is no model to write: no epoch was trained to its end")
        elif why := self.why_no_rewind():
            self.monitor.say(f"{why}: start with --export FILE.keras to write its model at the end")
        else:
            from fitmon.tui.screens.export_dialog import ExportDialog

            name = seen.started.run if seen.started else self.monitor.run_name
            self.app.push_screen(ExportDialog(seen, name), self._export)

    def _export(self, wanted: Export | None) -> None:
        if wanted is not None:
            self._send(wanted, f"writing {form.clean(Path(wanted.path).name)} …")

    def action_ask_stop(self) -> None:
        if not self.monitor.run_under_way.snapshot().over:
            self._confirm("Stop the training? What was reached stays on the screen.", "stop", self._stop)

    def _stop(self, confirmed: bool | None) -> None:
        if confirmed:
            self._send(Stop(), "stopping …")

    def action_ask_quit(self) -> None:
        if self.monitor.viewer or self.monitor.run_under_way.snapshot().over:
            self.monitor.leave()
        else:
            self._confirm("The run is not over. Stop it and leave?", "leave", self._quit)

    def _quit(self, confirmed: bool | None) -> None:
        if confirmed:
            self.monitor.leave()

    def _confirm(self, question: str, verb: str, answered: "Callable[[bool | None], None]") -> None:
        from fitmon.tui.screens.confirm import ConfirmDialog

        self.app.push_screen(ConfirmDialog(question, verb), answered)

    def action_show_help(self) -> None:
        from fitmon.tui.screens.help import HelpScreen

        self.app.push_screen(HelpScreen())

    def action_show_failure(self) -> None:
        ending = self.monitor.run_under_way.snapshot().ending
        if isinstance(ending, RunFailed):
            from fitmon.tui.screens.failure import FailureScreen

            self.app.push_screen(FailureScreen(ending))
        else:
            self.monitor.say("there is no error to show")
