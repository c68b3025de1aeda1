"""Keeps a run's checkpoints while it trains, one folder per branch, and loads the one to rewind to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fitmon.engine.checkpoints.checkpoint import forget_replay, read_checkpoint, write_checkpoint, write_replay
from fitmon.engine.checkpoints.find import kept_epochs
from fitmon.engine.checkpoints.index import CheckpointIndex
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.checkpoints.retention import StoredCheckpoint
from fitmon.engine.checkpoints.state import ReplayTarget, TrainingState, digest_of
from fitmon.engine.checkpoints.writer import CheckpointWriter
from fitmon.engine.errors import DiskError, UsageError
from fitmon.engine.record.branch import Branch
from fitmon.engine.runs.private_files import make_private_folders
from fitmon.engine.runs.run_folder import RunFolder

MAX_WAIT_SECONDS = 1.0
"""A disk that needs longer per checkpoint no longer delays the training; the checkpoint is written in the meantime."""
SECONDS_BETWEEN_REPLAYS = 1.0
"""The state before the last chunk of an epoch is kept at most this often: it costs as much as two checkpoints."""
SECONDS_BETWEEN_REPLAYS_INSIDE = 10.0
"""The same inside an epoch, which may take hours."""


@dataclass(frozen=True, slots=True)
class ReplayStretch:
    """A stretch of an epoch that a resumed run can replay to prove that it computes the same."""

    before: TrainingState
    """What the stretch began with."""
    after: TrainingState
    """What it led to, with `facts.step` at the chunk's end, so that the metrics are included."""


class CheckpointStore:
    """Writes and loads the checkpoints of one run. Used by the training thread; the files are written by another."""

    def __init__(
        self,
        folder: RunFolder,
        *,
        policy: CheckpointPolicy,
        branch: int = 1,
        branches: Iterable[Branch] = (),
        other_trouble: Callable[[], str] = str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start the writing thread.

        Args:
            folder: of the run, which the caller has locked.
            policy: how often to save, and how much to keep.
            branch: the current branch.
            branches: all branches so far.
            other_trouble: returns what else of the run cannot be written, as a sentence; empty when all is well.
            clock: seconds, from any starting point.
        """
        self._folder, self._policy, self._clock = folder, policy, clock
        self.branch = branch
        """The current branch."""
        self._branch_origins = {b.number: (b.parent, b.from_epoch) for b in branches if b.parent is not None}
        self._best_epochs = {b.number: b.best.epoch for b in branches if b.best is not None}
        self._other_trouble = other_trouble
        self._index: CheckpointIndex | None = None
        """Made and used by the writing thread, since reading the folders of a long run takes a while."""
        self._writer = CheckpointWriter()
        self._replay_seconds: float | None = None

    def due(self, epoch: int) -> bool:
        """Return whether the end of an epoch should be saved."""
        return epoch % self._policy.every_epochs == 0

    def replay_due(self, epoch: int, *, ends_epoch: bool) -> bool:
        """Return whether the caller must take the state before the next chunk, for a `ReplayStretch`.

        With a checkpoint only every few epochs, the last chunk of such an epoch is always due: nothing else proves it.
        """
        now = self._clock()
        interval = SECONDS_BETWEEN_REPLAYS if ends_epoch else SECONDS_BETWEEN_REPLAYS_INSIDE
        due = self._replay_seconds is None or now - self._replay_seconds >= interval
        due |= ends_epoch and self._policy.every_epochs > 1 and self.due(epoch)
        if due:
            self._replay_seconds = now
        return due

    def put(self, state: TrainingState, wait_seconds: float = 0.0) -> None:
        """Save a state; waits for the previous one, and up to `wait_seconds` for this one.

        Once it is on disk, killing the process costs no finished epoch. On a slower disk it is written while the
        training continues, and a kill may cost one finished epoch.
        """
        self._writer.flush(MAX_WAIT_SECONDS)
        if state.facts.best is not None:
            self._best_epochs[self.branch] = state.facts.best.epoch
        self._writer.put(partial(self._write, state, self.branch, dict(self._best_epochs)), _bytes_of(state))
        if wait_seconds:
            self._writer.flush(wait_seconds)

    def put_stretch(self, stretch: ReplayStretch) -> None:
        """Save a stretch in place of the previous one; returns at once."""
        self._writer.put(partial(self._write_stretch, stretch), _bytes_of(stretch.before) + _bytes_of(stretch.after))

    @property
    def trouble(self) -> str:
        """What cannot be written now, as a sentence; empty when all is well."""
        return self._writer.last_error or self._other_trouble()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Wait until everything is written or has failed; return False on a timeout."""
        return self._writer.flush(timeout_seconds)

    def close(self, timeout_seconds: float | None = None) -> bool:
        """Write what is queued and end the thread; return whether it has ended."""
        return self._writer.close(timeout_seconds)

    def begin_branch(self, parent: int, epoch: int) -> int:
        """Save from now on into a new branch, which starts at the end of an epoch of `parent`; return its number."""
        self.branch = 1 + max([self.branch, *self._folder.branch_numbers()])
        self._branch_origins[self.branch] = parent, epoch
        return self.branch

    def load(self, epoch: int, branch: int | None = None) -> tuple[int, TrainingState]:
        """Return the branch that trained an epoch, and the state at its end; epoch 0 is the untrained model.

        Raises UsageError when there is no such checkpoint, DataError when it is damaged.
        """
        self.flush()
        owner = self._owner(self.branch if branch is None else branch, epoch)
        kept = kept_epochs(self._folder).get(owner, {})
        if epoch not in kept:
            nearest = sorted(kept, key=lambda other: abs(other - epoch))[:3]
            nearby = f" Epochs nearby with one: {', '.join(map(str, sorted(nearest)))}." if nearest else ""
            raise UsageError(f"Epoch {epoch} of branch {owner} has no checkpoint.{nearby}")
        return owner, read_checkpoint(kept[epoch])

    def _owner(self, branch: int, epoch: int) -> int:
        while branch in self._branch_origins:
            parent, from_epoch = self._branch_origins[branch]
            if parent is None or epoch > from_epoch:
                break
            branch = parent
        return branch

    def _write(self, state: TrainingState, branch: int, best_epochs: Mapping[int, int]) -> None:
        index = self._index = self._index or CheckpointIndex(self._folder, self._policy.kept_bytes)
        folder = self._folder.branch_path(branch)
        make_private_folders(folder)
        size = self._write_into(folder, state).stat().st_size
        index.add(branch, StoredCheckpoint(state.facts.epochs_done, state.facts.step, size, folder))
        for owner, checkpoint in index.excess(best_epochs):
            checkpoint.path.unlink(missing_ok=True)
            index.remove(owner, checkpoint)

    def _write_into(self, folder: Path, state: TrainingState) -> Path:
        try:
            return write_checkpoint(folder, state)
        except DiskError:
            # On a nearly full disk a checkpoint is worth more than the stretch that proves one.
            if not forget_replay(self._folder.checkpoints_path):
                raise
            return write_checkpoint(folder, state)

    def _write_stretch(self, stretch: ReplayStretch) -> None:
        make_private_folders(self._folder.checkpoints_path)
        replay = ReplayTarget(last_step=stretch.after.facts.step, digest=digest_of(stretch.after.variables))
        write_replay(self._folder.checkpoints_path, stretch.before, replay)


def _bytes_of(state: TrainingState) -> int:
    return sum(array.nbytes for group in (state.variables, state.others) for array in group.values())
