"""Keeps a run's checkpoints while it trains, one folder a branch, and finds the one to go back to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fitmon.engine.checkpoints.checkpoint import forget_replay, read_checkpoint, stored_checkpoints, write_replay
from fitmon.engine.checkpoints.files import CheckpointFiles
from fitmon.engine.checkpoints.policy import CheckpointPolicy
from fitmon.engine.checkpoints.retention import StoredCheckpoint
from fitmon.engine.checkpoints.state import Replay, State, digest_of
from fitmon.engine.checkpoints.writer import CheckpointWriter
from fitmon.engine.errors import DataError, DiskError, UsageError
from fitmon.engine.record.branch import Branch
from fitmon.engine.runs.private_files import make_private_folders
from fitmon.engine.runs.run_folder import RunFolder

LONGEST_WAIT_SECONDS = 1.0
"""A disk that is slower than this per checkpoint does not hold the training up any longer; what waits is kept later."""
SECONDS_BETWEEN_REPLAYS = 1.0
"""The state before the last chunk of an epoch is taken this often, as keeping it costs as much as two checkpoints; and
one inside an epoch, which may be hours long, `TIMES_LONGER_INSIDE` as seldom."""
TIMES_LONGER_INSIDE = 10


@dataclass(frozen=True, slots=True)
class Seen:
    """A stretch of an epoch that was watched: what it began with, and what it led to."""

    before: State
    after: State
    """With `facts.step` at the chunk's end, so that metrics belong to it."""


class CheckpointStore:
    """Writes the checkpoints of one run. Used by the training thread."""

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
            keeping: how much of it is kept.
            branch: the one under way.
            branches: all there are so far.
            other_trouble: says what else of the run cannot be written, as a sentence; empty when all is well.
            clock: seconds, from any starting point.
        """
        self._folder, self._policy, self._clock = folder, policy, clock
        self.branch = branch
        """The branch under way."""
        self._branch_origins = {b.number: (b.parent, b.from_epoch) for b in branches if b.parent is not None}
        self._best = {b.number: b.best.epoch for b in branches if b.best is not None}
        self._other_trouble = other_trouble
        self._shelf = CheckpointFiles(folder, policy.kept_bytes)
        self._writer = CheckpointWriter()
        self._replay_seconds: float | None = None

    def due(self, epoch: int) -> bool:
        """Return whether an epoch's end is to be kept."""
        return epoch % self._policy.every_epochs == 0

    def replay_due(self, epoch: int, *, ends_epoch: bool) -> bool:
        """Return whether the state before the next chunk of an epoch should be taken; if so, it is.

        Where not every epoch is kept, the last chunk of one that is has no other proof.
        """
        now, wait = self._clock(), SECONDS_BETWEEN_REPLAYS * (1 if ends_epoch else TIMES_LONGER_INSIDE)
        due = self._replay_seconds is None or now - self._replay_seconds >= wait
        due |= ends_epoch and self._policy.every_epochs > 1 and self.due(epoch)
        if due:
            self._replay_seconds = now
        return due

    def put(self, state: State, patience_seconds: float = 0.0) -> None:
        """Keep a state; waits for the one before it, and so long for this one, so that a kill costs no finished epoch.

        Where the disk needs longer, it writes while the training goes on, and one finished epoch may be lost.
        """
        self._writer.flush(LONGEST_WAIT_SECONDS)
        if state.facts.best is not None:
            self._best[self.branch] = state.facts.best.epoch
        self._writer.put(partial(self._write, state, self.branch, dict(self._best)), _bytes_of(state))
        if patience_seconds:
            self._writer.flush(patience_seconds)

    def put_seen(self, seen: Seen) -> None:
        """Keep a watched stretch in place of the one before; returns at once."""
        self._writer.put(partial(self._write_seen, seen), _bytes_of(seen.before) + _bytes_of(seen.after))

    @property
    def trouble(self) -> str:
        """What cannot be written now, as a sentence; empty when all is well."""
        return self._writer.last_error or self._other_trouble()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Wait until all is written or has failed; return whether it is."""
        return self._writer.flush(timeout_seconds)

    def close(self, timeout_seconds: float | None = None) -> bool:
        """Write what waits and end the thread; return whether it has ended."""
        return self._writer.close(timeout_seconds)

    def begin_branch(self, parent: int, epoch: int) -> int:
        """Keep what comes in a new branch that sets out from the end of an epoch; return its number."""
        self.branch = 1 + max([self.branch, *self._folder.branch_numbers()])
        self._branch_origins[self.branch] = parent, epoch
        return self.branch

    def load(self, epoch: int, branch: int | None = None) -> tuple[int, State]:
        """Return the end of an epoch, and the branch that trained it; 0 is the model before training.

        Raises UsageError when it was never there or is not kept any more, DataError when it is damaged.
        """
        self.flush()
        owner = self._owner(self.branch if branch is None else branch, epoch)
        kept = kept_epochs(self._folder).get(owner, {})
        if epoch not in kept:
            nearest = sorted(kept, key=lambda other: abs(other - epoch))[:3]
            there = f" Kept nearby: {', '.join(map(str, sorted(nearest)))}." if nearest else ""
            raise UsageError(f"Expected an epoch with a checkpoint, received {epoch} of branch {owner}.{there}")
        return owner, read_checkpoint(kept[epoch])

    def _owner(self, branch: int, epoch: int) -> int:
        while branch in self._branch_origins:
            parent, from_epoch = self._branch_origins[branch]
            if parent is None or epoch > from_epoch:
                break
            branch = parent
        return branch

    def _write(self, state: State, branch: int, best: Mapping[int, int]) -> None:
        try:
            self._shelf.put(state, branch, best)
        except DiskError:
            # On a disk that is nearly full a checkpoint is worth more than the chunk that proves one.
            if not forget_replay(self._folder.checkpoints_path):
                raise
            self._shelf.put(state, branch, best)

    def _write_seen(self, seen: Seen) -> None:
        make_private_folders(self._folder.checkpoints_path)
        replay = Replay(last_step=seen.after.facts.step, digest=digest_of(seen.after.variables))
        write_replay(self._folder.checkpoints_path, seen.before, replay)


def kept_epochs(folder: RunFolder) -> dict[int, dict[int, Path]]:
    """Return for each branch the epochs whose ends are kept, with their files."""
    return {
        number: {c.epochs_done: c.path for c in stored_checkpoints(folder.branch_path(number)) if not c.step}
        for number in folder.branch_numbers()
    }


def furthest_first(folder: RunFolder, branch: int) -> list[StoredCheckpoint]:
    """Return the checkpoints of a branch, the one furthest on in front; empty when there are none."""
    path = folder.branch_path(branch)
    return stored_checkpoints(path)[::-1] if path.is_dir() else []


def latest_state(folder: RunFolder, branch: int) -> tuple[State | None, list[str]]:
    """Return the state a branch came to last, and what is wrong with those behind it; None when none can be read."""
    damaged: list[str] = []
    for checkpoint in furthest_first(folder, branch):
        try:
            return read_checkpoint(checkpoint.path), damaged
        except DataError as error:
            damaged.append(str(error))
    return None, damaged


def _bytes_of(state: State) -> int:
    return sum(array.nbytes for group in (state.variables, state.others) for array in group.values())
