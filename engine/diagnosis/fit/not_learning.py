"""Not learning: the loss stays at what always answering the class frequencies would give."""

from __future__ import annotations

import math
from functools import lru_cache

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.losses import LossCurve, Losses, losses_of
from fitmon.engine.diagnosis.fit.overfitting import overfits
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 5
HARDLY = 0.035
"""Share of the chance loss taken away in validation, at the most."""
HARDLY_IN_TRAINING = 0.1
NEAR = 0.1
"""The loss may lie above chance by this share of it; farther above, something else is wrong."""
ON_ITS_WAY = 0.15
"""Share of chance that the pace of late would still take away: then it learns, if slowly."""


@lru_cache(maxsize=1)
def does_not_learn(reading: Losses, evidence: Evidence) -> bool:
    """Return whether the verdict is that nothing is learnt."""
    if evidence.epoch < FIRST_EPOCH or math.isnan(reading.chance) or not reading.judged:
        return False
    judged, training = reading.learnt(reading.judged), reading.learnt(reading.training)
    if not -NEAR <= judged <= HARDLY or (reading.training and not -NEAR <= training <= HARDLY_IN_TRAINING):
        return False
    return not _is_on_its_way(reading, evidence, reading.judged) and not overfits(reading)


def _is_on_its_way(reading: Losses, evidence: Evidence, side: LossCurve) -> bool:
    lately = reading.lately(side)
    if lately is None:
        return False
    windows_left = (evidence.epochs - evidence.epoch) / reading.window
    falls = -lately.rise > 2 * lately.error
    return falls and -lately.rise * (windows_left + 1) >= ON_ITS_WAY * reading.chance


def _check(evidence: Evidence) -> Finding | None:
    reading = losses_of(evidence)
    if not does_not_learn(reading, evidence):
        return None
    learnt = reading.learnt(reading.judged)
    return Finding(
        name=RULE.name,
        sentence=_sentence(reading, evidence),
        epochs=(1, evidence.epoch),
        confidence=round(0.95 - 0.25 * max(0.0, learnt) / HARDLY, 2),
        remedies=_remedies(evidence),
    )


def _sentence(reading: Losses, evidence: Evidence) -> str:
    which = "validation" if reading.validation else "training"
    accuracy = evidence.last("validation_accuracy")
    if not math.isfinite(accuracy):
        accuracy = evidence.last("val_accuracy")
    told = f", accuracy {accuracy:.2f}" if math.isfinite(accuracy) else ""
    learnt = 100 * reading.learnt(reading.judged)
    gained = f"{learnt:.1f} % below" if learnt > 0 else "not below"
    return (
        f"not learning, near chance: after {evidence.epoch} epochs {which} loss is {reading.now(reading.judged):.3f}, "
        f"{gained} the {reading.chance:.3f} of guessing by class frequency{told}."
    )


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    dropout = evidence.knob("dropout") or 0.0
    return remedies.present(
        (
            remedies.with_rate(evidence, 0.1, "If the steps were too long, the loss starts to fall within 3 epochs."),
            remedies.with_rate(evidence, 10.0, "If the steps were too short, the loss starts to fall within 3 epochs."),
            remedies.less_penalty(evidence),
            remedies.less_dropout(evidence) if dropout >= 0.5 else None,  # noqa: PLR2004 - half the units
            remedies.larger_batch(evidence),
            remedies.more_units(evidence),
            remedies.advice(
                "look at the data: do the features know anything of the label, and do rows and labels belong together?",
                "A tree or a linear model that beats chance says that there is something to learn.",
            ),
        )
    )


RULE = Rule(
    name="not_learning",
    explanation=(
        "Who knows nothing but how frequent each class is, and always answers that, gets a loss of the entropy of the "
        "class frequencies: ln 2 = 0.693 for two equal classes, ln C for C. A loss that stays there has learnt "
        "nothing, whatever the accuracy says: the rate may be wrong, the penalty too strong, or the features know "
        "nothing."
    ),
    source=(
        "Tutorial 3 (the loss stays at 0.68); Karpathy 2019, A Recipe for Training Neural Networks, 'verify loss @ "
        "init', https://karpathy.github.io/2019/04/25/recipe/; Goodfellow, Bengio, Courville 2016, Deep Learning, "
        "ch. 11.5, https://www.deeplearningbook.org"
    ),
    weight=0.85,
    check=_check,
)
