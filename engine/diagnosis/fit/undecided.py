"""No verdict: what the losses did recently, and that it is no evidence for any other finding."""

from __future__ import annotations

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import Change, losses_of
from fitmon.engine.diagnosis.fit.overfitting import RISE_THAT_MATTERS, Turn, turn_of
from fitmon.engine.diagnosis.fit.too_early import is_too_early
from fitmon.engine.finding import Finding

DEVIATIONS = 2.0


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    judged = losses.judged
    if is_too_early(evidence) or not judged:
        return None
    which, turn, lately = "validation" if losses.validation else "training", turn_of(losses), losses.lately(judged)
    if turn is not None and turn.validation.rise > 0:
        first, change = turn.best_epoch, f"{turn.validation.text} since its best at epoch {turn.best_epoch}"
        meaning = _meaning_of_rise(turn)
    elif lately is not None:
        first, change = (
            evidence.epoch - 2 * losses.window + 1,
            f"{lately.text} over the last {2 * losses.window} epochs",
        )
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
    if turn.validation.rise <= DEVIATIONS * turn.validation.error:
        return "no evidence of a rise"
    if turn.validation.rise <= turn.floor:
        return "possibly rising, but within noise"
    if turn.validation.share < RISE_THAT_MATTERS:
        return "a rise, but too small to matter"
    return "a rise, but training loss is not falling"


def _meaning_of_trend(lately: Change) -> str:
    if abs(lately.rise) <= DEVIATIONS * lately.error:
        return "no evidence of a change"
    return "falling, but only a little" if lately.rise < 0 else "rising, but not yet above its best"


RULE = Rule(
    name="undecided",
    explanation=(
        "The validation set is a sample: with other samples the loss would be a little higher or lower, and weights "
        "move from epoch to epoch. The number after ± is the size of that noise. A change of up to about three times "
        "the noise is no evidence, and fitmon gives no verdict. More validation samples make the noise smaller."
    ),
    source=(
        "Miller 2024, Adding Error Bars to Evals, https://arxiv.org/abs/2411.00640; Prechelt 1998, Early Stopping - "
        "But When?, https://doi.org/10.1007/3-540-49430-8_3"
    ),
    weight=0.1,
    check=_check,
    patience=1,
)
