"""Unbalanced classes, and an accuracy no better than always predicting the most frequent one."""

from __future__ import annotations

import math

import numpy as np

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, class_name, percent
from fitmon.engine.diagnosis.evidence import Evidence, Floats, Rule
from fitmon.engine.diagnosis.fit.losses import losses_of
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

IMBALANCE = 1.5
"""The share of the most frequent class over its share in balanced data: 0.75 with two classes."""
MIN_LABELS = 20
"""Fewer validation labels say nothing about frequencies."""
MIN_MAJORITY = 0.4
"""Of many classes: below this share, always predicting one class is no good answer to any accuracy."""
FIRST_EPOCH = 3
DEVIATIONS = 1.96
"""An accuracy less than this many standard errors above the majority's share is no better: half a 95% interval."""
FAR_APART = 8
"""Samples of the largest class over those of the smallest in training: nine cats to one dog are more."""
LEARNED = 0.05
"""Share of the baseline."""
SURE, UNSURE, BETTER = 0.95, 0.8, 0.6
"""Confidence for an accuracy no higher than the majority's share, for one that chance alone explains, and for a better
one, or a loss that shows that something is learned, where class sizes differ a lot."""
MAX_WEIGHTS = 10
"""The weights of this many classes still fit in a sentence."""
ACCURACIES = (
    "validation_accuracy",
    "val_accuracy",
    "val_binary_accuracy",
    "val_categorical_accuracy",
    "val_sparse_categorical_accuracy",
)


def _check(evidence: Evidence) -> Finding | None:
    counts = evidence.facts.validation_counts
    if not counts or max(counts) == sum(counts) or sum(counts) < MIN_LABELS:
        return None
    if max(counts) / sum(counts) < max(IMBALANCE / len(counts), MIN_MAJORITY):
        return None
    share, error = _majority(counts)
    accuracy = _accuracy(evidence)
    since = _first_of_last_epochs(accuracy <= share + DEVIATIONS * error)
    # Weighted training gives up accuracy on purpose.
    no_better = evidence.epoch - since + 1 >= FIRST_EPOCH and not evidence.facts.training_weighted
    if not no_better and not _sizes_differ_a_lot(evidence.facts):
        return None
    recent = float(np.mean(accuracy[-FIRST_EPOCH:]))
    judged = losses_of(evidence).judged
    # A model whose loss is below its baseline has learned something, though no sample has changed sides yet.
    learns = bool(judged) and float(judged.curve[-1]) <= (1 - LEARNED) * judged.baseline
    confidence = BETTER if learns else SURE if recent <= share else UNSURE
    return Finding(
        name=RULE.name,
        sentence=_sentence(evidence.facts, recent, no_better=no_better),
        epochs=(since, evidence.epoch) if no_better else OF_THE_DATA,
        confidence=confidence if no_better else BETTER,
        remedies=_remedies(evidence),
    )


def _majority(counts: tuple[int, ...]) -> tuple[float, float]:
    """Return the share of the most frequent class, and the standard error of an accuracy like it."""
    share = max(counts) / sum(counts)
    return share, math.sqrt(share * (1 - share) / sum(counts))


def _sizes_differ_a_lot(facts: Facts) -> bool:
    """Return whether the largest class is so much larger than the smallest that any accuracy is misleading."""
    counts = [count for count in facts.training_counts or () if count]
    return len(counts) > 1 and max(counts) >= FAR_APART * min(counts)


def _accuracy(evidence: Evidence) -> Floats:
    """Return the validation accuracy after each epoch, (T,); NaN where there is none."""
    for name in ACCURACIES:
        if np.isfinite(evidence.last(name)):
            return evidence.curve(name)
    return np.full(evidence.epoch, np.nan)


def _first_of_last_epochs(true: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """Return the one-based epoch since which it is true without a break; the next epoch where it is not."""
    fails = np.flatnonzero(~true)
    return int(fails[-1]) + 2 if len(fails) else 1


def _sentence(facts: Facts, accuracy: float, *, no_better: bool) -> str:
    counts = facts.validation_counts or ()
    share, error = _majority(counts)
    what = "labels" if facts.labels_each > 1 else "samples"
    sentence = (
        f"{percent(share)} of the validation {what} are {class_name(facts, counts.index(max(counts)))}: always "
        f"predicting that gives an accuracy of {share:.3f}"
    )
    reached = f"{accuracy:.3f} (± {DEVIATIONS * error:.3f}, 95% interval)"
    if no_better:
        return f"{sentence}, the model has {reached}, which is no better."
    if np.isfinite(accuracy):
        return f"{sentence}, so the model's {reached} says little about the rare class."
    return f"{sentence} without learning anything."


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    facts = evidence.facts
    counts = facts.training_counts or facts.validation_counts or ()
    threshold = _threshold(evidence, counts)
    lower = () if threshold is None else (threshold,)
    # Advice that was taken already is no advice.
    weights = () if facts.training_weighted else (_weights(counts),)
    return (*lower, *weights)


def _threshold(evidence: Evidence, counts: tuple[int, ...]) -> Remedy | None:
    now = evidence.knob("threshold")
    if now is None or len(counts) != 2 or not sum(counts):  # noqa: PLR2004 - two classes
        return None
    wanted = round(min(max(counts[1] / sum(counts), 0.01), 0.99), 2)
    if abs(wanted - now) < 0.01:  # noqa: PLR2004 - the threshold's step
        return None
    return Remedy(
        advice=f"move the threshold from {now:g} to {wanted:g}, the share of class 1 in training",
        expect="More of the rare class is found, with more false alarms; accuracy may fall, the loss stays the same.",
        changes={"threshold": wanted},
    )


def _weights(counts: tuple[int, ...]) -> Remedy:
    present = [count for count in counts if count]
    weights = {
        number: float(f"{sum(counts) / (len(present) * count):.3g}") for number, count in enumerate(counts) if count
    }
    shown = f"{weights}" if len(weights) <= MAX_WEIGHTS else "{class: samples / (classes × samples of the class)}"
    return Remedy(
        advice=f"give rare classes more weight: fit(…, class_weight={shown})",
        expect="The model no longer ignores the rare class; watch its recall in the classes view, not the accuracy.",
    )


RULE = Rule(
    name="unbalanced",
    explanation=(
        "With nine cats to one dog, always predicting 'cat' is right 90% of the time without learning anything: "
        "compare accuracy with the share of the most frequent class. The loss counts all samples alike too, so the "
        "rare class hardly matters in it. Give it more weight, and check precision and recall for each class."
    ),
    source=(
        "Tutorial 1 ('accuracy alone is not enough': nine cats to one dog); Saito, Rehmsmeier 2015, The "
        "Precision-Recall Plot Is More Informative than the ROC Plot When Evaluating Binary Classifiers on Imbalanced "
        "Datasets, https://doi.org/10.1371/journal.pone.0118432"
    ),
    weight=0.75,
    check=_check,
)
