"""Underfitting: the model does badly on the very samples it learns from, and gets no better."""

from __future__ import annotations

import math
from functools import lru_cache

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.good_fit import does_well, fits_well, is_held_back
from fitmon.engine.diagnosis.fit.losses import Losses, losses_of
from fitmon.engine.diagnosis.fit.not_learning import does_not_learn
from fitmon.engine.diagnosis.fit.overfitting import overfits
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 8
STILL = 0.03
"""Share of the training loss by which it may still fall from a window to the next."""
TOGETHER = 1.3
"""Validation loss over training loss."""


@lru_cache(maxsize=1)
def underfits(reading: Losses, evidence: Evidence) -> bool:
    """Return whether the verdict is underfitting."""
    training = reading.lately(reading.training)
    if training is None or evidence.epoch < FIRST_EPOCH:
        return False
    badly = not does_well(reading, evidence) or is_held_back(reading, evidence)
    if not badly or math.isnan(reading.chance) or training.share < -STILL:
        return False
    if reading.validation and reading.now(reading.validation) > TOGETHER * training.now:
        return False
    if reading.learnt(reading.judged) < 0:
        return False
    return not (overfits(reading) or does_not_learn(reading, evidence) or fits_well(reading, evidence))


def _check(evidence: Evidence) -> Finding | None:
    reading = losses_of(evidence)
    if not underfits(reading, evidence):
        return None
    learnt = reading.learnt(reading.training)
    return Finding(
        name=RULE.name,
        sentence=_sentence(reading, learnt),
        epochs=(max(1, evidence.epoch - 2 * reading.window + 1), evidence.epoch),
        confidence=round((0.9 if reading.honest else 0.7) * (1 - 0.4 * max(0.0, learnt)), 2),
        remedies=_remedies(evidence),
    )


def _sentence(reading: Losses, learnt: float) -> str:
    beside = f", validation {reading.now(reading.validation):.3g}" if reading.validation else ""
    return (
        f"underfitting: training loss itself stays at {reading.now(reading.training):.3g}{beside}; only "
        f"{100 * learnt:.0f} % of the chance loss {reading.chance:.3g} is gone, and it hardly falls any more."
    )


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    rate = remedies.with_rate(evidence, 2.0, "Larger steps may leave the flat place; if the loss jumps, go back.")
    return remedies.present(
        (
            remedies.less_penalty(evidence) if math.isfinite(evidence.last("penalty")) else None,
            remedies.less_dropout(evidence),
            remedies.more_units(evidence),
            remedies.another_layer(evidence),
            rate,
            remedies.advice(
                "give it better features, or more data of the kinds it gets wrong",
                "What the features do not tell, no model can learn.",
            ),
        )
    )


RULE = Rule(
    name="underfitting",
    explanation=(
        "The model does badly on the training samples themselves, and no better on others: it is too small or held "
        "back too much to follow the data, or the features do not tell more. More layers or units, a weaker penalty, "
        "less dropout, another rate or better features help; more of the same epochs do not."
    ),
    source=(
        "Tutorial 1 (underfit: the model does badly on the training data itself); Goodfellow, Bengio, Courville 2016, "
        "Deep Learning, ch. 5.2 and 11.3, https://www.deeplearningbook.org"
    ),
    weight=0.7,
    check=_check,
)
