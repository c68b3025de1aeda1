"""Puts a run that is under way to another state of it: where it was left, or where it was some epochs ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitmon.engine.checkpoints.state import ReplayTarget, TrainingState, capture, digest_of, digest_of_trained
from fitmon.engine.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    import keras

    from fitmon.engine.checkpoints.store import CheckpointStore
    from fitmon.engine.commands import Rewind
    from fitmon.engine.data.feed import Feed
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.knobs.model_knobs import ModelKnobs
    from fitmon.engine.knobs.pending_knobs import PendingKnobs
    from fitmon.engine.training.checkpointing import CheckpointManager
    from fitmon.engine.training.loop import TrainingLoop


class RewindTarget(Exception):  # noqa: N818 - going back is not an error
    """The user goes back to the end of an epoch."""

    def __init__(self, rewind: Rewind, parent: int, state: TrainingState) -> None:
        """Carry what was asked for, the branch that trained the epoch, and the state at its end."""
        super().__init__(f"back to epoch {rewind.epoch}")
        self.rewind, self.parent, self.state = rewind, parent, state


class StateRestorer:
    """Puts model, knobs, seeds and what is known of the samples to a state. Used by the training thread."""

    def __init__(
        self,
        *,
        model: keras.Model,
        model_knobs: ModelKnobs,
        loop: TrainingLoop,
        feed: Feed,
        changes: PendingKnobs,
        checkpoints: CheckpointManager,
        store: CheckpointStore | None,
        retrace: Callable[[], None],
    ) -> None:
        """Change nothing yet; `retrace` makes the next step see a changed model."""
        self._model, self._model_knobs, self._loop, self._feed = model, model_knobs, loop, feed
        self._pending, self._checkpoints, self._store, self._retrace = changes, checkpoints, store, retrace

    def restore(self, state: TrainingState) -> Observation | None:
        """Put the run to a state and return what was known of the validation samples then; raises DataError."""
        # A step of the user's own may make variables while it is traced; no batch is trained here.
        if not self._loop.traced:
            source = self._feed.begin_epoch(1, seed=state.facts.seed, batch_size=state.facts.batch_size)
            self._loop.run_chunk(source, 0, 0, state.facts.batch_size)
        retrace, observation = self._checkpoints.restore(state)
        if retrace:
            self._retrace()
        return observation

    def compare(self, before: TrainingState, replay: ReplayTarget) -> bool:
        """Train a stretch again from what it began with; return whether it leads to the same bits as it did then."""
        self.restore(before)
        facts, step = before.facts, before.facts.step
        last = replay.last_step or self._feed.steps(facts.batch_size) or 0
        if not step:
            self._loop.begin_epoch()
        source = self._feed.begin_epoch(
            facts.epochs_done + 1, seed=facts.seed, batch_size=facts.batch_size, first_step=step
        )
        stop = not facts.non_finite_told
        while step < last:
            chunk = self._loop.run_chunk(source, step, last, facts.batch_size, stop_at_non_finite=stop)
            if chunk.step == step:
                return False
            step = chunk.step
        after = capture(self._model, msgspec.structs.replace(facts, step=step), model_knobs=self._model_knobs)
        digest = digest_of_trained if replay.last_step is None else digest_of
        return digest(after.variables) == replay.digest

    def rewind_options(self, rewind: Rewind) -> RewindTarget:
        """Return the way back to an epoch, with nothing changed yet; raises FitmonError where there is none."""
        if self._store is None:
            raise UsageError("Expected a run that is kept on disk; this one has no checkpoints to go back to.")
        self._pending.check(rewind.changes)
        return RewindTarget(rewind, *self._store.load(rewind.epoch, rewind.branch))
