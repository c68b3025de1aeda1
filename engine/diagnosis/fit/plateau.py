"""A plateau: neither loss has changed noticeably for half of the run."""

from __future__ import annotations

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.learning_rate_too_low import learns_too_slowly
from fitmon.engine.diagnosis.fit.learning_well import learns_well
from fitmon.engine.diagnosis.fit.losses import Change, LossCurve, losses_of
from fitmon.engine.diagnosis.fit.memorizing import memorizes
from fitmon.engine.diagnosis.fit.overfitting import overfits
from fitmon.engine.diagnosis.fit.worse_than_guessing import is_worse_than_guessing
from fitmon.engine.finding import Finding, Remedy

FIRST_EPOCH = 8
STILL = 0.02
"""Largest difference between the first and last third of the second half, as a share of the loss."""


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    since = evidence.epoch // 2
    if evidence.epoch < FIRST_EPOCH or losses.settled_since > since or not losses.judged:
        return None
    curves = [curve for curve in (losses.validation, losses.training) if curve]
    changes = [_change(curve, since) for curve in curves]
    if any(change is None or abs(change.share) > STILL for change in changes):
        return None
    if overfits(losses) or memorizes(losses) or is_worse_than_guessing(losses):
        return None
    if learns_well(losses, evidence) or learns_too_slowly(losses, evidence):
        return None
    which = "validation" if losses.validation else "training"
    first = next(change for change in changes if change is not None)
    return Finding(
        name=RULE.name,
        sentence=f"plateau since epoch {since + 1}: {which} loss hardly changes, {_in_words(first)}.",
        epochs=(since + 1, evidence.epoch),
        confidence=0.8,
    )


def _in_words(change: Change) -> str:
    if not change.has_floor:
        return f"by {change.rise:+.2g}"
    return f"{change.before:.4g} → {change.now:.4g} ({100 * change.share:+.1f}%; means of its first and last third)"


def _change(loss: LossCurve, since: int) -> Change | None:
    half = loss.curve[max(0, since - loss.skipped) :]
    third = len(half) // 3
    if not third:
        return None
    return loss.change(float(half[:third].mean()), float(half[-third:].mean()), 0.0, epochs=(0, 0), window=third)


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    return remedies.present(
        (
            remedies.with_rate(evidence, 0.2, "If the steps jump across a minimum, the loss falls into it."),
            remedies.with_rate(evidence, 3.0, "If the loss surface is flat here, larger steps may leave it."),
            remedies.stop_here(evidence),
        )
    )


RULE = Rule(
    name="plateau",
    explanation=(
        "Neither loss has changed by more than a fiftieth for half of the run. Either training is done, or the loss "
        "surface is flat here: a smaller learning rate helps if steps jump across a minimum, a larger one may leave "
        "the flat region. More epochs alone change little."
    ),
    source=(
        "Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 8.2, https://www.deeplearningbook.org; Keras, "
        "ReduceLROnPlateau, https://keras.io/api/callbacks/reduce_lr_on_plateau/"
    ),
    weight=0.35,
    check=_check,
    remedies=_remedies,
)
