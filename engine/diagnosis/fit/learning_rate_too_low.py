"""A learning rate that is too low: the loss falls steadily, but would need far more epochs than are planned."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.losses import Losses, losses_of
from fitmon.engine.diagnosis.fit.overfitting import overfits
from fitmon.engine.diagnosis.fit.rates import times_the_usual
from fitmon.engine.finding import Finding

FIRST_EPOCH = 4
GOAL = 0.3
"""Training loss over chance loss that would be a beginning."""
LITTLE = 0.35
"""Share of the chance loss taken away, at the most."""
STEADY = 0.8
"""Share of the steps that go down."""
SLOWS_DOWN = 0.5
"""Pace in the second half over pace in the first: a model that has learnt what it can slows down to nothing."""
FAR_MORE = 2.0
"""Times the planned epochs."""
UNUSUAL = 1.0
"""Times the optimizer's usual rate: at more than this, short steps are not what is wrong."""
MAX_TIMES = 1000.0


class RefreshThrottle(NamedTuple):
    """How fast the training loss falls."""

    an_epoch: float
    since: int
    """The epoch from which it is measured."""
    needed: float
    """Epochs from the start until the goal is reached, if it goes on so."""


@lru_cache(maxsize=1)
def crawls(reading: Losses, evidence: Evidence) -> RefreshThrottle | None:
    """Return the pace if the verdict is that the steps are too short; else None."""
    pace = _pace(reading, evidence)
    if pace is None or pace.needed < FAR_MORE * evidence.epochs or times_the_usual(evidence) >= UNUSUAL:
        return None
    return None if overfits(reading) else pace


def _check(evidence: Evidence) -> Finding | None:
    reading = losses_of(evidence)
    pace = crawls(reading, evidence)
    if pace is None:
        return None
    factor = float(np.clip(10 ** round(math.log10(pace.needed / evidence.epochs) + 0.5), 10, MAX_TIMES))
    needed = f"{pace.needed:.0f}" if pace.needed < 1e6 else "more than a million"  # noqa: PLR2004 - as good as never
    return Finding(
        name=RULE.name,
        sentence=(
            f"learning rate too low: training loss falls steadily, but by {pace.an_epoch:.2g} an epoch; from "
            f"{reading.now(reading.training):.3g} to {GOAL * reading.chance:.3g}, {100 * GOAL:.0f} % of guessing, "
            f"it would take {needed} epochs, {evidence.epochs} are planned."
        ),
        epochs=(pace.since, evidence.epoch),
        confidence=0.85,
        remedies=remedies.present(
            (
                remedies.with_rate(
                    evidence, factor, "The loss falls visibly in the next epochs; if it jumps, halve it."
                ),
                remedies.with_rate(evidence, 3.0, "It falls about three times as fast."),
            )
        ),
    )


def _pace(reading: Losses, evidence: Evidence) -> RefreshThrottle | None:
    """Return the pace of a fall that is steady and does not slow down; None where it is no such fall."""
    training = reading.training
    curve = training.curve[max(0, reading.settled_since - training.skipped) :]
    if len(curve) < FIRST_EPOCH or not reading.learnt(training) < LITTLE:
        return None
    steps, half = np.diff(curve), len(curve) // 2
    early, late = float(curve[0] - curve[half]) / half, float(curve[half] - curve[-1]) / (len(curve) - 1 - half)
    if float((steps <= 0).mean()) < STEADY or late < SLOWS_DOWN * early or late <= 0:
        return None
    missing = float(curve[-1]) - GOAL * reading.chance
    return RefreshThrottle(late, evidence.epoch - len(curve) + 1, evidence.epoch + missing / late)


RULE = Rule(
    name="learning_rate_too_low",
    explanation=(
        "Each step goes down the slope, but is so short that the epochs run out long before the bottom. The sign is a "
        "loss that falls steadily, calmly and far too slowly, without slowing down further. Raise the rate tenfold "
        "until it jumps, then take a third of that."
    ),
    source=(
        "Smith 2018, A disciplined approach to neural network hyper-parameters: Part 1, "
        "https://arxiv.org/abs/1803.09820; Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 11.4.1, "
        "https://www.deeplearningbook.org"
    ),
    weight=0.75,
    check=_check,
)
