"""The checkpoints of a run on disk and their sizes, in memory, so that deleting some needs no reading of folders."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping

from fitmon.engine.checkpoints.checkpoint import stored_checkpoints
from fitmon.engine.checkpoints.retention import StoredCheckpoint, to_delete
from fitmon.engine.runs.run_folder import RunFolder

FREED_SHARE = 0.1
"""When the budget is exceeded, this share of it is freed at once: deciding what to delete sorts all checkpoints."""


class CheckpointIndex:
    """All checkpoints of a run, by branch. Used by the writing thread."""

    def __init__(self, folder: RunFolder, budget_bytes: int) -> None:
        """List the checkpoints that exist; all branches share the budget."""
        self._folder, self._budget_bytes = folder, budget_bytes
        # Plain numbers, because a long run has a hundred thousand of them.
        self._sizes: dict[int, dict[int, int]] = {}
        """By branch and epoch, of the checkpoints at an epoch's end."""
        self._within: dict[int, list[StoredCheckpoint]] = {}
        """By branch, the checkpoints inside an epoch."""
        self._bytes = 0
        for branch in folder.branch_numbers():
            for checkpoint in stored_checkpoints(folder.branch_path(branch)):
                self.add(branch, checkpoint)

    def add(self, branch: int, checkpoint: StoredCheckpoint) -> None:
        """Add a checkpoint, or replace the one at the same epoch's end."""
        sizes, within = self._sizes.setdefault(branch, {}), self._within.setdefault(branch, [])
        self._bytes += checkpoint.bytes
        if checkpoint.step:
            within.append(checkpoint)
        else:
            self._bytes -= sizes.get(checkpoint.epochs_done, 0)
            sizes[checkpoint.epochs_done] = checkpoint.bytes

    def remove(self, branch: int, checkpoint: StoredCheckpoint) -> None:
        """Remove a checkpoint that was deleted."""
        self._bytes -= checkpoint.bytes
        if checkpoint.step:
            self._within[branch].remove(checkpoint)
        else:
            del self._sizes[branch][checkpoint.epochs_done]

    def excess(self, best_epochs: Mapping[int, int]) -> Iterator[tuple[int, StoredCheckpoint]]:
        """Yield the checkpoints to delete, each with its branch; `best_epochs` by branch are kept.

        Each may be removed as it is yielded.
        """
        full = self._bytes > self._budget_bytes
        share = int(self._budget_bytes * (1 - FREED_SHARE)) // len(self._sizes) if full else sys.maxsize
        for branch in list(self._sizes):
            if full or self._within[branch]:
                for checkpoint in to_delete(
                    self._of_branch(branch), budget_bytes=share, best_epoch=best_epochs.get(branch)
                ):
                    yield branch, checkpoint

    def _of_branch(self, branch: int) -> list[StoredCheckpoint]:
        folder = self._folder.branch_path(branch)
        ends = [StoredCheckpoint(epoch, 0, size, folder) for epoch, size in self._sizes[branch].items()]
        return [*ends, *self._within[branch]]
