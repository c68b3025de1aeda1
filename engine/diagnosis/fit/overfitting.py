"""Overfitting: the validation loss has turned up while training goes on falling, or training is learnt by heart."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.losses import TINY, Change, Losses, losses_of
from fitmon.engine.finding import Finding, Remedy

DEVIATIONS = 3.0
"""Standard errors of the rise. A window's own noise is 1 / √2 of that of a difference, so that this is 4.2 of them."""
RISE_THAT_MATTERS = 0.03
"""Of the best loss."""
RISE_OF_CHANCE = 1e-3
"""Of the chance loss: a loss of nearly 0 may double and matter to nobody."""
FALL_THAT_MATTERS = 0.02
"""Of the training loss since the best epoch."""
FAR_BELOW = 0.25
"""Training loss over validation loss of a model that has learnt its samples by heart."""
BY_HEART = 0.1
"""Training loss over chance loss of such a model, at the most."""
MAX_TIMES = 100
"""More is as good as nothing left."""
STILL_LEARNING_BY_HEART = 0.1
"""Share by which the training loss must still fall from a window to the next."""


class Turn(NamedTuple):
    """Where validation was best, and what happened since."""

    best_epoch: int
    """The best one of the best window."""
    validation: Change
    training: Change | None
    """None where there is no such loss."""
    floor: float
    """A rise up to this one is noise."""


@lru_cache(maxsize=1)
def overfits(reading: Losses) -> bool:
    """Return whether the verdict is overfitting."""
    turn = turn_of(reading)
    return turn is not None and (_rose(reading, turn) or _learns_by_heart(reading, turn))


@lru_cache(maxsize=1)
def turn_of(reading: Losses) -> Turn | None:
    """Return what happened since validation was best; None before there can be two windows apart."""
    validation, window = reading.validation, reading.window
    means = validation.smooth(window)
    if len(means) <= window:
        return None
    best = int(np.argmin(means))
    error = validation.error_since_best(window)
    change = Change(float(means[best]), float(means[-1]), error)
    # Of K windows as good the lowest lies about √(2 ln K) of its own deviations too low: the winner's curse.
    as_good = np.count_nonzero(means <= means[best] + 2 * error) / window
    curse = math.sqrt(math.log(max(1.0, as_good))) * error
    epoch = validation.skipped + best + 1 + int(np.argmin(validation.curve[best : best + window]))
    return Turn(epoch, change, _training_since(reading, best), DEVIATIONS * error + curse)


def _training_since(reading: Losses, best: int) -> Change | None:
    training, window = reading.training, reading.window
    means = training.smooth(window)
    at = best + reading.validation.skipped - training.skipped
    if not 0 <= at < len(means):
        return None
    return Change(float(means[at]), float(means[-1]), training.error_since_best(window))


def _rose(reading: Losses, turn: Turn) -> bool:
    validation, training = turn.validation, turn.training
    tiny = RISE_OF_CHANCE * (reading.chance if math.isfinite(reading.chance) else validation.before)
    if validation.rise < max(turn.floor, RISE_THAT_MATTERS * validation.before, tiny):
        return False
    if training is None:
        return not reading.training
    fell = -training.rise >= max(FALL_THAT_MATTERS * training.before, 2 * training.error)
    return fell or (training.now <= FAR_BELOW * validation.now and training.rise <= 0)


def _learns_by_heart(reading: Losses, turn: Turn) -> bool:
    """Return whether validation is past its best, if only just, while training, far below it already, still falls."""
    validation, training = reading.lately(reading.validation), reading.lately(reading.training)
    if validation is None or training is None or turn.training is None:
        return False
    turned = turn.validation.rise > 0 and validation.rise >= -2 * validation.error
    falls = -training.share >= STILL_LEARNING_BY_HEART and -training.rise >= training.error
    known = training.now <= BY_HEART * reading.chance or math.isnan(reading.chance)
    matters = validation.now - training.now >= 10 * RISE_OF_CHANCE * np.nan_to_num(reading.chance)
    return bool(turned and falls and known and matters and training.now <= FAR_BELOW * validation.now)


def _check(evidence: Evidence) -> Finding | None:
    reading = losses_of(evidence)
    turn = turn_of(reading)
    if turn is None:
        return None
    rose = _rose(reading, turn)
    if not rose and not _learns_by_heart(reading, turn):
        return None
    return Finding(
        name=RULE.name,
        sentence=_rise_in_words(turn) if rose or _is_likely(turn) else _by_heart_in_words(reading, turn),
        epochs=(turn.best_epoch, evidence.epoch),
        confidence=_confidence(reading, turn) if rose else 0.7 if _is_likely(turn) else 0.6,
        remedies=_remedies(evidence, turn.best_epoch),
    )


def _is_likely(turn: Turn) -> bool:
    """Return whether the rise alone makes it likely, if not sure."""
    return turn.validation.rise > 2 * turn.validation.error


def _rise_in_words(turn: Turn) -> str:
    rose = f"overfitting since epoch {turn.best_epoch}: validation loss rose {turn.validation.told}"
    if turn.training is None:
        return f"{rose}."
    moved = "fell" if turn.training.rise < 0 else "went"
    return f"{rose} while training {moved} {turn.training.briefly}."


def _by_heart_in_words(reading: Losses, turn: Turn) -> str:
    ratio = reading.now(reading.validation) / max(reading.now(reading.training), TINY)
    times = f"{ratio:.0f} times" if ratio < MAX_TIMES else f"more than {MAX_TIMES} times"
    fell = "" if turn.training is None else f"its loss fell {turn.training.briefly}, "
    return (
        f"overfitting since epoch {turn.best_epoch}: training is learnt by heart, {fell}{times} below validation, "
        f"which gains nothing from it: {turn.validation.told}."
    )


def _confidence(reading: Losses, turn: Turn) -> float:
    beyond = turn.validation.rise / max(turn.floor, TINY)
    sure = 0.8 + 0.19 * (1 - math.exp(-(beyond - 1)))
    return round(sure if reading.honest else 0.7 * sure, 2)


def _remedies(evidence: Evidence, best: int) -> tuple[Remedy, ...]:
    return remedies.present(
        (
            remedies.more_dropout(evidence, best),
            remedies.more_l2(evidence, best),
            remedies.stop_here(evidence),
            remedies.with_rate(
                evidence, 0.5, "The fit is approached in smaller steps; the turn comes later.", back_to=best
            ),
            remedies.fewer_units(evidence),
            remedies.advice(
                "train with more samples, or with the ones there are varied at random (augmentation)",
                "What is learnt by heart no longer pays: the gap narrows.",
            ),
            remedies.advice(
                "leave out features that say nothing, or select the best by cross-validation",
                "Less noise to be learnt by heart.",
            ),
        )
    )


RULE = Rule(
    name="overfitting",
    explanation=(
        "The model begins to learn its training samples by heart: their loss goes on falling, while the loss on "
        "samples it has never seen turns up. More epochs are not better then, even where the accuracy still rises. "
        "Fewer parameters, more data, dropout, weight penalties or an earlier end help."
    ),
    source=(
        "Tutorial 1 (the two loss curves part and the validation loss rises); Prechelt 1998, Early Stopping - But "
        "When?, https://doi.org/10.1007/3-540-49430-8_3; Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 5.2 "
        "and 7.8, https://www.deeplearningbook.org"
    ),
    weight=0.9,
    check=_check,
)
