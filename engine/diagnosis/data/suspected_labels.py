"""Labels that look wrong: a good model is sure of another class, epoch after epoch."""

from __future__ import annotations

import numpy as np

from fitmon.engine.diagnosis.data import unscaled_features
from fitmon.engine.diagnosis.data.wording import percent
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import losses_of
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

MIN_SHARE = 0.02
"""Of the validation samples; on clean MNIST an overconfident model suspects 0.3 to 0.5%."""
MIN_SUSPECTS = 3
FIRST_EPOCH = 4
"""A sample has a kind after three measured epochs (`insight.dynamics.MEASURED_ENOUGH`); one more to settle."""
GOOD_MODEL = 0.5
"""How far the accuracy must be from the majority's share towards 1: a bad model's confident errors are its own."""
SURE_SHARE = 0.04
STILL_LEARNING = 0.2
"""Share by which the loss falls from one window to the next."""
SATURATED = 0.2
"""From this share of wrong predictions with probability 1 on, being sure means nothing."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    # Several labels a sample count one by one.
    total = facts.validation_samples * max(1, len(facts.label_shares))
    suspected, best = evidence.last("suspected_labels"), _best_epoch(evidence)
    if not total or best is None or evidence.epoch < FIRST_EPOCH or not _is_credible(evidence):
        return None
    share = suspected / total
    accuracy = float(evidence.curve("validation_accuracy")[best - 1])
    training_errors = 1 - float(evidence.curve("training_accuracy")[best - 1])
    # Wrong labels in training are errors too, until they are memorized. Where training had fewer errors at the best
    # epoch than are suspected now, the model is just too sure of itself.
    if not (
        suspected >= MIN_SUSPECTS
        and share >= MIN_SHARE
        and _skill(facts, accuracy) >= GOOD_MODEL
        and training_errors >= share
    ):
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"{suspected:.0f} of {total} validation samples ({percent(share)}) have labels that look wrong: the model, "
            f"with an accuracy of {accuracy:.3f} at its best, is sure that each belongs to another class."
        ),
        epochs=(best, evidence.epoch),
        confidence=0.9 if share >= SURE_SHARE else 0.75,
        remedies=_REMEDIES,
    )


def _best_epoch(evidence: Evidence) -> int | None:
    best, losses = evidence.last("best_epoch"), evidence.curve("validation_loss")
    if np.isfinite(best):
        return min(max(1, int(best)), evidence.epoch)
    return int(np.nanargmin(losses)) + 1 if np.isfinite(losses).any() else None


def _is_credible(evidence: Evidence) -> bool:
    """Return whether the model's confidence means something.

    Where each class is predicted separately, a probability near 1 does not exclude another class. While the loss falls
    fast, the errors of the last epochs are those of a worse model.
    """
    saturated, facts, losses = evidence.last("saturated_share"), evidence.facts, losses_of(evidence)
    lately = losses.lately(losses.judged)
    if lately is not None and lately.falls and -lately.share >= STILL_LEARNING:
        return False
    if facts.one_hot and facts.output_activation == "sigmoid":
        return False
    return not saturated >= SATURATED and unscaled_features.RULE.check(evidence) is None


def _skill(facts: Facts, accuracy: float) -> float:
    """Return how far the accuracy is from the most frequent class's share towards 1, in (-inf, 1]."""
    counts = facts.validation_counts or ()
    shares = facts.label_shares
    if shares:
        # Of several labels a sample, the most frequent answer to each is the baseline.
        majority = sum(max(share, 1 - share) for share in shares) / len(shares)
    else:
        majority = max(counts) / sum(counts) if sum(counts) else 1 / (facts.classes or 2)
    return (accuracy - majority) / (1 - majority) if majority < 1 else 0.0


_REMEDIES = (
    Remedy(
        advice="check them: the samples view (5) lists those of kind 'suspect' with label and prediction",
        expect="Either the label is wrong, or the model has not learned this kind of sample.",
    ),
    Remedy(
        advice="correct or remove wrong labels; training labels from the same source are wrong as often",
        expect="The validation loss falls at once, because most of it comes from them, and the best epoch comes later.",
    ),
    Remedy(
        advice="until then, smooth the labels: CategoricalCrossentropy(label_smoothing=0.1)",
        expect="The model is less sure, and single wrong labels have less effect.",
    ),
)

RULE = Rule(
    name="suspected_labels",
    explanation=(
        "When a model that is mostly right is sure, epoch after epoch, that a sample belongs to another class, the "
        "label is often wrong. Well-known test sets have about 3% wrong labels. They raise the loss a lot, because "
        "confident errors are expensive, and training long enough to memorize them is overfitting."
    ),
    source=(
        "Northcutt, Athalye, Mueller 2021, Pervasive Label Errors in Test Sets, https://arxiv.org/abs/2103.14749; "
        "Northcutt, Jiang, Chuang 2021, Confident Learning, https://arxiv.org/abs/1911.00068; Pleiss et al. 2020, "
        "https://arxiv.org/abs/2001.10528"
    ),
    weight=0.55,
    check=_check,
)
