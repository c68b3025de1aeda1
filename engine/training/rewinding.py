"""Returns a run to another state of it: where it was left, or where it was some epochs ago."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from fitmon.engine.checkpoints.state import ReplayTarget, TrainingState, capture, digest_of, digest_of_trained
from fitmon.engine.errors import UsageError

if TYPE_CHECKING:
    from fitmon.engine.checkpoints.store import CheckpointStore
    from fitmon.engine.commands import Rewind
    from fitmon.engine.insight.observer import Observation
    from fitmon.engine.training.checkpointing import CheckpointManager
    from fitmon.engine.training.run_parts import RunParts


class RewindTarget(Exception):  # noqa: N818 - a rewind is not an error
    """The user rewinds the run to the end of an epoch."""

    def __init__(self, rewind: Rewind, parent: int, state: TrainingState) -> None:
        """Carry the request, the branch that trained the epoch, and the state at its end."""
        super().__init__(f"rewind to epoch {rewind.epoch}")
        self.rewind, self.parent, self.state = rewind, parent, state


class StateRestorer:
    """Restores model, knobs, seeds and what is known of the samples. Used by the training thread."""

    def __init__(self, parts: RunParts, checkpoints: CheckpointManager, store: CheckpointStore | None) -> None:
        """Change nothing yet."""
        self._parts, self._checkpoints, self._store = parts, checkpoints, store

    def restore(self, state: TrainingState) -> Observation | None:
        """Return the run to a state and return the observation of the validation samples then; raises DataError."""
        # A user's step may make variables while it is traced; no batch is trained here.
        if not self._parts.loop.traced:
            source = self._parts.feed.begin_epoch(1, seed=state.facts.seed, batch_size=state.facts.batch_size)
            self._parts.loop.run_chunk(source, 0, 0, state.facts.batch_size)
        retrace, observation = self._checkpoints.restore(state)
        if retrace:
            self._parts.retrace()
        return observation

    def compare(self, before: TrainingState, replay: ReplayTarget) -> bool:
        """Train a stretch again from its beginning; return whether it leads to the same bits as it did then."""
        self.restore(before)
        loop, feed, facts, step = self._parts.loop, self._parts.feed, before.facts, before.facts.step
        last = replay.last_step or feed.steps(facts.batch_size) or 0
        if not step:
            loop.begin_epoch()
        source = feed.begin_epoch(facts.epochs_done + 1, seed=facts.seed, batch_size=facts.batch_size, first_step=step)
        stop = not facts.non_finite_reported
        while step < last:
            chunk = loop.run_chunk(source, step, last, facts.batch_size, stop_at_non_finite=stop)
            if chunk.step == step:
                return False
            step = chunk.step
        after = capture(
            self._parts.model, msgspec.structs.replace(facts, step=step), model_knobs=self._parts.model_knobs
        )
        digest = digest_of_trained if replay.last_step is None else digest_of
        return digest(after.variables) == replay.digest

    def target_of(self, rewind: Rewind) -> RewindTarget:
        """Return what a rewind leads to, with nothing changed yet; raises FitmonError where it cannot be done."""
        if self._store is None:
            raise UsageError("This run is not saved to disk, so it has no checkpoints to rewind to.")
        self._parts.pending.check(rewind.changes)
        return RewindTarget(rewind, *self._store.load(rewind.epoch, rewind.branch))
