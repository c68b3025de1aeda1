"""Decides which checkpoints to delete. A pure function: the caller deletes."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LAST_KEPT = 2
"""This many last checkpoints are kept whatever their size: if the newest is damaged, there is another."""


def checkpoint_name(epochs_done: int, step: int) -> str:
    """Return the name of a checkpoint's file."""
    return f"epoch-{epochs_done:06}-step-{step:08}.checkpoint"


@dataclass(frozen=True, slots=True, order=True)
class StoredCheckpoint:
    """A checkpoint on disk; ordered by epoch and step."""

    epochs_done: int
    step: int
    """Steps of the next epoch; 0 at an epoch's end."""
    bytes: int
    folder: Path
    """Shared by all checkpoints of a branch: a long run has a hundred thousand of them in memory."""

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / checkpoint_name(self.epochs_done, self.step)


def to_delete(
    stored: Iterable[StoredCheckpoint], *, budget_bytes: int, best_epoch: int | None = None
) -> list[StoredCheckpoint]:
    """Return the checkpoints to delete so that the others fit a budget, in the order in which to delete them.

    The last two and the end of the best epoch are always kept. Of the others, those in the middle of an epoch are
    deleted at once, and ends of epochs only as far as the budget requires: first odd epochs, oldest first, then every
    second of the rest, then every fourth, and so on. What is kept is evenly spaced over the whole run. The untrained
    model is deleted last, because every branch may start from it.
    """
    ordered = sorted(stored)
    excess = sum(checkpoint.bytes for checkpoint in ordered) - budget_bytes
    free = [c for c in ordered[:-LAST_KEPT] if c.step or c.epochs_done != best_epoch]
    deleted = []
    for checkpoint in sorted(free, key=_deletion_order):
        if not checkpoint.step and excess <= 0:
            break
        deleted.append(checkpoint)
        excess -= checkpoint.bytes
    return deleted


def _deletion_order(checkpoint: StoredCheckpoint) -> tuple[int, int, int]:
    """Return a sort key: checkpoints inside an epoch first, then by the power of two in the epoch."""
    epoch = checkpoint.epochs_done
    if checkpoint.step:
        return 0, epoch, checkpoint.step
    return (1 + (epoch & -epoch) if epoch else sys.maxsize), epoch, 0
