"""What commands do to a run between two chunks: pause and resume, change knobs, rewind, detach, stop."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.commands import PauseAt
from fitmon.engine.events import Phase

if TYPE_CHECKING:
    from fitmon.engine.commands import Rewind
    from fitmon.engine.knobs.pending_knobs import PendingKnobs
    from fitmon.engine.training.control import Control
    from fitmon.engine.training.reporter import Reporter
    from fitmon.engine.training.rewinding import RewindTarget


class CommandProcessor:
    """Carries out the commands that have arrived. Used by the training thread."""

    def __init__(
        self,
        control: Control,
        reporter: Reporter,
        pending: PendingKnobs,
        *,
        commit: Callable[[], None],
        target_of: Callable[[Rewind], RewindTarget | None],
    ) -> None:
        """Carry out nothing yet.

        Args:
            control: where commands arrive.
            reporter: where their effects are reported.
            pending: takes changes of knobs.
            commit: writes a checkpoint of the run as it is now.
            target_of: returns what a rewind leads to; None where it was refused.
        """
        self._control, self._reporter, self._pending = control, reporter, pending
        self._commit, self._target_of = commit, target_of
        self._commit_due = False

    def process(self, epoch: int, *, may_stop: bool = True) -> None:
        """Carry out what has arrived; raises StopRequested or RewindTarget.

        Args:
            epoch: the last one that has begun; 0: none.
            may_stop: whether a stop may end what is being done now.
        """
        pause_before = self._control.pause_at
        if may_stop:
            self._control.raise_if_stopped()
        self._control.take_in()
        self._report_pause(pause_before)
        self._carry_out(epoch)

    def commit_if_due(self) -> None:
        """Write the checkpoint that the end of a terminal calls for."""
        if self._commit_due:
            self._commit_due = False
            self._commit()

    def pause_if_requested(self, epoch: int, step: int, *, at_epoch_end: bool) -> None:
        """Pause here if a pause was requested that takes effect here."""
        wanted = self._control.pause_at
        if wanted is PauseAt.CHUNK or (wanted is PauseAt.EPOCH and at_epoch_end):
            self.pause(epoch, step, "requested")

    def pause(self, epoch: int, step: int, reason: str) -> None:
        """Pause until the user resumes the run; raises StopRequested or RewindTarget."""
        self._control.pause_at = PauseAt.CHUNK
        self._reporter.emit(events.RunPaused(epoch=epoch, step=step, reason=reason))
        self._reporter.enter(Phase.PAUSED)
        self._commit()
        while self._control.pause_at is not None:
            self._control.wait()
            self._control.raise_if_stopped()
            self._carry_out(epoch)
        self._reporter.emit(events.PauseEnded())
        self._reporter.enter(Phase.TRAINING)

    def _carry_out(self, epoch: int) -> None:
        for request in self._control.take_knob_requests():
            self._pending.answer(request, epoch)
        if reason := self._control.take_detach_reason():
            self._reporter.emit(events.RunDetached(reason=reason))
            self._commit_due = True
        rewind = self._control.take_rewind()
        target = None if rewind is None else self._target_of(rewind)
        if target is not None:
            raise target

    def _report_pause(self, before: PauseAt | None) -> None:
        now = self._control.pause_at
        if now is not None and now != before:
            self._reporter.emit(events.PauseRequested(at=now))
        elif now is None and before is not None:
            self._reporter.emit(events.PauseEnded())
