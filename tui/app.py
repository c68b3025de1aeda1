"""The application: polls the run by a timer, shows what it says, and knows when to leave."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.driver import Driver
from textual.geometry import Size

from fitmon.engine.commands import Stop
from fitmon.engine.errors import EXIT_CODES, EXIT_QUIT_WHILE_TRAINING
from fitmon.engine.events import Phase, RunFailed
from fitmon.engine.record import Snapshot
from fitmon.tui.format import clean
from fitmon.tui.keys import interrupt_binding
from fitmon.tui.picture import Picture
from fitmon.tui.run import Run
from fitmon.tui.screens.monitor import MonitorScreen

POLL_SECONDS = 0.25
"""How often the run is asked what is new."""

ANSWER_POLL_SECONDS = 0.05
"""How often it is asked while an answer to a key is awaited."""

NOTICE_SECONDS = 4.0
"""How long a notice stays when nothing answers it."""


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
            asked_to_leave: Returns the exit code once a signal asked the process to leave; None before.
            clock: Seconds since any fixed moment.
            driver_class: How Textual reaches the terminal; None: as Textual chooses.
        """
        # Told at once and not by the theme alone: NO_COLOR is honoured while the application is built.
        super().__init__(driver_class=driver_class, ansi_color=True)
        self.run_under_way = run
        self.threshold = threshold
        self.log_scale = False
        self.held = False
        self.run_name = clean(name)
        self._exit_when_over = exit_when_over
        self._asked_to_leave = asked_to_leave
        self._clock = clock
        self._monitor = MonitorScreen(log_path)
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

    def tick(self) -> None:
        """Look at the run once: draw what is new, and leave if it is time to."""
        code = self._asked_to_leave()
        if code is not None:
            self._stop_and_exit(code)
            return
        self.draw_now()
        if not self._was_over and self.run_under_way.snapshot().over:
            self._was_over = True
            self._on_over(self.run_under_way.snapshot())

    def draw_now(self, _size: Size | None = None) -> None:
        """Draw the newest picture without waiting for the timer."""
        if not self._monitor.is_mounted:
            return  # A resize may come before the panels are there and after they have gone.
        snapshot = self.run_under_way.snapshot()
        self._forget_notice(snapshot)
        self._monitor.show(self._picture(snapshot), self._clock())

    def _picture(self, snapshot: Snapshot) -> Picture:
        if snapshot.phase != self._phase:
            self._phase, self._phase_since = snapshot.phase, self._clock()
        return Picture(
            snapshot=snapshot,
            name=self.run_name,
            threshold=self.threshold,
            log_scale=self.log_scale,
            held=self.held,
            notice=self._notice,
            phase_seconds=self._clock() - self._phase_since,
            view=self._monitor.view,
        )

    def say(self, notice: str) -> None:
        """Show a sentence in the header for a moment."""
        self._notice, self._unanswered = notice, None
        self._notice_until = self._clock() + NOTICE_SECONDS
        self.draw_now()

    def notice_until_answered(self, notice: str) -> None:
        """Show what was asked of the run at once, until it answers, and look for the answer often."""
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

    def leave(self) -> None:
        """Leave with the exit code that the state of the run calls for, stopping it if it still trains."""
        ending = self.run_under_way.snapshot().ending
        if ending is None:
            self._stop_and_exit(EXIT_QUIT_WHILE_TRAINING)
        else:
            self.exit(EXIT_CODES.get(ending.kind, 1) if isinstance(ending, RunFailed) else 0)

    def action_leave(self) -> None:
        self.leave()

    def action_interrupt(self) -> None:
        self.leave()

    def _stop_and_exit(self, code: int) -> None:
        self.run_under_way.send(Stop())
        self.exit(code)


def _answers(snapshot: Snapshot) -> tuple[object, ...]:
    """Return everything by which a run answers a command, to tell whether it has."""
    pending = tuple((knob.pending, knob.pending_epoch) for knob in snapshot.knobs)
    return snapshot.pause_asked, snapshot.paused, snapshot.refusal, snapshot.over, pending, len(snapshot.receipts)
