"""What all recipes share: short names for answers, settings in one line, and labels of unscaled inputs."""

from __future__ import annotations

from typing import Any

from bench.collection.recording import Answer
from fitmon.engine.job import Settings

MUST, MUST_NOT, EITHER = Answer.MUST, Answer.MUST_NOT, Answer.EITHER


def settings_of(epochs: int, batch: int, units: tuple[int, ...], rate: float = 1e-3, **more: Any) -> Settings:
    """Return the settings of a recipe."""
    return Settings(epochs=epochs, batch_size=batch, learning_rate=rate, units=units, **more)


UNSCALED = {
    "unscaled_features": MUST,
    # On such a scale a normal rate makes the losses jump: which of them looks better is chance.
    **dict.fromkeys(("learning_rate_too_high", "validation_looks_better", "suspected_labels"), EITHER),
    "worse_than_guessing": EITHER,
}
"""Labels of recipes with unscaled inputs."""
