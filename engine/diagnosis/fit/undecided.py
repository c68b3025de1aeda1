"""No verdict: what the losses did lately, and that it is no evidence for any of the others."""

from __future__ import annotations

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import Change, losses_of
from fitmon.engine.diagnosis.fit.overfitting import RISE_THAT_MATTERS, Turn, turn_of
from fitmon.engine.diagnosis.fit.too_early import is_too_early
from fitmon.engine.finding import Finding

DEVIATIONS = 2.0


def _check(evidence: Evidence) -> Finding | None:
    reading = losses_of(evidence)
    side = reading.judged
    if is_too_early(evidence) or not side:
        return None
    which, turn, lately = "validation" if reading.validation else "training", turn_of(reading), reading.lately(side)
    if turn is not None and turn.validation.rise > 0:
        first, said = turn.best_epoch, f"{turn.validation.told} since its best at epoch {turn.best_epoch}"
        meaning = _meaning_of_rise(turn)
    elif lately is not None:
        first, said = (
            evidence.epoch - 2 * reading.window + 1,
            f"{lately.told} over the last {2 * reading.window} epochs",
        )
        meaning = _meaning_of_course(lately)
    else:
        return None
    return Finding(
        name=RULE.name,
        sentence=f"undecided: {which} loss {said}: {meaning}.",
        epochs=(max(1, first), evidence.epoch),
        confidence=0.5,
    )


def _meaning_of_rise(turn: Turn) -> str:
    if turn.validation.rise <= DEVIATIONS * turn.validation.error:
        return "no evidence of a rise"
    if turn.validation.rise <= turn.floor:
        return "perhaps a rise, but such a one may still be noise"
    if turn.validation.share < RISE_THAT_MATTERS:
        return "a rise, but too small to matter"
    return "a rise, but training does not fall meanwhile"


def _meaning_of_course(lately: Change) -> str:
    if abs(lately.rise) <= DEVIATIONS * lately.error:
        return "no evidence that it moves"
    return "it falls, but by little" if lately.rise < 0 else "it rises, but is not yet above its best"


RULE = Rule(
    name="undecided",
    explanation=(
        "The validation set is a sample: with others the loss would be a little higher or lower, and from epoch to "
        "epoch the weights move to and fro. The number after ± is what that alone may do. A change of up to about "
        "three times that is no evidence, and fitmon then gives no verdict. More validation samples make it smaller."
    ),
    source=(
        "Miller 2024, Adding Error Bars to Evals, https://arxiv.org/abs/2411.00640; Prechelt 1998, Early Stopping - "
        "But When?, https://doi.org/10.1007/3-540-49430-8_3"
    ),
    weight=0.1,
    check=_check,
    patience=1,
)
