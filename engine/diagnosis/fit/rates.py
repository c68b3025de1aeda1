"""Keras's default learning rate for each optimizer."""

from __future__ import annotations

import math

from fitmon.engine.diagnosis.evidence import Evidence

DEFAULTS = {"sgd": 0.01, "lion": 1e-4, "adafactor": 1e-3, "ftrl": 1e-3, "adadelta": 1e-3, "adagrad": 1e-3}
FAR_TOO_HIGH = 30.0
"""Times the optimizer's default rate."""
OTHER_DEFAULT = 1e-3
"""Adam, AdamW, Nadam, Adamax and RMSprop: https://keras.io/api/optimizers/."""


def times_the_default(evidence: Evidence) -> float:
    """Return how many times Keras's default the learning rate is; NaN where either is not known."""
    rate, optimizer = evidence.knob("learning_rate"), evidence.facts.optimizer.lower()
    return rate / DEFAULTS.get(optimizer, OTHER_DEFAULT) if rate is not None and optimizer else math.nan


def clearly_lower(evidence: Evidence) -> float:
    """Return what to multiply the rate by: it becomes the default if it is far above that, else a tenth."""
    times = times_the_default(evidence)
    return 1 / times if times >= FAR_TOO_HIGH else 0.1
