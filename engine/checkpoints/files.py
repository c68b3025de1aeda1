"""The checkpoints of a run on the disk, all branches, known without looking through folders each time."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from fitmon.engine.checkpoints.checkpoint import stored_checkpoints, write_checkpoint
from fitmon.engine.checkpoints.retention import StoredCheckpoint, to_delete
from fitmon.engine.checkpoints.state import State
from fitmon.engine.runs.private_files import make_private_folders
from fitmon.engine.runs.run_folder import RunFolder

SPARED_SHARE = 0.1
"""When the room is used up, so much of it is freed at once: what is to go is a long list to look through."""


class CheckpointFiles:
    """Puts checkpoints on the disk and takes away those that are too many. Used by one thread."""

    def __init__(self, folder: RunFolder, kept_bytes: int) -> None:
        """Look at nothing yet; `kept_bytes` is the room for all branches together."""
        self._folder, self._kept_bytes = folder, kept_bytes
        # Plain numbers: of a long run there are a hundred thousand.
        self._sizes: dict[int, dict[int, int]] = {}
        """By branch and epoch, of those at an epoch's end."""
        self._within: dict[int, list[StoredCheckpoint]] = {}
        """By branch, those inside an epoch."""
        self._bytes = 0
        self._looked = False

    def put(self, state: State, branch: int, best: Mapping[int, int]) -> None:
        """Write a state into its branch; `best` tells the best epoch of each. Raises DiskError."""
        self._look()
        folder = self._folder.branch_path(branch)
        make_private_folders(folder)
        size = write_checkpoint(folder, state).stat().st_size
        self._note(branch, StoredCheckpoint(state.facts.epochs_done, state.facts.step, size, folder))
        full = self._bytes > self._kept_bytes
        share = int(self._kept_bytes * (1 - SPARED_SHARE)) // len(self._sizes) if full else sys.maxsize
        for number in list(self._sizes):
            if full or self._within[number]:
                self._take_away(number, share, best.get(number))

    def _look(self) -> None:
        """Find out what lies there from before, the first time."""
        if not self._looked:
            self._looked = True
            for number in self._folder.branch_numbers():
                for checkpoint in stored_checkpoints(self._folder.branch_path(number)):
                    self._note(number, checkpoint)

    def _note(self, branch: int, checkpoint: StoredCheckpoint) -> None:
        sizes, within = self._sizes.setdefault(branch, {}), self._within.setdefault(branch, [])
        self._bytes += checkpoint.bytes
        if checkpoint.step:
            within.append(checkpoint)
        else:
            self._bytes -= sizes.get(checkpoint.epochs_done, 0)
            sizes[checkpoint.epochs_done] = checkpoint.bytes

    def _take_away(self, branch: int, share: int, best_epoch: int | None) -> None:
        sizes, folder = self._sizes[branch], self._folder.branch_path(branch)
        ends = [StoredCheckpoint(epoch, 0, size, folder) for epoch, size in sizes.items()]
        for gone in to_delete([*ends, *self._within[branch]], budget_bytes=share, best_epoch=best_epoch):
            gone.path.unlink(missing_ok=True)
            self._bytes -= gone.bytes
            if gone.step:
                self._within[branch].remove(gone)
            else:
                del sizes[gone.epochs_done]
