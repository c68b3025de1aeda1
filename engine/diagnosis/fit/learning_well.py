"""Learning well: the loss on samples never seen is falling beyond its noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Floats, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.good_fit import fits_well
from fitmon.engine.diagnosis.fit.losses import Change, Losses, losses_of
from fitmon.engine.diagnosis.fit.overfitting import overfits
from fitmon.engine.diagnosis.fit.underfitting import underfits
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding

DEVIATIONS = 2.0
FALL_THAT_MATTERS = 0.015
"""Share of the loss, from a window to the next."""
BEGUN = 0.15
"""Share of the chance loss taken away at least: below it, it learns, but slowly."""
FAST = 0.1
"""A fall by this share is no slow one, wherever it stands."""
MIN_EPOCHS = 2


@lru_cache(maxsize=1)
def learns_well(reading: Losses, evidence: Evidence) -> Change | None:
    """Return the fall of late if the verdict is that it learns well; else None."""
    lately = reading.lately(reading.judged) or _first_fall(reading)
    if (
        lately is None
        or _answers_always_the_same(evidence.facts)
        or lately.rise > -DEVIATIONS * lately.error
        or -lately.share < FALL_THAT_MATTERS
    ):
        return None
    learnt = reading.learnt(reading.judged)
    if learnt < 0 or (learnt < BEGUN and -lately.share < FAST):
        return None
    others = overfits(reading) or fits_well(reading, evidence) or underfits(reading, evidence)
    return None if others else lately


def _answers_always_the_same(facts: Facts) -> bool:
    """Return whether the only output is divided by itself: whatever the loss does, the answer is 1."""
    return facts.output_activation == "softmax" and facts.output_units == 1


def _first_fall(reading: Losses) -> Change | None:
    """Return the fall since the first epoch, while there are not two windows and hardly a step went up.

    That is rarely noise, and patience asks for one epoch more.
    """
    curves = [side.curve for side in (reading.validation, reading.training) if side]
    if not curves or any(len(curve) < MIN_EPOCHS or _steps_up(curve) > len(curve) // 4 for curve in curves):
        return None
    curve = reading.judged.curve
    fell = Change(float(curve[0]), float(curve[-1]), 0.0)
    return fell if reading.settled_since == 0 and -fell.share >= FAST else None


def _steps_up(curve: Floats) -> int:
    return int(np.count_nonzero(np.diff(curve) >= 0))


def _check(evidence: Evidence) -> Finding | None:
    reading = losses_of(evidence)
    lately = learns_well(reading, evidence)
    if lately is None:
        return None
    which = "validation" if reading.validation else "training"
    fell = lately.told if lately.error else lately.briefly
    covered = min(2 * reading.window, evidence.epoch)
    ends = evidence.epoch >= evidence.epochs
    return Finding(
        name=RULE.name,
        sentence=(
            f"learning well: {which} loss fell {fell} over the last {covered} epochs"
            f"{', and was still falling at the end' if ends else ''}."
        ),
        epochs=(evidence.epoch - covered + 1, evidence.epoch),
        confidence=(0.9 if reading.validation.honest else 0.7) if lately.error else 0.5,
        remedies=(remedies.more_epochs(evidence),) if 10 * evidence.epoch >= 9 * evidence.epochs else (),
    )


RULE = Rule(
    name="learning_well",
    explanation=(
        "The loss falls on samples the model has never seen, by more than noise explains: what it learns holds beyond "
        "the training set. Leave it alone; if the epochs run out while it still falls, give it more of them."
    ),
    source=(
        "Tutorial 1 (a good fit: both fall and stay together); Prechelt 1998, Early Stopping - But When?, "
        "https://doi.org/10.1007/3-540-49430-8_3"
    ),
    weight=0.5,
    check=_check,
)
