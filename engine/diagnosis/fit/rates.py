"""What rate is usual for an optimizer, from Keras's own defaults."""

from __future__ import annotations

import math

from fitmon.engine.diagnosis.evidence import Evidence

USUAL = {"sgd": 0.01, "lion": 1e-4, "adafactor": 1e-3, "ftrl": 1e-3, "adadelta": 1e-3, "adagrad": 1e-3}
USUAL_ELSEWHERE = 1e-3
"""Adam, AdamW, Nadam, Adamax and RMSprop: https://keras.io/api/optimizers/."""


def times_the_usual(evidence: Evidence) -> float:
    """Return how many times Keras's default the rate is; NaN where either is not known."""
    rate, optimizer = evidence.knob("learning_rate"), evidence.facts.optimizer.lower()
    return rate / USUAL.get(optimizer, USUAL_ELSEWHERE) if rate is not None and optimizer else math.nan
