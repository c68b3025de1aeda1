"""When a run writes checkpoints while it trains, so that it can be resumed exactly, and how a state is restored."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from fitmon.engine import events
from fitmon.engine.arrays import Arrays, Saved, under
from fitmon.engine.checkpoints.state import CheckpointFacts, StateReader, TrainingState, restore
from fitmon.engine.checkpoints.store import CheckpointStore, ReplayStretch

if TYPE_CHECKING:
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.progress import Progress
    from fitmon.engine.training.run_parts import RunParts

BEST_WEIGHTS = "best_weights"
SHARE_OF_EPOCH = 0.02
"""This share of an epoch's time may be spent until its end is on the disk: from then on a kill costs nothing of it."""


class CheckpointManager:
    """Captures the states of a run between two chunks. Without a store nothing is captured."""

    def __init__(self, parts: RunParts, store: CheckpointStore | None, emit: Callable[[events.Event], None]) -> None:
        """Capture nothing yet."""
        self._parts, self._store, self._emit = parts, store, emit
        self._reader = StateReader(parts.model, parts.model_knobs)
        self._before: TrainingState | None = None
        """What a stretch of the epoch under way began with, to be compared later."""
        self._last: TrainingState | None = None
        """What was committed last; None once a knob was changed since."""
        self._trained: TrainingState | None = None
        """The end of an epoch's training while its validation runs, which may take long."""
        self._committed: CheckpointFacts | None = None
        self._begun = False
        """Whether there is anything to commit: the untrained model is scored first."""
        self._trouble = ""

    def forget(self) -> None:
        """Find again what there is to capture: a knob was changed, or the step was traced."""
        self._reader.forget()
        self._before = self._last = None

    def begin_chunk(self, progress: Progress, *, ends_epoch: bool, traced: bool) -> None:
        """Capture the state before a chunk now and then, to be compared later.

        Where the epoch begins with what was committed last, that state costs nothing.

        Args:
            progress: before the chunk.
            ends_epoch: whether the chunk is known to be the epoch's last.
            traced: whether the chunk is about to be traced: it may make variables that the state before lacks.
        """
        if self._store is None or traced:
            return
        if not progress.step and self._last is not None and _place(self._last.facts) == _place(progress):
            self._before = self._last
        elif self._store.replay_due(progress.epochs_done + 1, ends_epoch=ends_epoch):
            self._before = self._state(progress)

    def end_chunk(self, progress: Progress, *, ends_epoch: bool) -> None:
        """Keep the stretch that the chunk ends, if it ends the epoch; `progress` is that after the chunk."""
        self._begun = True
        # A whole epoch that begins with a checkpoint is compared with the next one: it needs no file of its own.
        if ends_epoch and self._before is not None and self._before is not self._last:
            self._put_stretch(self._state(progress))

    def _put_stretch(self, after: TrainingState) -> None:
        """Keep the stretch of the epoch that ends with `after`, if there is one."""
        before = self._before
        if self._store is None or before is None:
            return
        if before.facts.epochs_done == after.facts.epochs_done and before.facts.step < after.facts.step:
            self._store.put_stretch(ReplayStretch(before, after))

    def end_training_of_epoch(self, progress: Progress) -> None:
        """Capture the state that a long validation begins with: if the run stops within it, the epoch is not lost."""
        if self._store is not None:
            self._trained = self._state(progress)

    def end_epoch(self, progress: Progress, epoch_seconds: float = 0.0) -> None:
        """Commit the end of an epoch that took that long, or the untrained model, if it is due."""
        self._trained, self._begun = None, True
        if self._store is not None and self._store.due(progress.epochs_done):
            self.commit(progress, patience_seconds=SHARE_OF_EPOCH * epoch_seconds)

    def commit(self, progress: Progress, patience_seconds: float = 0.0) -> None:
        """Write the run as it is now, unless that is written already; wait that long until it is on the disk."""
        if self._store is None or not self._begun:
            return
        facts = self._trained.facts if self._trained else self._facts(progress)
        if facts != self._committed:
            state = self._trained or self._state(progress)
            self._put_stretch(state)
            self._store.put(state, patience_seconds)
            self._committed, self._last, self._before = facts, state, state

    def report_trouble(self) -> None:
        """Report that checkpoints cannot be written, or can be again, when that has changed."""
        trouble = "" if self._store is None else self._store.trouble
        if trouble != self._trouble:
            self._trouble = trouble
            self._emit(events.CheckpointFailed(message=trouble) if trouble else events.CheckpointsResumed())

    def flush(self) -> None:
        """Wait until everything is written or has failed."""
        if self._store is not None:
            self._store.flush()
            self.report_trouble()

    def restore(self, state: TrainingState) -> tuple[bool, Observation | None]:
        """Return the run to a state.

        Returns whether the compiled step must be traced again, and the last observation of the validation samples.
        Raises DataError when the state is not of these samples or this model; the model has not changed then.
        """
        probe, facts = self._parts.report.probe, state.facts
        observation = None if probe is None else probe.restore(state.others)
        self._parts.report.diagnosis.restore(state.others)
        self._parts.best_weights.restore(Saved(state.others, BEST_WEIGHTS), facts.best)
        retrace = restore(self._parts.model, state, model_knobs=self._parts.model_knobs)
        self.forget()
        self._parts.pending.restore(
            facts.epochs_done,
            epochs=facts.epochs,
            batch_size=facts.batch_size,
            values=facts.values,
            waiting=facts.waiting,
        )
        self._trained, self._last, self._before, self._committed = None, state, state, facts
        self._begun = True
        return retrace, observation

    def _state(self, progress: Progress) -> TrainingState:
        probe = self._parts.report.probe
        others = ({} if probe is None else probe.arrays()) | self._parts.report.diagnosis.arrays()
        others |= under(BEST_WEIGHTS, self._best_weights_without_checkpoint(progress))
        return self._reader.capture(self._facts(progress), others=others)

    def _best_weights_without_checkpoint(self, progress: Progress) -> Arrays:
        best = progress.best
        due = best is None or self._store is None or self._store.due(best.epoch)
        return {} if due else self._parts.best_weights.arrays()

    def _facts(self, progress: Progress) -> CheckpointFacts:
        pending = self._parts.pending
        return CheckpointFacts(
            **msgspec.structs.asdict(progress),
            seed=self._parts.job.settings.seed,
            batch_size=pending.batch_size,
            epochs=pending.epochs,
            waiting=pending.waiting,
            values=pending.values(),
        )


def _place(progress: Progress) -> tuple[int, int]:
    return progress.epochs_done, progress.step
