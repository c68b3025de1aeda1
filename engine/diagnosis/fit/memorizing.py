"""Memorizing: the training loss is far below the validation loss and still falls, but validation gains nothing."""

from __future__ import annotations

from functools import lru_cache

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import TINY, Losses, losses_of
from fitmon.engine.diagnosis.fit.overfitting import FAR_BELOW, Turn, against_memorizing, is_best_now, overfits, turn_of
from fitmon.engine.finding import Finding

MEMORIZED = 0.1
"""Largest training loss over its baseline of such a model."""
MAX_TIMES = 100
"""Beyond this, the ratio is not shown."""
STILL_FALLS = 0.05
"""Share by which the training loss must still fall from one window to the next."""
GAP_THAT_MATTERS = 10
"""Times the loss that is nothing."""


@lru_cache(maxsize=1)
def memorizes(losses: Losses) -> Turn | None:
    """Return where validation was best if training, far below it, still falls and validation does not; else None."""
    turn = turn_of(losses)
    validation, training = losses.lately(losses.validation), losses.lately(losses.training)
    if turn is None or turn.training is None or validation is None or training is None or not losses.comparable:
        return None
    gains = validation.falls or turn.validation.rise <= 0
    falls = training.falls and -training.share >= STILL_FALLS
    known = not losses.training.baseline > 0 or training.now <= MEMORIZED * losses.training.baseline
    matters = validation.now - training.now >= GAP_THAT_MATTERS * losses.validation.nothing
    far_below = training.now <= FAR_BELOW * validation.now
    return turn if falls and not gains and known and matters and far_below and not overfits(losses) else None


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    turn = memorizes(losses)
    if turn is None or turn.training is None:
        return None
    ratio = losses.now(losses.validation) / max(losses.now(losses.training), TINY)
    times = f"{ratio:.0f} times" if ratio < MAX_TIMES else f"more than {MAX_TIMES} times"
    return Finding(
        name=RULE.name,
        sentence=(
            f"memorizing since epoch {turn.best_epoch}: training loss fell {turn.training.short_text} and is {times} "
            f"below validation loss, which has not improved: {turn.validation.text}, within noise."
        ),
        epochs=(turn.best_epoch, evidence.epoch),
        confidence=0.7,
    )


def _validation_gains(evidence: Evidence) -> bool:
    """Return whether the last epochs are the best: a single one that is lowest by chance contradicts nothing."""
    turn = turn_of(losses_of(evidence))
    return is_best_now(evidence) and turn is not None and turn.validation.rise <= 0


RULE = Rule(
    name="memorizing",
    explanation=(
        "The training loss is far below the validation loss and still falls, so the model keeps learning its training "
        "samples by themselves: nothing of it helps with new ones. Validation loss has not risen beyond its noise yet; "
        "if it does, that is overfitting. The weights of the best epoch are as good as any later ones."
    ),
    source=(
        "Tutorial 1 (the two loss curves part); Zhang, Bengio, Hardt, Recht, Vinyals 2017, Understanding deep learning "
        "requires rethinking generalization, https://arxiv.org/abs/1611.03530"
    ),
    weight=0.8,
    check=_check,
    remedies=against_memorizing,
    withdrawn=_validation_gains,
)
