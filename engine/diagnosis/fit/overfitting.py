"""Overfitting: the validation loss rises beyond its noise while the training loss still falls."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit import remedies
from fitmon.engine.diagnosis.fit.losses import TINY, Change, Losses, half_width_of, losses_of
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

RISE_THAT_MATTERS = 0.03
"""Of the best loss."""
FALL_THAT_MATTERS = 0.02
"""Of the training loss since the best epoch."""
FAR_BELOW = 0.25
"""Training loss over validation loss of a model that has memorized its samples."""


class Turn(NamedTuple):
    """Where validation was best, and what has happened since."""

    best_epoch: int
    """The best epoch of the best window."""
    validation: Change
    """Its interval allows for the best window having been picked from all."""
    training: Change | None
    """None where the training loss is not known."""


@lru_cache(maxsize=1)
def overfits(losses: Losses) -> bool:
    """Return whether the verdict is overfitting."""
    turn = turn_of(losses)
    return turn is not None and _rose(losses, turn)


@lru_cache(maxsize=1)
def turn_of(losses: Losses) -> Turn | None:
    """Return what has happened since validation was best; None before there are two separate windows."""
    validation, window = losses.validation, losses.window
    means = validation.smooth(window)
    if len(means) <= window:
        return None
    best = int(np.argmin(means))
    error = validation.error_since_best(window)
    # The lowest of K equally good windows is low by luck too, and each epoch looks again: every pair of them counts.
    as_good = max(1, int(np.count_nonzero(means <= means[best] + 2 * error)) // window) if math.isfinite(error) else 1
    half_width = half_width_of(error, as_good**2)
    ends = (validation.skipped + best + window, validation.skipped + len(validation.curve))
    change = validation.change(float(means[best]), float(means[-1]), half_width, epochs=ends, window=window)
    epoch = validation.skipped + best + 1 + int(np.argmin(validation.curve[best : best + window]))
    return Turn(epoch, change, _training_since(losses, best))


def _training_since(losses: Losses, best: int) -> Change | None:
    training, window = losses.training, losses.window
    means = training.smooth(window)
    at = best + losses.validation.skipped - training.skipped
    if not 0 <= at < len(means):
        return None
    half_width = half_width_of(training.error_since_best(window))
    ends = (training.skipped + at + window, training.skipped + len(training.curve))
    return training.change(float(means[at]), float(means[-1]), half_width, epochs=ends, window=window)


def _rose(losses: Losses, turn: Turn) -> bool:
    validation, training = turn.validation, turn.training
    matters = max(RISE_THAT_MATTERS * validation.unit, losses.validation.nothing)
    if not validation.rises or validation.rise < matters:
        return False
    if training is None:
        return not losses.training
    fell = training.falls and -training.rise >= FALL_THAT_MATTERS * training.unit
    memorized = losses.comparable and training.now <= FAR_BELOW * validation.now and training.rise <= 0
    return fell or memorized


def is_best_now(evidence: Evidence) -> bool:
    """Return whether the last epoch is the best of the run."""
    return evidence.best_epoch() == evidence.epoch


def _check(evidence: Evidence) -> Finding | None:
    losses = losses_of(evidence)
    turn = turn_of(losses)
    if turn is None or not _rose(losses, turn) or is_best_now(evidence):
        return None
    return Finding(
        name=RULE.name,
        sentence=_sentence(turn),
        epochs=(turn.best_epoch, evidence.epoch),
        confidence=_confidence(losses, turn),
    )


def _sentence(turn: Turn) -> str:
    rose = f"overfitting since epoch {turn.best_epoch}: validation loss rose {turn.validation.text}"
    if turn.training is None:
        return f"{rose}."
    moved = "fell" if turn.training.rise < 0 else "went"
    return f"{rose} while training {moved} {turn.training.short_text}."


def _confidence(losses: Losses, turn: Turn) -> float:
    beyond = turn.validation.rise / max(turn.validation.half_width, TINY)
    sure = 0.8 + 0.19 * (1 - math.exp(-(beyond - 1)))
    return round(sure if losses.inference_mode else 0.7 * sure, 2)


def against_memorizing(evidence: Evidence) -> tuple[Remedy, ...]:
    """Return what keeps a model from memorizing its training samples."""
    best = evidence.best_epoch()
    return remedies.present(
        (
            remedies.more_dropout(evidence, best),
            remedies.more_l2(evidence, best),
            remedies.stop_here(evidence),
            remedies.with_rate(evidence, 0.5, "Smaller steps; overfitting starts later.", rewind_to=best),
            remedies.fewer_units(evidence),
            remedies.advice(
                "train with more samples, or vary the existing ones at random (augmentation)",
                "The model sees more than it can memorize; the gap between the two losses narrows.",
            ),
            _fewer_features(evidence.facts),
        )
    )


def _fewer_features(facts: Facts) -> Remedy | None:
    """Return leaving out features of a table; None for pixels and steps, of which a single one means nothing."""
    if facts.input_axes != 1 or facts.padding_features:
        return None
    return remedies.advice(
        "leave out uninformative features, or select the best by cross-validation",
        "Fewer features have fewer chance patterns to memorize.",
        lowers=(remedies.FEATURES,),
    )


RULE = Rule(
    name="overfitting",
    explanation=(
        "The model memorizes its training samples, including their noise, so it does worse on new ones. The sign is a "
        "validation loss that rises beyond its noise while the training loss still falls. The number after ± is half "
        "of the 95% interval of the rise; it allows for the best epochs having been picked from all. Regularize more, "
        "get more data, or stop at the best epoch."
    ),
    source=(
        "Tutorial 1 (the two loss curves part and the validation loss rises); Prechelt 1998, Early Stopping - But "
        "When?, https://doi.org/10.1007/3-540-49430-8_3; Goodfellow, Bengio, Courville 2016, Deep Learning, ch. 5.2 "
        "and 7.8, https://www.deeplearningbook.org"
    ),
    weight=0.9,
    check=_check,
    remedies=against_memorizing,
    withdrawn=is_best_now,
)
