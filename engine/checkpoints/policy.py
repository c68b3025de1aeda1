"""How often a run is saved, and how much of it is kept on disk."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """How often a run is saved, and how much is kept."""

    every_epochs: int = 1
    """Epochs between two checkpoints at an epoch's end."""
    kept_bytes: int = 2 * 10**9
    """Budget for all checkpoints together; the last two and the best of each branch are kept even beyond it."""
