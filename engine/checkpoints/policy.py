"""How much of a run is kept on the disk."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """How much of a run is kept."""

    every_epochs: int = 1
    """Epochs between two checkpoints at an epoch's end."""
    kept_bytes: int = 2 * 10**9
    """What all checkpoints together may take; the last two and the best of a branch stay anyway."""
