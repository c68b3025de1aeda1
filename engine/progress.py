"""How far a run is, in numbers: owned by the training, written into checkpoints, the source of what events report."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec

from fitmon.engine.record.branch import BestEpoch

Count = Annotated[int, msgspec.Meta(ge=0)]


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far a run is at one moment, between two chunks."""

    epochs_done: Count = 0
    """Epochs trained and validated."""
    step: Count = 0
    """Steps done of the epoch after those; 0: it has not begun."""
    best: BestEpoch | None = None
    """The best epoch so far; None before the first."""
    epoch_seconds: float = 0.0
    """Time spent on the epoch under way, pauses excluded."""
    epoch_metrics: dict[str, float | None] = msgspec.field(default_factory=dict)
    """Keras's running values of the epoch under way; None for one that is not finite, which JSON cannot hold."""
    non_finite_reported: bool = msgspec.field(default=False, name="non_finite_told")
    """Whether a NaN or infinite loss was reported, and the run continues with it."""

    @property
    def epoch(self) -> int:
        """The epoch under way, one-based; between two epochs the one that has ended."""
        return self.epochs_done + (self.step > 0)

    @property
    def metrics(self) -> dict[str, float]:
        """Keras's running values of the epoch under way; NaN for one that is not finite."""
        return {name: math.nan if value is None else value for name, value in self.epoch_metrics.items()}


def storable(metrics: dict[str, float]) -> dict[str, float | None]:
    """Return metrics in the form of `Progress.epoch_metrics`."""
    return {name: value if math.isfinite(value) else None for name, value in metrics.items()}
