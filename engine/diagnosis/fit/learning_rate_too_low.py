"""A learning rate that is too low: the loss falls steadily, but needs far more epochs than planned."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.baselines import baseline_in_words
from fitmon.engine.diagnosis.fit.losses import Losses, losses_of
from fitmon.engine.diagnosis.fit.overfitting import overfits
from fitmon.engine.diagnosis.fit.rates import times_the_default
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 4
GOAL = 0.3
"""Training loss over chance loss that would be a start."""
LITTLE = 0.35
"""Largest share of the chance loss that was learned."""
STEADY = 0.8
"""Share of the steps that go down."""
SLOWS_DOWN = 0.5
"""Pace in the second half over pace in the first: a model that has learned what it can slows down to nothing."""
FAR_MORE = 2.0
"""Times the planned epochs."""
NORMAL_RATE = 1.0
"""Times the optimizer's default rate: above this, small steps are not the problem."""
MAX_TIMES = 1000.0


class Pace(NamedTuple):
    """How fast the training loss falls."""

    per_epoch: float
    since: int
    """The epoch from which it is measured."""
    needed: float
    """Epochs from the start until the goal is reached at this pace."""


@lru_cache(maxsize=1)
def learns_too_slowly(losses: Losses, evidence: Evidence) -> Pace | None:
    """Return the pace if the verdict is that the steps are too small; else None."""
    pace = _pace(losses, evidence)
    if pace is None or pace.needed < FAR_MORE * evidence.epochs or times_the_default(evidence) >= NORMAL_RATE:
        return None
    return None if overfits(losses) else pace


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    pace = learns_too_slowly(losses, evidence)
    if pace is None:
        return None
    needed = f"{pace.needed:.0f}" if pace.needed < 1e6 else "more than a million"  # noqa: PLR2004 - as good as never
    return Finding(
        name=RULE.name,
        sentence=(
            f"learning rate too low: training loss falls steadily, but by {pace.per_epoch:.2g} per epoch; from "
            f"{losses.now(losses.training):.3g} to {GOAL * losses.training.baseline:.3g}, {100 * GOAL:.0f}% of the "
            f"loss of {baseline_in_words(evidence.facts)}, it needs {needed} epochs; {evidence.epochs} are planned."
        ),
        epochs=(pace.since, evidence.epoch),
        confidence=0.85,
    )


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    pace = _pace(losses_of(evidence), evidence)
    needed = FAR_MORE if pace is None else pace.needed / evidence.epochs
    factor = float(np.clip(10 ** round(math.log10(max(needed, 1.0)) + 0.5), 10, MAX_TIMES))
    return remedies.present(
        (
            remedies.with_rate(
                evidence, factor, "The loss falls visibly in the next epochs; if it jumps, halve the rate."
            ),
            remedies.with_rate(evidence, 3.0, "The loss falls about three times as fast."),
        )
    )


def _pace(losses: Losses, evidence: Evidence) -> Pace | None:
    """Return the pace of a fall that is steady and does not slow down; None for any other curve."""
    training = losses.training
    if not training.inference_mode and (evidence.facts.training_weighted or evidence.last("penalty") > 0):
        return None
    curve = training.curve[max(0, losses.settled_since - training.skipped) :]
    if len(curve) < FIRST_EPOCH or not losses.learned(training) < LITTLE:
        return None
    steps, half = np.diff(curve), len(curve) // 2
    early, late = float(curve[0] - curve[half]) / half, float(curve[half] - curve[-1]) / (len(curve) - 1 - half)
    if float((steps <= 0).mean()) < STEADY or late < SLOWS_DOWN * early or late <= 0:
        return None
    missing = float(curve[-1]) - GOAL * losses.training.baseline
    return Pace(late, evidence.epoch - len(curve) + 1, evidence.epoch + missing / late)


RULE = Rule(
    name="learning_rate_too_low",
    explanation=(
        "Each step goes down the slope, but is so small that the epochs run out long before the minimum. The sign is a "
        "loss that falls smoothly and far too slowly, without slowing down further. Raise the rate tenfold until the "
        "loss jumps, then use a third of that."
    ),
    source=(
        "Smith 2018, A disciplined approach to neural network hyper-parameters: Part 1, "
        "https://arxiv.org/abs/1803.09820; Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 11.4.1, "
        "https://www.deeplearningbook.org"
    ),
    weight=0.75,
    check=_check,
    remedies=_remedies,
    explains=frozenset({"worse_than_guessing", "not_learning", "underfitting"}),
)
