"""Too early to say anything about the fit."""

from __future__ import annotations

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import SHORTEST_WINDOW
from fitmon.engine.finding import Finding

MIN_EPOCHS = 2 * SHORTEST_WINDOW + 1
"""Epochs for two windows to compare, and one more that patience requires."""


def is_too_early(evidence: Evidence) -> bool:
    """Return whether too few epochs have been trained since a knob last changed."""
    return evidence.epoch - evidence.settled_since + 1 <= MIN_EPOCHS


def _check(evidence: Evidence) -> Finding | None:
    if not is_too_early(evidence):
        return None
    changed = evidence.settled_since
    done = evidence.epoch - changed + 1
    epochs = "1 epoch is" if done == 1 else f"{done} epochs are"
    what = "" if changed == 1 else f" what the change at epoch {changed} does"
    return Finding(
        name=RULE.name,
        sentence=f"too early to say{what}: {epochs} done{' since' * (changed > 1)}, too few to compare.",
        epochs=(changed, evidence.epoch),
        confidence=1.0,
    )


RULE = Rule(
    name="too_early",
    explanation=(
        "In the first epochs losses fall fast and jump, and the difference between two single epochs is mostly noise. "
        "A verdict needs two windows of a few epochs each to compare."
    ),
    source="Prechelt 1998, Early Stopping - But When?, https://doi.org/10.1007/3-540-49430-8_3 (strips of epochs)",
    weight=0.1,
    check=_check,
    patience=1,
)
