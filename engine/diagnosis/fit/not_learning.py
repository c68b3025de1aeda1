"""Not learning: the loss stays at that of the best prediction that does not look at the inputs."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.baselines import distance_from_baseline
from fitmon.engine.diagnosis.fit.losses import LossCurve, Losses, losses_of
from fitmon.engine.diagnosis.fit.overfitting import overfits
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 5
HARDLY = 0.035
"""Largest share of the baseline that was learned, in validation."""
HARDLY_IN_TRAINING = 0.1
NEAR = 0.1
"""The loss may be above the baseline by this share; further above, something else is wrong."""
STILL_TO_LEARN = 0.15
"""Share of the baseline that the recent pace would still learn: then the model learns, if slowly."""
FALL_THAT_MATTERS = 0.003
"""Share of the baseline by which a loss that falls in every epoch must fall in one."""


@lru_cache(maxsize=1)
def does_not_learn(losses: Losses, evidence: Evidence) -> bool:
    """Return whether the verdict is that the model does not learn."""
    if evidence.epoch < FIRST_EPOCH or not losses.judged:
        return False
    judged, training = losses.learned(losses.judged), losses.learned(losses.training)
    if not -NEAR <= judged <= HARDLY or (losses.training and not -NEAR <= training <= HARDLY_IN_TRAINING):
        return False
    return not _learns_slowly(losses, evidence, losses.judged) and not overfits(losses)


def _learns_slowly(losses: Losses, evidence: Evidence, loss: LossCurve) -> bool:
    steps = np.diff(loss.curve[-2 * losses.window :])
    if len(steps) and steps.max() < 0 and -steps.mean() >= FALL_THAT_MATTERS * loss.baseline:
        return True
    lately = losses.lately(loss)
    if lately is None:
        return False
    windows_left = (evidence.epochs - evidence.epoch) / losses.window
    return lately.falls and -lately.rise * (windows_left + 1) >= STILL_TO_LEARN * loss.baseline


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    if not does_not_learn(losses, evidence):
        return None
    learned = losses.learned(losses.judged)
    return Finding(
        name=RULE.name,
        sentence=_sentence(losses, evidence),
        epochs=(1, evidence.epoch),
        confidence=round(0.95 - 0.25 * max(0.0, learned) / HARDLY, 2),
    )


def _sentence(losses: Losses, evidence: Evidence) -> str:
    which = "validation" if losses.validation else "training"
    accuracy = evidence.last("validation_accuracy")
    several = evidence.facts.labels_each > 1 or bool(evidence.facts.label_shares)
    shown = f"; accuracy {accuracy:.3f}" if math.isfinite(accuracy) and not several else ""
    distance = distance_from_baseline(losses, losses.judged, evidence.facts)
    return f"not learning: {which} loss is {losses.now_in_words(losses.judged)}, {distance}{shown}."


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    dropout = evidence.knob("dropout") or 0.0
    return remedies.present(
        (
            remedies.with_rate(evidence, 0.1, "If the steps were too large, the loss starts to fall within 3 epochs."),
            remedies.with_rate(evidence, 10.0, "If the steps were too small, the loss starts to fall within 3 epochs."),
            remedies.less_penalty(evidence),
            remedies.less_dropout(evidence) if dropout >= 0.5 else None,  # noqa: PLR2004 - half the units
            remedies.larger_batch(evidence),
            remedies.more_units(evidence),
            remedies.advice(
                "check the data: do the features say anything about the target, and do rows and targets match?",
                "If a tree or a linear model beats the baseline, there is something to learn.",
            ),
        )
    )


RULE = Rule(
    name="not_learning",
    explanation=(
        "A model that always predicts the class frequencies has a loss equal to their entropy: ln 2 = 0.693 for two "
        "equal classes, ln C for C. For a squared error it is the variance of the targets. A model whose loss stays "
        "there has learned nothing, whatever the accuracy says: the learning rate may be wrong, the penalty too "
        "strong, or the features unrelated to the target."
    ),
    source=(
        "Tutorial 3 (the loss stays at 0.68); Karpathy 2019, A Recipe for Training Neural Networks, 'verify loss @ "
        "init', https://karpathy.github.io/2019/04/25/recipe/; Goodfellow, Bengio, Courville 2016, Deep Learning, "
        "ch. 11.5, https://www.deeplearningbook.org"
    ),
    weight=0.85,
    check=_check,
    remedies=_remedies,
)
