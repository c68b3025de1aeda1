"""A learning rate that is too high: the loss jumps about, climbs, or stays above what guessing would give."""

from __future__ import annotations

import math

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Floats, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.losses import Losses, losses_of
from fitmon.engine.diagnosis.fit.rates import times_the_usual
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 4
ABOVE_CHANCE = 1.2
"""Training loss over chance: no model that learns is worse than guessing on its own samples."""
LEFT_START = 0.7
"""A loss below this share of where it started is on its way down, however high it began."""
RECENT = 12
JUMPS = 0.1
"""Typical step up or down from one epoch to the next, as a share of the loss."""
JUMPS_WHEN_SUSPECT = 0.06
"""Likewise where the rate is so many times the optimizer's usual one that jumps are to be expected of it."""
SUSPECT = 10.0
JUMPS_OF_CHANCE = 0.03
CLIMBS, CLIMBS_OF_CHANCE = 3.0, 0.02
"""Training loss over the lowest it was, and by how much of the chance loss: without a change it should never climb."""
UPWARDS = 0.3
"""Share of the steps that go up: a fall has none, a loss that only jumps half."""
FAR_TOO_HIGH = 30.0
"""Times the optimizer's usual rate."""
LARGE_INPUTS = 100.0
"""Standard deviation of a feature; `unscaled_features` says what to do."""
LITTLE = 0.1
"""Share of the chance loss: with less taken away, a rate far beyond the usual is what is wrong."""

THROWN_FAR = -1.0
"""Likewise on samples never seen: their loss is twice that of guessing, however well the training samples are known."""
ABSURD, POORLY = 300.0, 0.5
"""From so many times the usual rate on, it is to blame for any fit that leaves more than this share of chance."""


def _check(evidence: Evidence) -> Finding | None:
    reading = losses_of(evidence)
    curve = reading.training.curve[max(0, reading.settled_since - reading.training.skipped) :]
    if len(curve) < FIRST_EPOCH or _is_explained_by_inputs(evidence):
        return None
    for sign in (_above_chance, _jumps, _climbs, _far_beyond_usual):
        if (told := sign(reading, evidence, curve)) is not None:
            sentence, confidence = told
            return Finding(
                name=RULE.name,
                sentence=f"learning rate too high: {sentence}.",
                epochs=(max(1, evidence.epoch - len(curve[-RECENT:]) + 1), evidence.epoch),
                confidence=confidence,
                remedies=_remedies(evidence),
            )
    return None


def _is_explained_by_inputs(evidence: Evidence) -> bool:
    """Return whether the rate is usual, but inputs are on so large a scale that any would be too high for them."""
    facts = evidence.facts
    return not facts.scales_inputs and (facts.largest_scale or 0) > LARGE_INPUTS and times_the_usual(evidence) <= 1


def _above_chance(reading: Losses, evidence: Evidence, curve: Floats) -> tuple[str, float] | None:
    start, recent = float(curve[0]), curve[-3:]
    bound = reading.chance * ABOVE_CHANCE if math.isfinite(reading.chance) else 2 * start
    moves_down = bool((np.diff(curve[-RECENT:]) < 0).mean() > 1 - UPWARDS)
    if not recent.min() > bound or recent.mean() < LEFT_START * start or moves_down:
        return None
    if times_the_usual(evidence) < 1:
        return None
    against = (
        f"guessing would give {reading.chance:.3g}" if math.isfinite(reading.chance) else f"it began at {start:.3g}"
    )
    return f"training loss is {recent.mean():.3g}, where {against}", 0.95


def _jumps(reading: Losses, evidence: Evidence, curve: Floats) -> tuple[str, float] | None:
    recent = curve[-RECENT:]
    steps = np.diff(recent)
    level, size = float(recent.mean()), float(np.median(np.abs(steps)))
    floor = JUMPS_OF_CHANCE * (reading.chance if math.isfinite(reading.chance) else float(curve.max()))
    jumps = JUMPS_WHEN_SUSPECT if times_the_usual(evidence) >= SUSPECT else JUMPS
    if size < max(jumps * level, floor) or float((steps > 0).mean()) < UPWARDS:
        return None
    return f"training loss jumps between {recent.min():.3g} and {recent.max():.3g} from epoch to epoch", 0.85


def _climbs(reading: Losses, evidence: Evidence, curve: Floats) -> tuple[str, float] | None:
    means = np.convolve(curve, np.full(3, 1 / 3), "valid")
    lowest, now = float(means.min()), float(means[-1])
    bound = max(CLIMBS * lowest, lowest + CLIMBS_OF_CHANCE * np.nan_to_num(reading.chance))
    if now < bound or times_the_usual(evidence) < SUSPECT:
        return None
    return f"training loss climbs again, from {lowest:.3g} to {now:.3g}", 0.8


def _far_beyond_usual(reading: Losses, evidence: Evidence, curve: Floats) -> tuple[str, float] | None:
    times = times_the_usual(evidence)
    if times < FAR_TOO_HIGH:
        return None
    if reading.learnt(reading.training) < LITTLE:
        which, loss = "training loss stays at", float(curve[-3:].mean())
    elif reading.learnt(reading.validation) < (POORLY if times >= ABSURD else THROWN_FAR):
        which, loss = "validation loss is", reading.now(reading.validation)
    else:
        return None
    rate = evidence.knob("learning_rate")
    return (
        f"{rate:g} is {times:.0f} times what is usual for {evidence.facts.optimizer}, and {which} {loss:.3g}, "
        f"where guessing would give {reading.chance:.3g}"
    ), 0.9


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    back = evidence.best_epoch()
    times = times_the_usual(evidence)
    far = 1 / times if times >= FAR_TOO_HIGH else 0.1
    return remedies.present(
        (
            remedies.with_rate(evidence, far, "The loss falls within a few epochs, without jumps.", back_to=back),
            remedies.with_rate(evidence, 0.5, "The jumps get about half as large.", back_to=back),
            remedies.larger_batch(evidence),
            remedies.advice(
                "begin with a small rate and raise it over the first epochs (warm-up), or let a schedule lower it",
                "Long steps where they help, short ones where they would jump over the lowest place.",
            ),
        )
    )


RULE = Rule(
    name="learning_rate_too_high",
    explanation=(
        "Each step goes down the slope, but so far that it lands on the other side, as high or higher. The loss then "
        "jumps about, climbs, or is thrown to where nothing is learnt any more. The highest rate at which the loss "
        "still falls calmly is about the best one."
    ),
    source=(
        "Smith 2017, Cyclical Learning Rates for Training Neural Networks, https://arxiv.org/abs/1506.01186; Smith "
        "2018, A disciplined approach to neural network hyper-parameters: Part 1, https://arxiv.org/abs/1803.09820; "
        "Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 11.4.1, https://www.deeplearningbook.org"
    ),
    weight=0.8,
    check=_check,
)
