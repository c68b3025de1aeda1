"""Learning well: the validation loss falls by more than its noise, and is below its baseline."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Floats, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.good_fit import fits_well
from fitmon.engine.diagnosis.fit.losses import Change, Losses, losses_of
from fitmon.engine.diagnosis.fit.memorizing import memorizes
from fitmon.engine.diagnosis.fit.overfitting import overfits
from fitmon.engine.diagnosis.fit.underfitting import underfits
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

FALL_THAT_MATTERS = 0.015
"""Share of the loss, from one window to the next."""
MIN_LEARNED = 0.15
"""Smallest share of the baseline that was learned; below it, the model learns, but slowly."""
FAST = 0.1
"""A fall by this share is not slow, whatever the loss."""
MIN_EPOCHS = 2
MIN_SAMPLES = 2
"""One validation sample is no evidence."""
NEARLY_ALL = 0.9
"""Share of the epochs after which more are offered."""


@lru_cache(maxsize=1)
def learns_well(losses: Losses, evidence: Evidence) -> Change | None:
    """Return the recent fall if the verdict is that it learns well; else None."""
    lately = losses.lately(losses.judged) or _fall_since_start(losses)
    if lately is None or _output_is_constant(evidence.facts) or 0 < evidence.facts.validation_samples < MIN_SAMPLES:
        return None
    if (lately.half_width and not lately.falls) or -lately.share < FALL_THAT_MATTERS:
        return None
    learned = losses.learned(losses.judged)
    if losses.beats_baseline(losses.judged) is False or (learned < MIN_LEARNED and -lately.share < FAST):
        return None
    others = overfits(losses) or memorizes(losses) or fits_well(losses, evidence) or underfits(losses, evidence)
    return None if others else lately


def _output_is_constant(facts: Facts) -> bool:
    """Return whether the only output is divided by itself: whatever the loss does, it is 1."""
    return facts.output_activation == "softmax" and facts.output_units == 1


def _fall_since_start(losses: Losses) -> Change | None:
    """Return the fall since the first epoch, while there are not two windows and almost no step went up.

    That is rarely noise, and patience requires one more epoch.
    """
    curves = [loss.curve for loss in (losses.validation, losses.training) if loss]
    if not curves or any(len(curve) < MIN_EPOCHS or _steps_up(curve) > len(curve) // 4 for curve in curves):
        return None
    curve, first = losses.judged.curve, losses.judged.skipped + 1
    epochs = (first, first + len(curve) - 1)
    fell = losses.judged.change(float(curve[0]), float(curve[-1]), 0.0, epochs=epochs)
    return fell if losses.settled_since == 0 and -fell.share >= FAST else None


def _steps_up(curve: Floats) -> int:
    return int(np.count_nonzero(np.diff(curve) >= 0))


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    lately = learns_well(losses, evidence)
    if lately is None:
        return None
    which = "validation" if losses.validation else "training"
    fell = lately.text if lately.half_width else f"{lately.short_text} since epoch 1"
    covered = min(2 * losses.window, evidence.epoch)
    curve = losses.judged.curve
    ends = evidence.epoch >= evidence.epochs and bool(curve[-1] <= curve[-2])
    return Finding(
        name=RULE.name,
        sentence=f"learning well: {which} loss fell {fell}{', and was still falling at the end' if ends else ''}.",
        epochs=(evidence.epoch - covered + 1, evidence.epoch),
        confidence=_confidence(losses, lately),
    )


def _confidence(losses: Losses, lately: Change) -> float:
    if not lately.half_width or math.isnan(losses.judged.baseline):
        return 0.5
    return 0.9 if losses.validation.inference_mode else 0.7


def _rises_now(evidence: Evidence) -> bool:
    """Return whether the last epoch lies above the mean of the last window, of which nobody would say that it falls."""
    losses = losses_of(evidence)
    return (
        bool(losses.judged) and float(losses.judged.curve[-1]) > losses.now(losses.judged) and _check(evidence) is None
    )


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    return (remedies.more_epochs(evidence),) if evidence.epoch >= NEARLY_ALL * evidence.epochs else ()


RULE = Rule(
    name="learning_well",
    explanation=(
        "The validation loss falls by more than noise explains and is below that of guessing: what the model learns is "
        "also true for new samples. Change nothing; if the epochs run out while it still falls, add more."
    ),
    source=(
        "Tutorial 1 (a good fit: both fall and stay together); Prechelt 1998, Early Stopping - But When?, "
        "https://doi.org/10.1007/3-540-49430-8_3"
    ),
    weight=0.5,
    check=_check,
    remedies=_remedies,
    withdrawn=_rises_now,
)
