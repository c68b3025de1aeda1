"""A learning rate that is too high: the loss jumps, climbs, or stays above that of guessing."""

from __future__ import annotations

import math

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Floats, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.losses import Losses, losses_of
from fitmon.engine.diagnosis.fit.rates import FAR_TOO_HIGH, clearly_lower, times_the_default
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 4
ABOVE_BASELINE = 1.2
"""Training loss over chance: a model that learns is not worse than guessing on its own samples."""
LEFT_START = 0.7
"""A loss below this share of its first value is falling, however high it started."""
RECENT = 12
JUMPS = 0.1
"""Typical change from one epoch to the next, as a share of the loss."""
JUMPS_WHEN_SUSPECT = 0.06
"""Likewise where the rate is `SUSPECT` times the optimizer's default, so that jumps are likely."""
SUSPECT = 10.0
JUMPS_OF_BASELINE = 0.03
CLIMBS, CLIMBS_OF_BASELINE = 3.0, 0.02
"""Training loss over its lowest value, and the rise as a share of the chance loss: it should never climb."""
CLIMB_WINDOW = 3
UPWARDS = 0.3
"""Share of steps that go up: none in a steady fall, half in a loss that only jumps."""
LARGE_INPUTS = 100.0
"""Standard deviation of a feature; `unscaled_features` says what to do."""
LITTLE = 0.1
"""Of the chance loss: where less is learned, a rate far above the default is the reason."""

DIVERGED = -1.0
"""Likewise in validation: its loss is twice that of guessing, however low the training loss is."""
ABSURD, POORLY = 300.0, 0.5
"""At this many times the default rate, it is the reason for any fit that leaves more than this share of chance."""


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    training = losses.training
    curve = training.curve[max(0, losses.settled_since - training.skipped) :]
    weighted = not training.inference_mode and (evidence.facts.training_weighted or evidence.last("penalty") > 0)
    if len(curve) < FIRST_EPOCH or weighted or not training.has_floor or _is_explained_by_inputs(evidence):
        return None
    for sign in (_above_chance, _jumps, _climbs, _far_above_default):
        if (answer := sign(losses, evidence, curve)) is not None:
            sentence, confidence = answer
            return Finding(
                name=RULE.name,
                sentence=f"learning rate too high: {sentence}.",
                epochs=(max(1, evidence.epoch - len(curve[-RECENT:]) + 1), evidence.epoch),
                confidence=confidence,
            )
    return None


def _is_explained_by_inputs(evidence: Evidence) -> bool:
    """Return whether the rate is normal, but the inputs are so large that any rate would be too high."""
    facts = evidence.facts
    return not facts.scales_inputs and (facts.largest_scale or 0) > LARGE_INPUTS and times_the_default(evidence) <= 1


def _above_chance(losses: Losses, evidence: Evidence, curve: Floats) -> tuple[str, float] | None:
    start, recent = float(curve[0]), curve[-3:]
    bound = losses.training.baseline * ABOVE_BASELINE if math.isfinite(losses.training.baseline) else 2 * start
    moves_down = bool((np.diff(curve[-RECENT:]) < 0).mean() > 1 - UPWARDS)
    if not recent.min() > bound or recent.mean() < LEFT_START * start or moves_down:
        return None
    if times_the_default(evidence) < 1:
        return None
    against = (
        f"the baseline is {losses.training.baseline:.3g}"
        if math.isfinite(losses.training.baseline)
        else f"it started at {start:.3g}"
    )
    return f"training loss is {recent.mean():.3g} (mean of the last {len(recent)} epochs), {against}", 0.95


def _jumps(losses: Losses, evidence: Evidence, curve: Floats) -> tuple[str, float] | None:
    recent = curve[-RECENT:]
    steps = np.diff(recent)
    level, size = float(recent.mean()), float(np.median(np.abs(steps)))
    floor = JUMPS_OF_BASELINE * (
        losses.training.baseline if math.isfinite(losses.training.baseline) else float(curve.max())
    )
    jumps = JUMPS_WHEN_SUSPECT if times_the_default(evidence) >= SUSPECT else JUMPS
    if size < max(jumps * level, floor) or float((steps > 0).mean()) < UPWARDS:
        return None
    if steps.max() <= losses.training.samples_half_width(len(steps)):
        return None
    # Early in a run the loss still falls by more than it jumps: only what goes up again is a jump.
    if len(curve) < RECENT and -float(steps.sum()) > size:
        return None
    return f"training loss jumps between {recent.min():.3g} and {recent.max():.3g} from epoch to epoch", 0.85


def _climbs(losses: Losses, evidence: Evidence, curve: Floats) -> tuple[str, float] | None:
    means = np.convolve(curve, np.full(CLIMB_WINDOW, 1 / CLIMB_WINDOW), "valid")
    lowest, now = float(means.min()), float(means[-1])
    bound = max(CLIMBS * lowest, lowest + CLIMBS_OF_BASELINE * np.nan_to_num(losses.training.baseline))
    if (
        now < bound
        or now - lowest <= losses.training.samples_half_width(len(means))
        or times_the_default(evidence) < SUSPECT
    ):
        return None
    return f"training loss climbs again, from {lowest:.3g} to {now:.3g}", 0.8


def _far_above_default(losses: Losses, evidence: Evidence, curve: Floats) -> tuple[str, float] | None:
    times = times_the_default(evidence)
    if times < FAR_TOO_HIGH:
        return None
    if losses.learned(losses.training) < LITTLE:
        which, loss = "training loss stays at", float(curve[-3:].mean())
    elif losses.learned(losses.validation) < (POORLY if times >= ABSURD else DIVERGED):
        which, loss = "validation loss is", losses.now(losses.validation)
    else:
        return None
    rate = evidence.knob("learning_rate")
    return (
        f"{rate:g} is {times:.0f} times the default of {evidence.facts.optimizer}, and {which} {loss:.3g}, "
        f"the baseline is {losses.training.baseline:.3g}"
    ), 0.9


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    back = evidence.best_epoch()
    far = clearly_lower(evidence)
    return remedies.present(
        (
            remedies.with_rate(evidence, far, "The loss falls within a few epochs, without jumps.", rewind_to=back),
            remedies.with_rate(evidence, 0.5, "The jumps become about half as large.", rewind_to=back),
            remedies.larger_batch(evidence),
            remedies.advice(
                "start with a small rate and raise it over the first epochs (warm-up), or lower it with a schedule",
                "Large steps where they help, small ones close to the minimum.",
                lowers=("learning_rate",),
            ),
        )
    )


RULE = Rule(
    name="learning_rate_too_high",
    explanation=(
        "Each step goes down the slope, but so far that it lands on the other side, as high or higher. The loss then "
        "jumps, climbs, or ends up where the model no longer learns. The highest rate at which the loss still falls "
        "smoothly is about the best one."
    ),
    source=(
        "Smith 2017, Cyclical Learning Rates for Training Neural Networks, https://arxiv.org/abs/1506.01186; Smith "
        "2018, A disciplined approach to neural network hyper-parameters: Part 1, https://arxiv.org/abs/1803.09820; "
        "Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 11.4.1, https://www.deeplearningbook.org"
    ),
    weight=0.8,
    check=_check,
    remedies=_remedies,
)
