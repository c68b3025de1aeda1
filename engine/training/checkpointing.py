"""What a run keeps of itself while it trains, so that it can go on exactly: when, and how it is put back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.arrays import Arrays, Saved, under
from fitmon.engine.checkpoints.state import CheckpointFacts, StateReader, TrainingState, restore
from fitmon.engine.checkpoints.store import CheckpointStore, ReplayStretch

if TYPE_CHECKING:
    import keras

    from fitmon.engine.evaluation.probe import Probe
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.knobs.model_knobs import ModelKnobs
    from fitmon.engine.knobs.pending_knobs import PendingKnobs
    from fitmon.engine.record.branch import BestEpoch
    from fitmon.engine.training.best_weights import BestWeights
    from fitmon.engine.training.epoch_diagnosis import EpochDiagnosis


BEST_WEIGHTS = "best_weights"
SHARE_OF_EPOCH = 0.02
"""So much of an epoch's time may be spent until its end is on the disk: from then on a kill costs nothing of it."""


class CheckpointManager:
    """Takes the states of a run between two chunks. Without a keeper nothing is taken."""

    def __init__(
        self,
        store: CheckpointStore | None,
        *,
        model: keras.Model,
        model_knobs: ModelKnobs,
        changes: PendingKnobs,
        probe: Probe | None,
        epoch_diagnosis: EpochDiagnosis,
        seed: int,
        best: Callable[[], BestEpoch | None],
        best_weights: BestWeights,
        emit: Callable[[events.Event], None],
    ) -> None:
        """Take nothing yet; `best` is asked for the best epoch so far."""
        self._store, self._model, self._model_knobs, self._pending, self._probe = (
            store,
            model,
            model_knobs,
            changes,
            probe,
        )
        self._epoch_diagnosis = epoch_diagnosis
        self._reader = StateReader(model, model_knobs)
        self._seed, self._best, self._best_weights, self._emit = seed, best, best_weights, emit
        self._before: TrainingState | None = None
        """What a stretch of the epoch under way began with, to be compared later."""
        self._last: TrainingState | None = None
        """What was committed last; None once a knob was turned since."""
        self._trained: TrainingState | None = None
        self._position = (-1, 0)
        self._committed: CheckpointFacts | None = None
        self._trouble = ""
        self.epoch_seconds = 0.0
        """Time spent on the epoch under way."""
        self.epoch_metrics: Mapping[str, float] = {}
        """Keras's running values of the epoch under way."""
        self.non_finite_told = False
        """Whether somebody knows that the loss is no number."""

    def forget(self) -> None:
        """Find out anew what there is to keep: a knob was turned, or the step was traced."""
        self._reader.forget()
        self._before = self._last = None

    def begin_chunk(self, epoch: int, step: int, *, ends_epoch: bool, traced: bool) -> None:
        """Take note that a chunk begins; now and then the state before it is taken, to be compared later.

        Where the epoch begins with what was committed last, that state costs nothing.

        Args:
            epoch: one-based.
            step: steps of it done so far.
            ends_epoch: whether the chunk is known to be its last.
            traced: whether the chunk is traced anew: it may make variables that the state before lacks.
        """
        if self._store is None or traced:
            return
        if not step and self._last is not None and _place(self._last) == (epoch - 1, 0):
            self._before = self._last
        elif self._store.replay_due(epoch, ends_epoch=ends_epoch):
            self._before = self._state(epoch - 1, step)

    def end_chunk(
        self, epoch: int, step: int, metrics: Mapping[str, float], seconds: float, *, ends_epoch: bool
    ) -> None:
        """Take note of how far the run is."""
        self._position, self.epoch_metrics, self.epoch_seconds = (epoch - 1, step), metrics, seconds
        # A whole epoch that begins with a checkpoint is compared with the next one: it needs no file of its own.
        if ends_epoch and self._before is not self._last:
            self._put_seen(self._state(*self._position) if self._before else None)

    def _put_seen(self, after: TrainingState | None) -> None:
        """Keep the stretch of the epoch that ends with `after`, if there is one."""
        before = self._before
        if self._store is None or before is None or after is None:
            return
        if before.facts.epochs_done == after.facts.epochs_done and before.facts.step < after.facts.step:
            self._store.put_stretch(ReplayStretch(before, after))

    def end_training_of_epoch(self) -> None:
        """Take the state that a long validation begins with: should the run stop within it, the epoch is not lost."""
        if self._store is not None:
            self._trained = self._state(*self._position)

    def end_epoch(self, epoch: int, seconds: float = 0.0) -> None:
        """Keep the end of an epoch that took so long, or the model before training with the epoch 0, if it is due."""
        self._trained, self._position, self.epoch_metrics, self.epoch_seconds = None, (epoch, 0), {}, 0.0
        if self._store is not None and self._store.due(epoch):
            self.commit(patience_seconds=SHARE_OF_EPOCH * seconds)

    def commit(self, patience_seconds: float = 0.0) -> None:
        """Keep the run as it is now, unless that is kept already; wait so long until it is on the disk."""
        if self._store is None or self._position[0] < 0:
            return
        facts = self._trained.facts if self._trained else self._facts(*self._position)
        if facts != self._committed:
            state = self._trained or self._state(*self._position)
            self._put_seen(state)
            self._store.put(state, patience_seconds)
            self._committed, self._last, self._before = facts, state, state

    def tell_trouble(self) -> None:
        """Tell that checkpoints cannot be written, or can be again, if that is news."""
        trouble = "" if self._store is None else self._store.trouble
        if trouble != self._trouble:
            self._trouble = trouble
            self._emit(events.CheckpointFailed(message=trouble) if trouble else events.CheckpointsResumed())

    def flush(self) -> None:
        """Wait until everything is written or has failed."""
        if self._store is not None:
            self._store.flush()
            self.tell_trouble()

    def restore(self, state: TrainingState) -> tuple[bool, Observation | None]:
        """Put the run back to a state.

        Returns whether the compiled step must be traced again, and what was known of the validation samples. Raises
        DataError when the state is not of these samples or this model; the model has not changed then.
        """
        observation = None if self._probe is None else self._probe.restore(state.others)
        self._epoch_diagnosis.restore(state.others)
        self._best_weights.restore(Saved(state.others, BEST_WEIGHTS), state.facts.best)
        retrace = restore(self._model, state, model_knobs=self._model_knobs)
        self.forget()
        facts = state.facts
        self._pending.restore(
            facts.epochs_done,
            epochs=facts.epochs,
            batch_size=facts.batch_size,
            values=facts.values,
            waiting=facts.waiting,
        )
        self._position, self._trained = (facts.epochs_done, facts.step), None
        self._last = self._before = state
        self._committed = facts
        self.epoch_seconds, self.non_finite_told = facts.epoch_seconds, facts.non_finite_told
        self.epoch_metrics = {name: math.nan if v is None else v for name, v in facts.epoch_metrics.items()}
        return retrace, observation

    def _state(self, epochs_done: int, step: int) -> TrainingState:
        others = ({} if self._probe is None else self._probe.arrays()) | self._epoch_diagnosis.arrays()
        others |= under(BEST_WEIGHTS, self._best_weights_without_checkpoint())
        return self._reader.capture(self._facts(epochs_done, step), others=others)

    def _best_weights_without_checkpoint(self) -> Arrays:
        best = self._best()
        due = best is None or self._store is None or self._store.due(best.epoch)
        return {} if due else self._best_weights.arrays()

    def _facts(self, epochs_done: int, step: int) -> CheckpointFacts:
        return CheckpointFacts(
            epochs_done=epochs_done,
            step=step,
            seed=self._seed,
            batch_size=self._pending.batch_size,
            epochs=self._pending.epochs,
            best=self._best(),
            waiting=self._pending.waiting,
            values=self._pending.values(),
            epoch_seconds=self.epoch_seconds,
            epoch_metrics={name: v if math.isfinite(v) else None for name, v in self.epoch_metrics.items()},
            non_finite_told=self.non_finite_told,
        )


def _place(state: TrainingState) -> tuple[int, int]:
    return state.facts.epochs_done, state.facts.step
