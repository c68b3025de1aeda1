"""A plateau: neither loss has moved by anything that matters for half of the run."""

from __future__ import annotations

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.learning_rate_too_low import crawls
from fitmon.engine.diagnosis.fit.learning_well import learns_well
from fitmon.engine.diagnosis.fit.losses import Change, LossCurve, losses_of
from fitmon.engine.diagnosis.fit.overfitting import overfits
from fitmon.engine.finding import Finding

FIRST_EPOCH = 8
STILL = 0.02
"""Share of the loss by which the last third of the second half may differ from its first third."""


def _check(evidence: Evidence) -> Finding | None:
    reading = losses_of(evidence)
    since = evidence.epoch // 2
    if evidence.epoch < FIRST_EPOCH or reading.settled_since > since or not reading.judged:
        return None
    sides = [side for side in (reading.validation, reading.training) if side]
    changes = [_change(side, since) for side in sides]
    if any(change is None or abs(change.share) > STILL for change in changes):
        return None
    if overfits(reading) or learns_well(reading, evidence) or crawls(reading, evidence):
        return None
    which = "validation" if reading.validation else "training"
    first = next(change for change in changes if change is not None)
    return Finding(
        name=RULE.name,
        sentence=(
            f"plateau since epoch {since + 1}: {which} loss hardly moves, {first.before:.4g} → {first.now:.4g} "
            f"({100 * first.share:+.1f} %)."
        ),
        epochs=(since + 1, evidence.epoch),
        confidence=0.8,
        remedies=remedies.present(
            (
                remedies.with_rate(evidence, 0.2, "If it is stepping to and fro over the lowest place, it sinks in."),
                remedies.with_rate(evidence, 3.0, "If it lies in a flat place, larger steps may lead out of it."),
                remedies.stop_here(evidence),
            )
        ),
    )


def _change(side: LossCurve, since: int) -> Change | None:
    half = side.curve[max(0, since - side.skipped) :]
    third = len(half) // 3
    return Change(float(half[:third].mean()), float(half[-third:].mean()), 0.0) if third else None


RULE = Rule(
    name="plateau",
    explanation=(
        "Neither loss has moved by more than a fiftieth for half of the run. Either it is done, or it lies in a flat "
        "place: a smaller rate lets it sink in where it steps to and fro, a larger one may lead it out. More epochs "
        "alone change little."
    ),
    source=(
        "Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 8.2, https://www.deeplearningbook.org; Keras, "
        "ReduceLROnPlateau, https://keras.io/api/callbacks/reduce_lr_on_plateau/"
    ),
    weight=0.35,
    check=_check,
)
