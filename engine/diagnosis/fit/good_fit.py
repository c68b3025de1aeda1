"""A good fit: both losses have flattened, low and close together."""

from __future__ import annotations

from functools import lru_cache

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.baselines import distance_from_baseline
from fitmon.engine.diagnosis.fit.losses import TINY, Losses, losses_of
from fitmon.engine.diagnosis.fit.overfitting import overfits, turn_of
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 8
STILL = 0.015
"""Largest change from one window to the next, as a share of the loss."""
LOW = 0.7
"""How far below the baseline the training loss of a good model is, as a share of it."""
LOW_FOR_THE_SKILLED, SKILLED = 0.5, 0.8
"""With some wrong labels the loss stays higher however good the model is: its accuracy then is this far from the
majority's share towards 1."""
LOW_WHEN_HELD_BACK = 0.85
"""Likewise with a penalty above half the data loss or a dropout above half: the reason for the higher loss is known."""
PENALTY_OUTWEIGHS = 0.5
MUCH_DROPOUT = 0.6
TOGETHER = 1.3
"""Validation loss over training loss."""
TOGETHER_OF_BASELINE = 0.005
"""A gap up to this share of the baseline does not count."""
NO_RISE = 0.03
"""Of the best validation loss."""


@lru_cache(maxsize=1)
def fits_well(losses: Losses, evidence: Evidence) -> bool:
    """Return whether the verdict is a good fit."""
    validation, training = losses.lately(losses.validation), losses.lately(losses.training)
    if validation is None or training is None or evidence.epoch < FIRST_EPOCH or is_held_back(losses, evidence):
        return False
    baseline = losses.validation.baseline
    if not does_well(losses, evidence) or not losses.learned(losses.validation) >= LOW_FOR_THE_SKILLED:
        return False
    gap = validation.now - training.now
    together = losses.comparable and (
        validation.now <= TOGETHER * training.now or gap <= TOGETHER_OF_BASELINE * baseline
    )
    nearly_nothing = validation.now <= TOGETHER_OF_BASELINE * baseline
    still = abs(validation.share) <= max(STILL, min(validation.half_width / max(validation.unit, TINY), 2 * STILL))
    turn = turn_of(losses)
    rose = turn is not None and turn.validation.share > NO_RISE and turn.validation.rises
    return together and (still or nearly_nothing) and not rose and not overfits(losses)


def does_well(losses: Losses, evidence: Evidence) -> bool:
    """Return whether the model does well on its training samples; False where the baseline is not known."""
    learned, counts = losses.learned(losses.training), evidence.facts.training_counts
    if learned >= LOW or not counts or max(counts) == sum(counts):
        return learned >= LOW
    majority = max(counts) / sum(counts)
    skill = (evidence.last("training_accuracy") - majority) / (1 - majority)
    return learned >= LOW_FOR_THE_SKILLED and skill >= SKILLED


def is_held_back(losses: Losses, evidence: Evidence) -> bool:
    """Return whether a strong penalty or dropout explains a training loss that is not low."""
    penalty, dropout = evidence.last("penalty"), evidence.knob("dropout") or 0.0
    strong = penalty >= PENALTY_OUTWEIGHS * losses.now(losses.training) or dropout > MUCH_DROPOUT
    return strong and losses.learned(losses.training) <= LOW_WHEN_HELD_BACK


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    if not fits_well(losses, evidence):
        return None
    validation, training = losses.now(losses.validation), losses.now(losses.training)
    learned = losses.learned(losses.validation)
    last = evidence.epoch - losses.window + 1
    return Finding(
        name=RULE.name,
        sentence=(
            f"good fit, done: validation loss has flattened at {validation:.3g}, close to training loss {training:.3g} "
            f"(means of epochs {last}-{evidence.epoch}), "
            f"{distance_from_baseline(losses, losses.validation, evidence.facts)}."
        ),
        epochs=(max(1, evidence.epoch - 2 * losses.window + 1), evidence.epoch),
        confidence=round((0.9 if losses.inference_mode else 0.7) * min(1.0, 0.7 + 0.3 * learned), 2),
    )


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    return remedies.present(
        (
            remedies.stop_here(evidence),
            remedies.with_rate(evidence, 0.2, "Both losses fall a little further, then stay."),
        )
    )


RULE = Rule(
    name="good_fit",
    explanation=(
        "Both losses fell, stay together and no longer fall: the model does as well on new samples as on the ones it "
        "was trained on. More epochs gain nothing and may lead to overfitting."
    ),
    source=(
        "Tutorial 1 (a good fit: both fall and stay together); Goodfellow, Bengio, Courville 2016, Deep Learning, "
        "ch. 5.2, https://www.deeplearningbook.org"
    ),
    weight=0.6,
    check=_check,
    remedies=_remedies,
)
