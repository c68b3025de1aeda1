"""A penalty so strong that the model fits the penalty instead of the data."""

from __future__ import annotations

import math

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.losses import Losses, losses_of
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 3
"""Epochs with the penalty after which it is judged."""
LARGE = 0.2
"""Penalty over the baseline."""
OVERWHELMING = 1.0
"""Penalty over the baseline that leaves no doubt."""
OUTWEIGHS = 0.4
"""Penalty over the training data loss."""
COLLAPSED, POOR = 0.1, 0.5
"""Share of the baseline that was learned: nothing to speak of, and little."""
WORSE = 1.1
"""Data loss over the best one before the penalty was raised."""


def _check(evidence: Evidence) -> Finding | None:
    losses, strength = losses_of(evidence), _strengths(evidence)
    since = _changed(evidence)
    penalty = evidence.curve("penalty")[since - 1 :]
    learned, loss = losses.learned(losses.training), losses.now(losses.training)
    if not strength or len(penalty) < FIRST_EPOCH or math.isnan(learned) or not losses.training.inference_mode:
        return None
    largest, now = float(np.nan_to_num(penalty).max()), float(np.nan_to_num(penalty[-1]))
    collapsed = learned < COLLAPSED and largest >= LARGE * losses.training.baseline
    held_back = learned < POOR and now >= OUTWEIGHS * loss and _worse_than_before(losses, since)
    if not collapsed and not held_back:
        return None
    worst = f"{largest:.3g} at first, now {now:.3g}" if largest > 2 * now else f"{now:.3g}"
    what = "no better than guessing" if collapsed else "little better than guessing"
    return Finding(
        name=RULE.name,
        sentence=(
            f"penalty too strong: {strength} adds {worst} to the loss, while the training data loss is "
            f"{losses.now_in_words(losses.training)}, "
            f"{what} ({losses.training.baseline:.3g}): training shrinks the weights instead of fitting the data."
        ),
        epochs=(since, evidence.epoch),
        confidence=_sure(since, largest / losses.training.baseline),
    )


def _sure(since: int, of_baseline: float) -> float:
    """Return how sure it is that the penalty is the reason: another one may be that there is nothing to learn."""
    return 0.9 if of_baseline >= OVERWHELMING else 0.8 if since > 1 else 0.75


def _strengths(evidence: Evidence) -> str:
    """Return the penalties in effect as words, such as `L2 0.02`; empty without any."""
    strengths = ((name.upper(), evidence.knob(name) or 0.0) for name in ("l1", "l2"))
    return " and ".join(f"{name} {value:g}" for name, value in strengths if value > 0)


def _changed(evidence: Evidence) -> int:
    """Return the first epoch with the present penalty."""
    return next((change.epoch for change in reversed(evidence.changes) if change.knob in {"l1", "l2"}), 1)


def _worse_than_before(losses: Losses, since: int) -> bool:
    """Return whether the data loss was lower before an epoch; True for the first."""
    before = losses.training.curve[: max(0, since - 1 - losses.training.skipped)]
    return not len(before) or losses.now(losses.training) > WORSE * float(before.min())


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    return remedies.present((remedies.less_penalty(evidence, evidence.best_epoch()),))


RULE = Rule(
    name="penalty_too_strong",
    explanation=(
        "L1 and L2 add the size of the weights to the loss. If that sum outweighs the data loss, training makes the "
        "weights small instead of useful, in the end so small that every sample gets the same prediction. Lower the "
        "penalty until the data loss falls again; a useful penalty is a small part of the loss."
    ),
    source=(
        "Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 7.1, https://www.deeplearningbook.org; Krogh, Hertz "
        "1991, A Simple Weight Decay Can Improve Generalization, "
        "https://papers.nips.cc/paper/1991/hash/8eefcfdf5990e441f0fb6f3fad709e21-Abstract.html"
    ),
    weight=0.9,
    check=_check,
    remedies=_remedies,
    explains=frozenset(
        {"not_learning", "underfitting", "plateau", "dead_units", "learning_rate_too_low", "learning_rate_too_high"}
    ),
)
