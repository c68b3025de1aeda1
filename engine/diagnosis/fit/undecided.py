"""No verdict: what the losses did recently, and that it is no evidence for any other finding."""

from __future__ import annotations

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.learning_well import FALL_THAT_MATTERS
from fitmon.engine.diagnosis.fit.losses import Change, losses_of
from fitmon.engine.diagnosis.fit.overfitting import RISE_THAT_MATTERS, Turn, turn_of
from fitmon.engine.diagnosis.fit.too_early import is_too_early
from fitmon.engine.finding import Finding


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    judged = losses.judged
    if is_too_early(evidence) or not judged:
        return None
    which, turn, lately = "validation" if losses.validation else "training", turn_of(losses), losses.lately(judged)
    if turn is not None and turn.validation.rise > 0:
        first, change = turn.best_epoch, f"{turn.validation.text}"
        meaning = _meaning_of_rise(turn)
    elif lately is not None:
        first, change = evidence.epoch - 2 * losses.window + 1, lately.text
        meaning = _meaning_of_trend(lately)
    else:
        return None
    return Finding(
        name=RULE.name,
        sentence=f"undecided: {which} loss {change}: {meaning}.",
        epochs=(max(1, first), evidence.epoch),
        confidence=0.5,
    )


def _meaning_of_rise(turn: Turn) -> str:
    if not turn.validation.rises:
        return "no evidence of a rise"
    if turn.validation.share < RISE_THAT_MATTERS:
        return "a rise, but too small to matter"
    return "a rise, but training loss is not falling"


def _meaning_of_trend(lately: Change) -> str:
    if lately.falls:
        return "falling, but only a little" if -lately.share < FALL_THAT_MATTERS else "falling beyond its noise"
    return "rising, but not yet above its best" if lately.rises else "no evidence of a change"


RULE = Rule(
    name="undecided",
    explanation=(
        "The validation set is a sample: with other samples the loss would be a little higher or lower, and weights "
        "move from epoch to epoch. The number after ± is half of the 95% interval of that noise. A smaller change "
        "is no evidence, and fitmon gives no verdict. More validation samples make the noise smaller."
    ),
    source=(
        "Miller 2024, Adding Error Bars to Evals, https://arxiv.org/abs/2411.00640; Prechelt 1998, Early Stopping - "
        "But When?, https://doi.org/10.1007/3-540-49430-8_3"
    ),
    weight=0.1,
    check=_check,
    patience=1,
)
