"""The application: polls the run by a timer, shows what it says, and knows when to leave."""

import signal
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

from textual.actions import ActionParseResult
from textual.app import App
from textual.dom import DOMNode
from textual.driver import Driver

from fitmon.engine.commands import Command, Stop
from fitmon.engine.errors import EXIT_CODES, EXIT_QUIT_WHILE_TRAINING
from fitmon.engine.events import Phase, RunFailed
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text.format import clean
from fitmon.tui.frame import Frame
from fitmon.tui.keys import KEYS, interrupt_binding
from fitmon.tui.run import RewindOptions, Run
from fitmon.tui.screens.host import READ_ONLY
from fitmon.tui.screens.monitor import MonitorScreen
from fitmon.tui.terminal import HANG_UP_EXIT_CODE

POLL_SECONDS = 0.25
"""How often the run is asked what is new."""

ANSWER_POLL_SECONDS = 0.05
"""How often it is asked while an answer to a key is awaited."""

NOTICE_SECONDS = 4.0
"""How long a notice stays when nothing answers it."""

ATTACHED = "attached: leaving lets the run go on"

STEERING_ACTIONS = {key.action for key in KEYS if key.alive_only}
"""Those of the keys that ask something of the run."""


class MonitorApp(App[int], inherit_bindings=False):
    """Shows one run; its result is the exit code of the process."""

    TITLE = "fitmon"
    ENABLE_COMMAND_PALETTE = False
    ESCAPE_TO_MINIMIZE = False
    ALLOW_SELECT = False
    BINDINGS: ClassVar = [interrupt_binding()]

    def __init__(
        self,
        run: Run,
        name: str,
        *,
        threshold: float = 0.5,
        log_path: Path | None = None,
        exit_when_over: bool = False,
        viewer: bool = False,
        read_only: bool = False,
        rewind_options: RewindOptions | None = None,
        asked_to_leave: Callable[[], int | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        driver_class: type[Driver] | None = None,
    ) -> None:
        """Build the application; nothing is started before its first picture stands.

        Args:
            run: What to show; started by the application.
            name: What the run is called.
            threshold: In [0, 1], the probability that must be exceeded to answer class 1.
            log_path: The file that TensorFlow's and the model's output goes to; None: there is none to show.
            exit_when_over: Leave as soon as the run is over.
            viewer: The run is another process's: leaving leaves it alone, and the exit code is 0.
            read_only: Nothing can be asked of the run.
            way_back: What the run can go back to; None: to any epoch.
            asked_to_leave: Returns the exit code once a signal asked the process to leave, `HANG_UP_EXIT_CODE` once the
                terminal has gone; None before.
            clock: Seconds since any fixed moment.
            driver_class: How Textual reaches the terminal; None: as Textual chooses.
        """
        # Told at once and not by the theme alone: NO_COLOR is honoured while the application is built.
        super().__init__(driver_class=driver_class, ansi_color=True)
        self.run_under_way = run
        self.threshold = threshold
        self.log_scale = False
        self.held = False
        self.viewer = viewer
        """Whether the run is another process's."""
        self.read_only = read_only
        """Whether nothing can be asked of the run."""
        self.stop_sent = False
        """Whether the run was asked to stop because somebody left."""
        self.run_name = clean(name) + _kind_of_view(viewer, read_only)
        self._exit_when_over = exit_when_over
        self._asked_to_leave = asked_to_leave
        self._clock = clock
        rewind_options = rewind_options or RewindOptions()
        self._monitor = MonitorScreen(
            log_path, kept_epochs=rewind_options.kept_epochs, why_no_rewind=rewind_options.why_not
        )
        self._notice = ""
        self._unanswered: tuple[object, ...] | None = None
        self._notice_until = 0.0
        self._phase: Phase | None = None
        self._phase_since = clock()
        self._was_over = False

    def on_mount(self) -> None:
        self.theme = "ansi-dark"
        self.push_screen(self._monitor)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.run_under_way.start()
        self.set_interval(POLL_SECONDS, self.tick)
        if self.viewer and not self.run_under_way.snapshot().over:
            self.say(ATTACHED)

    def tick(self) -> None:
        """Look at the run once: draw what is new, and leave if it is time to."""
        code = self._asked_to_leave()
        if code is not None:
            self._leave_with(code)
            return
        self.draw_now()
        was_over, self._was_over = self._was_over, self.run_under_way.snapshot().over
        if self._was_over and not was_over:
            self._on_over(self.run_under_way.snapshot())

    def draw_now(self) -> None:
        """Draw the newest picture without waiting for the timer."""
        if not self._monitor.is_mounted:
            return  # A resize may come before the panels are there and after they have gone.
        snapshot = self.run_under_way.snapshot()
        self._forget_notice(snapshot)
        self._monitor.show(self._picture(snapshot), self._clock())

    def _picture(self, snapshot: Snapshot) -> Frame:
        if snapshot.phase != self._phase:
            self._phase, self._phase_since = snapshot.phase, self._clock()
        return Frame(
            snapshot=snapshot,
            name=self.run_name,
            threshold=self.threshold,
            log_scale=self.log_scale,
            held=self.held,
            notice=self._notice,
            phase_seconds=self._clock() - self._phase_since,
            view=self._monitor.view,
            read_only=self.read_only,
        )

    def say(self, notice: str) -> None:
        """Show a sentence in the header for a moment."""
        self._notice, self._unanswered = notice, None
        self._notice_until = self._clock() + NOTICE_SECONDS
        self.draw_now()

    def ask(self, command: Command, notice: str) -> None:
        """Ask something of the run, if this view may; show it until the run answers, and look for the answer often."""
        if self.read_only:
            self.say(READ_ONLY)
            return
        self.run_under_way.send(command)
        self.say(notice)
        self._unanswered = _answers(self.run_under_way.snapshot())
        for polls in range(1, 5):
            self.set_timer(polls * ANSWER_POLL_SECONDS, self.tick)

    def _forget_notice(self, snapshot: Snapshot) -> None:
        answered = self._unanswered is not None and _answers(snapshot) != self._unanswered
        if answered or self._clock() >= self._notice_until:
            self._notice, self._unanswered = "", None

    def _on_over(self, snapshot: Snapshot) -> None:
        if self._exit_when_over:
            self.leave()
        elif isinstance(snapshot.ending, RunFailed):
            self._monitor.action_show_failure()

    async def run_action(
        self,
        action: "str | ActionParseResult",
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """Do what a key stands for, or say that this view may not."""
        if self.read_only and action in STEERING_ACTIONS:
            self.say(READ_ONLY)
            return True
        return await super().run_action(action, default_namespace, namespaces)

    def leave(self) -> None:
        """Leave with the exit code that the state of the run calls for, stopping it if it still trains.

        A run of another process is left alone.
        """
        ending = self.run_under_way.snapshot().ending
        if self.viewer:
            self.exit(0)
        elif ending is None:
            self._stop_and_exit(EXIT_QUIT_WHILE_TRAINING, "stopped by the user")
        else:
            self.exit(EXIT_CODES.get(ending.kind, 1) if isinstance(ending, RunFailed) else 0)

    def _leave_with(self, code: int) -> None:
        """Leave because a signal came or the terminal went."""
        if self.viewer or (code == HANG_UP_EXIT_CODE and self.run_under_way.snapshot().over):
            self.leave()
        elif code == HANG_UP_EXIT_CODE:
            # Whoever shows this screen knows whether the run goes on without one.
            self.exit(code)
        else:
            self._stop_and_exit(code, f"stopped by {signal.Signals(code - 128).name}")

    def action_leave(self) -> None:
        self.leave()

    def action_interrupt(self) -> None:
        self.leave()

    def _stop_and_exit(self, code: int, reason: str) -> None:
        self.run_under_way.send(Stop(reason=reason))
        self.stop_sent = True
        self.exit(code)


def _kind_of_view(viewer: bool, read_only: bool) -> str:
    if not viewer:
        return ""
    return " (read-only)" if read_only else " (attached)"


def _answers(snapshot: Snapshot) -> tuple[object, ...]:
    """Return everything by which a run answers a command, to tell whether it has."""
    pending = tuple((knob.pending, knob.pending_epoch) for knob in snapshot.knobs)
    refusals = snapshot.refusal, snapshot.rewind_refusal
    asked = snapshot.pause_asked, snapshot.paused, snapshot.over, pending
    return *asked, *refusals, snapshot.export, snapshot.branch.number, len(snapshot.receipts)
