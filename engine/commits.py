"""What a run keeps of itself while it trains, so that it can go on exactly: when, and how it is put back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.durable.keeper import Keeper, Seen
from fitmon.engine.durable.state import Facts, Reader, State, restore

if TYPE_CHECKING:
    import keras

    from fitmon.engine.branch import BestEpoch
    from fitmon.engine.changes import Changes
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.knobs.panel import Panel
    from fitmon.engine.probe import Probe


class Commits:
    """Takes the states of a run between two chunks. Without a keeper nothing is taken."""

    def __init__(
        self,
        keeper: Keeper | None,
        *,
        model: keras.Model,
        panel: Panel,
        changes: Changes,
        probe: Probe | None,
        seed: int,
        best: Callable[[], BestEpoch | None],
        emit: Callable[[events.Event], None],
    ) -> None:
        """Take nothing yet; `best` is asked for the best epoch so far."""
        self._keeper, self._model, self._panel, self._changes, self._probe = keeper, model, panel, changes, probe
        self._reader = Reader(model, panel)
        self._seed, self._best, self._emit = seed, best, emit
        self._before: State | None = None
        self._trained: State | None = None
        self._position = (-1, 0)
        self._committed: Facts | None = None
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

    def begin_chunk(self, epoch: int, step: int, *, ends_epoch: bool, traced: bool) -> None:
        """Take note that a chunk begins; now and then one is watched, to be compared later.

        Args:
            epoch: one-based.
            step: steps of it done so far.
            ends_epoch: whether the chunk is known to be its last.
            traced: whether the chunk is traced anew: it may make variables that the state before lacks.
        """
        if self._keeper is not None and not traced and self._keeper.replay_due(ends_epoch=ends_epoch):
            self._before = self._state(epoch - 1, step)

    def end_chunk(self, epoch: int, step: int, metrics: Mapping[str, float], seconds: float) -> None:
        """Take note of how far the run is."""
        self._position, self.epoch_metrics, self.epoch_seconds = (epoch - 1, step), metrics, seconds
        if self._keeper is not None and self._before is not None:
            self._keeper.put_seen(Seen(self._before, self._state(*self._position)))
            self._before = None

    def end_training_of_epoch(self) -> None:
        """Take the state that a long validation begins with: should the run stop within it, the epoch is not lost."""
        if self._keeper is not None:
            self._trained = self._state(*self._position)

    def end_epoch(self, epoch: int) -> None:
        """Keep the end of an epoch, or the model before training with the epoch 0, if it is due."""
        self._trained, self._position, self.epoch_metrics, self.epoch_seconds = None, (epoch, 0), {}, 0.0
        if self._keeper is not None and self._keeper.due(epoch):
            self.commit()

    def commit(self) -> None:
        """Keep the run as it is now, unless that is kept already."""
        if self._keeper is None or self._position[0] < 0:
            return
        facts = self._trained.facts if self._trained else self._facts(*self._position)
        if facts != self._committed:
            self._keeper.put(self._trained or self._state(*self._position))
            self._committed = facts

    def tell_trouble(self) -> None:
        """Tell that checkpoints cannot be written, or can be again, if that is news."""
        trouble = "" if self._keeper is None else self._keeper.trouble
        if trouble != self._trouble:
            self._trouble = trouble
            self._emit(events.CheckpointFailed(message=trouble) if trouble else events.CheckpointsResumed())

    def flush(self) -> None:
        """Wait until everything is written or has failed."""
        if self._keeper is not None:
            self._keeper.flush()
            self.tell_trouble()

    def restore(self, state: State) -> tuple[bool, Observation | None]:
        """Put the run back to a state.

        Returns whether the compiled step must be traced again, and what was known of the validation samples. Raises
        DataError when the state is not of these samples or this model; the model has not changed then.
        """
        observation = None if self._probe is None else self._probe.restore(state.others)
        retrace = restore(self._model, state, panel=self._panel)
        self.forget()
        facts = state.facts
        self._changes.restore(facts)
        self._position, self._trained, self._before = (facts.epochs_done, facts.step), None, None
        self._committed = facts
        self.epoch_seconds, self.non_finite_told = facts.epoch_seconds, facts.non_finite_told
        self.epoch_metrics = {name: math.nan if v is None else v for name, v in facts.epoch_metrics.items()}
        return retrace, observation

    def _state(self, epochs_done: int, step: int) -> State:
        others = {} if self._probe is None else self._probe.arrays()
        return self._reader.capture(self._facts(epochs_done, step), others=others)

    def _facts(self, epochs_done: int, step: int) -> Facts:
        return Facts(
            epochs_done=epochs_done,
            step=step,
            seed=self._seed,
            batch_size=self._changes.batch_size,
            epochs=self._changes.epochs,
            best=self._best(),
            waiting=self._changes.waiting,
            values=self._changes.values(),
            epoch_seconds=self.epoch_seconds,
            epoch_metrics={name: v if math.isfinite(v) else None for name, v in self.epoch_metrics.items()},
            non_finite_told=self.non_finite_told,
        )
