"""Too early to say anything of the fit."""

from __future__ import annotations

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.finding import Finding
from fitmon.engine.diagnosis.fit.reading import SHORTEST_WINDOW

ENOUGH = 2 * SHORTEST_WINDOW + 1
"""Epochs of which two windows can be compared, and another that patience asks for."""


def _look(evidence: Evidence) -> Finding | None:
    if evidence.epoch > ENOUGH:
        return None
    done = "1 epoch is" if evidence.epoch == 1 else f"{evidence.epoch} epochs are"
    return Finding(
        name=RULE.name,
        sentence=f"too early to say: {done} done, and no single epoch's difference means anything.",
        epochs=(1, evidence.epoch),
        confidence=1.0,
    )


RULE = Rule(
    name="too_early",
    explanation=(
        "In the first epochs losses fall fast and jump about, and the difference of two single epochs is mostly noise. "
        "A verdict needs two windows of a few epochs each that can be held against each other."
    ),
    source="Prechelt 1998, Early Stopping - But When?, https://doi.org/10.1007/3-540-49430-8_3 (strips of epochs)",
    weight=0.1,
    look=_look,
    patience=1,
)
