"""Underfitting: the model does badly on its own training samples and no longer improves."""

from __future__ import annotations

import math
from functools import lru_cache

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.baselines import distance_from_baseline
from fitmon.engine.diagnosis.fit.good_fit import does_well, fits_well, is_held_back
from fitmon.engine.diagnosis.fit.losses import Losses, losses_of
from fitmon.engine.diagnosis.fit.not_learning import does_not_learn
from fitmon.engine.diagnosis.fit.overfitting import overfits
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 8
SURE, SURE_OF_KERAS, OF_QUANTITIES = 0.75, 0.6, 0.75
"""Curves do not show whether a larger model would do better, or the features do not say more: of quantities even less,
since how much of them is noise is not known."""
STILL = 0.03
"""Largest fall from one window to the next, as a share of the training loss."""
TOGETHER = 1.3
"""Validation loss over training loss."""


@lru_cache(maxsize=1)
def underfits(losses: Losses, evidence: Evidence) -> bool:
    """Return whether the verdict is underfitting."""
    training = losses.lately(losses.training)
    if training is None or evidence.epoch < FIRST_EPOCH:
        return False
    badly = not does_well(losses, evidence) or is_held_back(losses, evidence)
    if not badly or math.isnan(losses.learned(losses.training)) or training.share < -STILL:
        return False
    if losses.validation and not (losses.comparable and losses.now(losses.validation) <= TOGETHER * training.now):
        return False
    if losses.learned(losses.judged) < 0:
        return False
    return not (overfits(losses) or does_not_learn(losses, evidence) or fits_well(losses, evidence))


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    if not underfits(losses, evidence):
        return None
    learned = losses.learned(losses.training)
    return Finding(
        name=RULE.name,
        sentence=_sentence(losses, evidence),
        epochs=(max(1, evidence.epoch - 2 * losses.window + 1), evidence.epoch),
        confidence=round(_sure(losses, evidence) * (1 - 0.4 * max(0.0, learned)), 2),
    )


def _sure(losses: Losses, evidence: Evidence) -> float:
    sure = SURE if losses.inference_mode else SURE_OF_KERAS
    return sure * OF_QUANTITIES if evidence.facts.target_scale is not None else sure


def _sentence(losses: Losses, evidence: Evidence) -> str:
    beside = f", validation at {losses.now(losses.validation):.3g}" if losses.validation else ""
    stays = f"stays at {losses.now_in_words(losses.training)}{beside}"
    distance = distance_from_baseline(losses, losses.training, evidence.facts)
    return f"underfitting, or all that the features show: training loss {stays}, only {distance}, and hardly falls."


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    rate = remedies.with_rate(
        evidence, 2.0, "Larger steps may leave a flat region; if the loss jumps, undo the change."
    )
    return remedies.present(
        (
            remedies.less_penalty(evidence) if math.isfinite(evidence.last("penalty")) else None,
            remedies.less_dropout(evidence),
            remedies.more_units(evidence),
            remedies.another_layer(evidence),
            rate,
            remedies.advice(
                "add better features, or more data of the kinds it gets wrong",
                "No model can learn what the features do not show.",
                raises=(remedies.FEATURES,),
            ),
        )
    )


RULE = Rule(
    name="underfitting",
    explanation=(
        "The model does badly on its own training samples, and no better on others: it is too small or too regularized "
        "to fit the data, or the features do not show more. More layers or units, a weaker penalty, less dropout, "
        "another learning rate or better features help; more epochs of the same do not."
    ),
    source=(
        "Tutorial 1 (underfit: the model does badly on the training data itself); Goodfellow, Bengio, Courville 2016, "
        "Deep Learning, ch. 5.2 and 11.3, https://www.deeplearningbook.org"
    ),
    weight=0.7,
    check=_check,
    remedies=_remedies,
)
