"""A good fit: both losses have flattened, low and close together."""

from __future__ import annotations

from functools import lru_cache

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.losses import Losses, losses_of
from fitmon.engine.diagnosis.fit.overfitting import overfits, turn_of
from fitmon.engine.finding import Finding

FIRST_EPOCH = 8
STILL = 0.015
"""Share of the loss by which it may still change from a window to the next."""
LOW = 0.7
"""Share of the chance loss that is taken away in training by a model that does well."""
LOW_FOR_THE_SKILLED, SKILLED = 0.5, 0.8
"""Where labels are wrong here and there the loss stays higher however good the model: its accuracy then goes this far
from the majority's share towards 1."""
LOW_WHEN_HELD_BACK = 0.85
"""Likewise where the penalty outweighs half the data loss, or dropout takes more than half: what holds it is known."""
PENALTY_OUTWEIGHS = 0.5
MUCH_DROPOUT = 0.6
TOGETHER = 1.3
"""Validation loss over training loss."""
TOGETHER_OF_CHANCE = 0.005
"""A gap that is this share of the chance loss is none."""
NO_RISE = 0.03
"""Of the best validation loss."""


@lru_cache(maxsize=1)
def fits_well(reading: Losses, evidence: Evidence) -> bool:
    """Return whether the verdict is a good fit."""
    validation, training = reading.lately(reading.validation), reading.lately(reading.training)
    if validation is None or training is None or evidence.epoch < FIRST_EPOCH or is_held_back(reading, evidence):
        return False
    chance = reading.chance
    if not does_well(reading, evidence) or not reading.learnt(reading.validation) >= LOW_FOR_THE_SKILLED:
        return False
    gap = validation.now - training.now
    together = validation.now <= TOGETHER * training.now or gap <= TOGETHER_OF_CHANCE * chance
    nearly_nothing = validation.now <= TOGETHER_OF_CHANCE * chance
    still = abs(validation.share) <= max(STILL, min(2 * validation.error / validation.before, 2 * STILL))
    turn = turn_of(reading)
    rose = turn is not None and turn.validation.share > NO_RISE and turn.validation.rise > 2 * turn.validation.error
    return together and (still or nearly_nothing) and not rose and not overfits(reading)


def does_well(reading: Losses, evidence: Evidence) -> bool:
    """Return whether the model does well on the samples it learns from; not where chance is not known."""
    learnt, counts = reading.learnt(reading.training), evidence.facts.training_counts
    if learnt >= LOW or not counts or max(counts) == sum(counts):
        return learnt >= LOW
    majority = max(counts) / sum(counts)
    skill = (evidence.last("training_accuracy") - majority) / (1 - majority)
    return learnt >= LOW_FOR_THE_SKILLED and skill >= SKILLED


def is_held_back(reading: Losses, evidence: Evidence) -> bool:
    """Return whether penalty or dropout is so strong that it explains a training loss that is not low."""
    penalty, dropout = evidence.last("penalty"), evidence.knob("dropout") or 0.0
    strong = penalty >= PENALTY_OUTWEIGHS * reading.now(reading.training) or dropout > MUCH_DROPOUT
    return strong and reading.learnt(reading.training) <= LOW_WHEN_HELD_BACK


def _check(evidence: Evidence) -> Finding | None:
    reading = losses_of(evidence)
    if not fits_well(reading, evidence):
        return None
    validation, training = reading.now(reading.validation), reading.now(reading.training)
    learnt = reading.learnt(reading.validation)
    return Finding(
        name=RULE.name,
        sentence=(
            f"good fit, done: validation loss {validation:.3g} has flattened close to training's {training:.3g}; "
            f"{100 * learnt:.0f} % of the chance loss {reading.chance:.3g} is gone."
        ),
        epochs=(max(1, evidence.epoch - 2 * reading.window + 1), evidence.epoch),
        confidence=round((0.9 if reading.honest else 0.7) * min(1.0, 0.7 + 0.3 * learnt), 2),
        remedies=remedies.present(
            (
                remedies.stop_here(evidence),
                remedies.with_rate(evidence, 0.2, "A last small fall of both losses, then nothing more."),
            )
        ),
    )


RULE = Rule(
    name="good_fit",
    explanation=(
        "Both losses fell and stay together, and neither falls any more: the model does as well on samples it has "
        "never seen as on those it learns from. More epochs gain nothing and may end in overfitting."
    ),
    source=(
        "Tutorial 1 (a good fit: both fall and stay together); Goodfellow, Bengio, Courville 2016, Deep Learning, "
        "ch. 5.2, https://www.deeplearningbook.org"
    ),
    weight=0.6,
    check=_check,
)
