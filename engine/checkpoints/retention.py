"""Which checkpoints stay on the disk. Pure: it decides, whoever owns the folder deletes."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LAST_KEPT = 2
"""So many last checkpoints stay whatever they take: should the newest be damaged, there is one before it."""


def checkpoint_name(epochs_done: int, step: int) -> str:
    """Return the name of a checkpoint's file."""
    return f"epoch-{epochs_done:06}-step-{step:08}.checkpoint"


@dataclass(frozen=True, slots=True, order=True)
class StoredCheckpoint:
    """A checkpoint on the disk; ordered by how far the run was."""

    epochs_done: int
    step: int
    """Steps done of the epoch behind those; 0 at an epoch's end."""
    bytes: int
    folder: Path
    """Shared by all of a branch: a long run keeps a hundred thousand of these in memory."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / checkpoint_name(self.epochs_done, self.step)


def to_delete(
    stored: Iterable[StoredCheckpoint], *, budget_bytes: int, best_epoch: int | None = None
) -> list[StoredCheckpoint]:
    """Return the checkpoints that are to go so that the others fit a budget, in the order in which to delete them.

    The last two and the end of the best epoch always stay. Of the others, those in the middle of an epoch go at once;
    ends of epochs only as far as the budget asks for it: first those of odd epochs, oldest first, then of what remains
    every second, then every fourth, and so on. So what stays lies at even distances over the whole run. The model as it
    was before training goes last: every branch may begin there.
    """
    ordered = sorted(stored)
    excess = sum(checkpoint.bytes for checkpoint in ordered) - budget_bytes
    free = [c for c in ordered[:-LAST_KEPT] if c.step or c.epochs_done != best_epoch]
    gone = []
    for checkpoint in sorted(free, key=_turn):
        if not checkpoint.step and excess <= 0:
            break
        gone.append(checkpoint)
        excess -= checkpoint.bytes
    return gone


def _turn(checkpoint: StoredCheckpoint) -> tuple[int, int, int]:
    """Return when a checkpoint's turn comes: those inside an epoch first, then by the power of two in the epoch."""
    epoch = checkpoint.epochs_done
    if checkpoint.step:
        return 0, epoch, checkpoint.step
    return (1 + (epoch & -epoch) if epoch else sys.maxsize), epoch, 0
