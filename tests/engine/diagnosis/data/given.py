"""Builds the evidence for a rule about the data from the few values a test needs."""

from typing import Any

import numpy as np

from fitmon.engine.diagnosis.data.rules import DATA_RULES
from fitmon.engine.diagnosis.evidence import Evidence
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding


def facts(**fields: Any) -> Facts:
    """Return facts of 1,000 training and 200 validation samples without faults, except for the given fields."""
    given: dict[str, Any] = {"job": "job", "training_samples": 1_000, "validation_samples": 200} | fields
    return Facts(**given)


def evidence(known: Facts, *, epoch: int = 1, knobs: dict[str, float] | None = None, **curves: Any) -> Evidence:
    """Return the evidence at the end of an epoch; a number is a constant curve."""
    columns = {name: np.broadcast_to(np.asarray(values, float), epoch) for name, values in curves.items()}
    return Evidence(epoch=epoch, epochs=max(epoch, 10), curves=columns, knobs=dict(knobs or {}), facts=known)


def found(name: str, known: Facts, **more: Any) -> Finding | None:
    """Return what the rule of this name finds."""
    rule = next(rule for rule in DATA_RULES if rule.name == name)
    return rule.check(evidence(known, **more))


def names_found(known: Facts, **more: Any) -> set[str]:
    """Return the names of all findings."""
    return {rule.name for rule in DATA_RULES if rule.check(evidence(known, **more)) is not None}
