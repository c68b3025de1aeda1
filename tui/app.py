"""The application: polls the run by a timer, shows its state, and decides when to quit."""

import gc
import signal
import time
from collections.abc import Callable, Mapping

from textual.actions import ActionParseResult
from textual.dom import DOMNode
from textual.driver import Driver

from fitmon.engine.commands import Command, Stop
from fitmon.engine.errors import EXIT_CODES, EXIT_QUIT_WHILE_TRAINING
from fitmon.engine.events import Phase, RunFailed
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text.format import clean
from fitmon.tui.drawing.key_effects import READ_ONLY
from fitmon.tui.frame import Frame
from fitmon.tui.options import ScreenOptions
from fitmon.tui.run import Run
from fitmon.tui.screens.monitor import MonitorScreen
from fitmon.tui.terminal import DETACHED, HANG_UP_EXIT_CODE
from fitmon.tui.terminal_state import UNKNOWN_TERMINAL, TerminalState
from fitmon.tui.themed_app import ThemedApp

POLL_SECONDS = 0.25
"""How often the run is polled."""

ANSWER_POLL_SECONDS = 0.05
"""How often it is polled while a command is unanswered."""

NOTICE_SECONDS = 4.0
"""How long a notice is shown if the run does not answer."""

ATTACHED = "attached · q leaves, training continues"


class MonitorApp(ThemedApp):
    """Shows one run; its result is the exit code of the process."""

    def __init__(
        self,
        run: Run,
        name: str,
        options: ScreenOptions,
        *,
        exit_request: Callable[[], int | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        driver_class: type[Driver] | None = None,
        terminal: TerminalState = UNKNOWN_TERMINAL,
    ) -> None:
        """Build the application; the run starts once the first frame is on screen.

        Args:
            run: The run to show; started by the application.
            name: The name of the run.
            options: How to show it.
            exit_request: Returns the exit code once a signal requests the end of the process, `HANG_UP_EXIT_CODE` once
                the terminal is lost; None before.
            clock: Seconds since any fixed moment.
            driver_class: How Textual reaches the terminal; None: as Textual chooses.
            terminal: What is known of the terminal.
        """
        super().__init__(options.theme, exit_request=exit_request, driver_class=driver_class, terminal=terminal)
        self.monitored_run = run
        self.threshold = options.threshold
        self.log_scale = self.frozen = False
        self.viewer = options.viewer
        """Whether another process trains the run."""
        self.read_only = options.read_only
        """Whether no command can be sent to the run."""
        self.run_folder = options.folder
        """Where the run is saved; None: nowhere."""
        self.detach_options = options.detach
        """Whether the user can leave the run training in the background."""
        self.stop_sent = False
        """Whether the run was stopped because the user quit or a signal came."""
        self.run_name = clean(name)
        self._exit_when_over, self._clock = options.exit_when_over, clock
        self._monitor = MonitorScreen(options.log_path, options.rewind)
        self._notice, self._notice_until = "", 0.0
        self._unanswered: tuple[object, ...] | None = None
        self._phase: Phase | None = None
        self._phase_since = clock()
        self._was_over = self._frozen_heap = False

    def on_mount(self) -> None:
        self.theme_choice.follow()
        self.push_screen(self._monitor)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.monitored_run.start()
        self.set_interval(POLL_SECONDS, self.tick)
        if self.viewer and not self.monitored_run.snapshot().over:
            self.say(ATTACHED)

    def tick(self) -> None:
        """Poll the run once: draw what is new, and quit if requested."""
        code = self._exit_request()
        if code is not None:
            self._exit_as_requested(code)
            return
        self.theme_choice.follow()
        self.draw_now()
        self._spare_what_stays()
        was_over, self._was_over = self._was_over, self.monitored_run.snapshot().over
        if self._was_over and not was_over:
            self._on_over(self.monitored_run.snapshot())

    def _spare_what_stays(self) -> None:
        """Once the run has compiled, leave all that exists to the end of the process out of garbage collection.

        TensorFlow and Keras keep a million objects; going through them takes a quarter of a second, in which neither
        a key is answered nor a step begun.
        """
        if not self._frozen_heap and self.monitored_run.snapshot().epochs_done:
            self._frozen_heap = True
            gc.freeze()

    def draw_now(self) -> None:
        """Draw the newest snapshot without waiting for the timer."""
        if not self._monitor.is_mounted:
            return  # A resize may come before the panels are mounted and after they are removed.
        snapshot = self.monitored_run.snapshot()
        self._clear_notice(snapshot)
        self._monitor.show(self._frame_of(snapshot), self._clock())

    def _frame_of(self, snapshot: Snapshot) -> Frame:
        if snapshot.phase != self._phase:
            self._phase, self._phase_since = snapshot.phase, self._clock()
        return Frame(
            snapshot=snapshot,
            name=self.run_name,
            threshold=self.threshold,
            log_scale=self.log_scale,
            frozen=self.frozen,
            notice=self._notice,
            phase_seconds=self._clock() - self._phase_since,
            view=self._monitor.view,
            read_only=self.read_only,
            chart_view=self._monitor.chart_view,
            paints=self.theme_choice.color_depth.has_greys and self._terminal.shows_unicode,
            viewer=self.viewer,
        )

    def say(self, notice: str) -> None:
        """Show a sentence in the header for a few seconds."""
        self._notice, self._unanswered = notice, None
        self._notice_until = self._clock() + NOTICE_SECONDS
        self.draw_now()

    def ask(self, command: Command, notice: str) -> None:
        """Send a command to the run unless the view is read-only; show the notice until the run answers."""
        if self.read_only:
            self.say(READ_ONLY)
            return
        self.monitored_run.send(command)
        self.say(notice)
        self._unanswered = _answers(self.monitored_run.snapshot())
        for polls in range(1, 5):
            self.set_timer(polls * ANSWER_POLL_SECONDS, self.tick)

    def _clear_notice(self, snapshot: Snapshot) -> None:
        answered = self._unanswered is not None and _answers(snapshot) != self._unanswered
        if answered or self._clock() >= self._notice_until:
            self._notice, self._unanswered = "", None

    def _on_over(self, snapshot: Snapshot) -> None:
        if self._exit_when_over:
            self.quit_app()
        elif isinstance(snapshot.ending, RunFailed):
            self._monitor.action_show_failure()

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Run the action of a key; if it has no effect now, show why."""
        if default_namespace is self._monitor and isinstance(action, str) and (why := self._monitor.answer(action)):
            self.say(why)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def quit_app(self) -> None:
        """Quit with the exit code that follows from the state of the run, which is stopped if it is still training.

        A run of another process is not stopped.
        """
        ending = self.monitored_run.snapshot().ending
        if self.viewer:
            self.exit(0)
        elif ending is None:
            self._stop_and_exit(EXIT_QUIT_WHILE_TRAINING, "stopped by the user")
        else:
            self.exit(EXIT_CODES.get(ending.kind, 1) if isinstance(ending, RunFailed) else 0)

    def detach_app(self) -> None:
        """Close the screen and leave the run training in the background; `run_screen` does the rest."""
        self.exit(DETACHED)

    def _exit_as_requested(self, code: int) -> None:
        """Quit because a signal came or the terminal was lost."""
        if self.viewer or (code == HANG_UP_EXIT_CODE and self.monitored_run.snapshot().over):
            self.quit_app()
        elif code == HANG_UP_EXIT_CODE:
            # The caller knows whether the run continues without a screen.
            self.exit(code)
        else:
            self._stop_and_exit(code, f"stopped by {signal.Signals(code - 128).name}")

    async def action_quit(self) -> None:
        self.quit_app()

    def action_interrupt(self) -> None:
        self.quit_app()

    def _stop_and_exit(self, code: int, reason: str) -> None:
        self.monitored_run.send(Stop(reason=reason))
        self.stop_sent = True
        self.exit(code)


def _answers(snapshot: Snapshot) -> tuple[object, ...]:
    """Return the values that change when a run answers a command."""
    pending = tuple((knob.pending, knob.pending_epoch) for knob in snapshot.knobs)
    refusals = snapshot.refusal, snapshot.rewind_refusal
    requests = snapshot.pause_requested, snapshot.paused, snapshot.over, pending
    return *requests, *refusals, snapshot.export, snapshot.branch.number, len(snapshot.receipts)
