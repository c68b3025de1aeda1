"""Overfitting: the validation loss rises while the training loss still falls, or the training set is memorized."""

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
"""Standard errors of the rise. A single window's noise is 1 / √2 of that, so this is 4.2 of those."""
RISE_THAT_MATTERS = 0.03
"""Of the best loss."""
RISE_OF_CHANCE = 1e-3
"""Of the chance loss: it does not matter if a loss of nearly 0 doubles."""
FALL_THAT_MATTERS = 0.02
"""Of the training loss since the best epoch."""
FAR_BELOW = 0.25
"""Training loss over validation loss of a model that has memorized its samples."""
MEMORIZED = 0.1
"""Largest training loss over chance loss of such a model."""
MAX_TIMES = 100
"""Beyond this, the ratio is not shown."""
STILL_MEMORIZING = 0.1
"""Share by which the training loss must still fall from one window to the next."""


class Turn(NamedTuple):
    """Where validation was best, and what has happened since."""

    best_epoch: int
    """The best epoch of the best window."""
    validation: Change
    training: Change | None
    """None where the training loss is not known."""
    floor: float
    """A rise up to this is noise."""


@lru_cache(maxsize=1)
def overfits(losses: Losses) -> bool:
    """Return whether the verdict is overfitting."""
    turn = turn_of(losses)
    return turn is not None and (_rose(losses, turn) or _memorizes(losses, turn))


@lru_cache(maxsize=1)
def turn_of(losses: Losses) -> Turn | None:
    """Return what has happened since validation was best; None before there are two separate windows."""
    validation, window = losses.validation, losses.window
    means = validation.smooth(window)
    if len(means) <= window:
        return None
    best = int(np.argmin(means))
    error = validation.error_since_best(window)
    change = Change(float(means[best]), float(means[-1]), error)
    # Of K equally good windows the lowest is about √(2 ln K) of its own deviations too low: the winner's curse.
    as_good = np.count_nonzero(means <= means[best] + 2 * error) / window
    curse = math.sqrt(math.log(max(1.0, as_good))) * error
    epoch = validation.skipped + best + 1 + int(np.argmin(validation.curve[best : best + window]))
    return Turn(epoch, change, _training_since(losses, best), DEVIATIONS * error + curse)


def _training_since(losses: Losses, best: int) -> Change | None:
    training, window = losses.training, losses.window
    means = training.smooth(window)
    at = best + losses.validation.skipped - training.skipped
    if not 0 <= at < len(means):
        return None
    return Change(float(means[at]), float(means[-1]), training.error_since_best(window))


def _rose(losses: Losses, turn: Turn) -> bool:
    validation, training = turn.validation, turn.training
    tiny = RISE_OF_CHANCE * (losses.chance if math.isfinite(losses.chance) else validation.before)
    if validation.rise < max(turn.floor, RISE_THAT_MATTERS * validation.before, tiny):
        return False
    if training is None:
        return not losses.training
    fell = -training.rise >= max(FALL_THAT_MATTERS * training.before, 2 * training.error)
    return fell or (training.now <= FAR_BELOW * validation.now and training.rise <= 0)


def _memorizes(losses: Losses, turn: Turn) -> bool:
    """Return whether validation is just past its best while training, far below it already, still falls."""
    validation, training = losses.lately(losses.validation), losses.lately(losses.training)
    if validation is None or training is None or turn.training is None:
        return False
    turned = turn.validation.rise > 0 and validation.rise >= -2 * validation.error
    falls = -training.share >= STILL_MEMORIZING and -training.rise >= training.error
    known = training.now <= MEMORIZED * losses.chance or math.isnan(losses.chance)
    matters = validation.now - training.now >= 10 * RISE_OF_CHANCE * np.nan_to_num(losses.chance)
    return bool(turned and falls and known and matters and training.now <= FAR_BELOW * validation.now)


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    turn = turn_of(losses)
    if turn is None:
        return None
    rose = _rose(losses, turn)
    if not rose and not _memorizes(losses, turn):
        return None
    return Finding(
        name=RULE.name,
        sentence=_rise_in_words(turn) if rose or _is_likely(turn) else _memorizing_in_words(losses, turn),
        epochs=(turn.best_epoch, evidence.epoch),
        confidence=_confidence(losses, turn) if rose else 0.7 if _is_likely(turn) else 0.6,
        remedies=_remedies(evidence, turn.best_epoch),
    )


def _is_likely(turn: Turn) -> bool:
    """Return whether the rise alone makes overfitting likely, if not certain."""
    return turn.validation.rise > 2 * turn.validation.error


def _rise_in_words(turn: Turn) -> str:
    rose = f"overfitting since epoch {turn.best_epoch}: validation loss rose {turn.validation.text}"
    if turn.training is None:
        return f"{rose}."
    moved = "fell" if turn.training.rise < 0 else "went"
    return f"{rose} while training {moved} {turn.training.short_text}."


def _memorizing_in_words(losses: Losses, turn: Turn) -> str:
    ratio = losses.now(losses.validation) / max(losses.now(losses.training), TINY)
    times = f"{ratio:.0f} times" if ratio < MAX_TIMES else f"more than {MAX_TIMES} times"
    fell = "" if turn.training is None else f"its loss fell {turn.training.short_text}, "
    return (
        f"overfitting since epoch {turn.best_epoch}: the training set is being memorized, {fell}{times} below "
        f"validation; validation no longer improves: {turn.validation.text}."
    )


def _confidence(losses: Losses, turn: Turn) -> float:
    beyond = turn.validation.rise / max(turn.floor, TINY)
    sure = 0.8 + 0.19 * (1 - math.exp(-(beyond - 1)))
    return round(sure if losses.inference_mode else 0.7 * sure, 2)


def _remedies(evidence: Evidence, best: int) -> tuple[Remedy, ...]:
    return remedies.present(
        (
            remedies.more_dropout(evidence, best),
            remedies.more_l2(evidence, best),
            remedies.stop_here(evidence),
            remedies.with_rate(evidence, 0.5, "Smaller steps; overfitting starts later.", rewind_to=best),
            remedies.fewer_units(evidence),
            remedies.advice(
                "train with more samples, or vary the existing ones at random (augmentation)",
                "Memorizing no longer helps: the gap narrows.",
            ),
            remedies.advice(
                "leave out uninformative features, or select the best by cross-validation",
                "There is less noise to memorize.",
            ),
        )
    )


RULE = Rule(
    name="overfitting",
    explanation=(
        "The model starts to memorize its training samples: their loss keeps falling, while the loss on new samples "
        "rises. More epochs make it worse, even if the accuracy still rises. Fewer parameters, more data, dropout, "
        "weight penalties or stopping earlier help."
    ),
    source=(
        "Tutorial 1 (the two loss curves part and the validation loss rises); Prechelt 1998, Early Stopping - But "
        "When?, https://doi.org/10.1007/3-540-49430-8_3; Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 5.2 "
        "and 7.8, https://www.deeplearningbook.org"
    ),
    weight=0.9,
    check=_check,
)
