"""Unbalanced classes, and an accuracy that always answering the most frequent one would reach too."""

from __future__ import annotations

import math

import numpy as np

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, class_name, percent
from fitmon.engine.diagnosis.evidence import Evidence, Floats, Rule
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

IMBALANCE = 1.5
"""The most frequent class has this many times the share it would have if all were alike: 0.75 of two classes."""
FIRST_EPOCH = 3
DEVIATIONS = 1.645
"""An accuracy less than so many standard errors above the majority's share is no better: one-sided, 5 %."""
FAR_APART = 8
"""Times as many samples of the largest class as of the smallest in training: nine cats to one dog are beyond it."""
SURE, UNSURE, BETTER = 0.95, 0.8, 0.6
"""How sure it is with an accuracy no higher than the majority's share, with one that chance alone explains, and with a
better one, where the classes are far apart."""
MAX_WEIGHTS = 10
"""So many classes' weights still fit in a sentence."""
ACCURACIES = (
    "validation_accuracy",
    "val_accuracy",
    "val_binary_accuracy",
    "val_categorical_accuracy",
    "val_sparse_categorical_accuracy",
)


def _check(evidence: Evidence) -> Finding | None:
    counts = evidence.facts.validation_counts
    if not counts or max(counts) == sum(counts) or max(counts) / sum(counts) < IMBALANCE / len(counts):
        return None
    share, error = _majority(counts)
    accuracy = _accuracy(evidence)
    since = _first_of_last_epochs(accuracy <= share + DEVIATIONS * error)
    no_better = evidence.epoch - since + 1 >= FIRST_EPOCH
    if not no_better and not _are_far_apart(evidence.facts):
        return None
    recent = float(np.mean(accuracy[-FIRST_EPOCH:]))
    confidence = SURE if recent <= share else UNSURE
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


def _are_far_apart(facts: Facts) -> bool:
    """Return whether the largest class is so much larger than the smallest that any accuracy misleads."""
    counts = [count for count in facts.training_counts or () if count]
    return len(counts) > 1 and max(counts) >= FAR_APART * min(counts)


def _accuracy(evidence: Evidence) -> Floats:
    """Return the validation accuracy after each epoch, (T,); NaN where there is none."""
    for name in ACCURACIES:
        if np.isfinite(evidence.last(name)):
            return evidence.curve(name)
    return np.full(evidence.epoch, np.nan)


def _first_of_last_epochs(holds: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> int:
    """Return the one-based epoch since which it holds without a break; the epoch to come where it does not hold."""
    fails = np.flatnonzero(~holds)
    return int(fails[-1]) + 2 if len(fails) else 1


def _sentence(facts: Facts, accuracy: float, *, no_better: bool) -> str:
    counts = facts.validation_counts or ()
    share, error = _majority(counts)
    sentence = (
        f"{percent(share)} of the validation samples are {class_name(facts, counts.index(max(counts)))}: always "
        f"answering that gives an accuracy of {share:.3f}"
    )
    if no_better:
        return f"{sentence}, the model has {accuracy:.3f} (± {error:.3f}), which is no better."
    if np.isfinite(accuracy):
        return f"{sentence}, so that the model's {accuracy:.3f} (± {error:.3f}) says little of the rare class."
    return f"{sentence} without having learnt anything."


def _remedies(evidence: Evidence) -> tuple[Remedy, ...]:
    facts = evidence.facts
    counts = facts.training_counts or facts.validation_counts or ()
    threshold = _threshold(evidence, counts)
    lower = () if threshold is None else (threshold,)
    return (*lower, _weights(counts))


def _threshold(evidence: Evidence, counts: tuple[int, ...]) -> Remedy | None:
    now = evidence.knob("threshold")
    if now is None or len(counts) != 2 or not sum(counts):  # noqa: PLR2004 - two classes
        return None
    wanted = round(min(max(counts[1] / sum(counts), 0.01), 0.99), 2)
    if abs(wanted - now) < 0.01:  # noqa: PLR2004 - as fine as the threshold is set
        return None
    return Remedy(
        advice=f"move the threshold from {now:g} to {wanted:g}, the share of class 1 in training",
        expect="More of the rare class is found, for more false alarms; the accuracy may fall, the loss stays.",
        changes={"threshold": wanted},
    )


def _weights(counts: tuple[int, ...]) -> Remedy:
    present = [count for count in counts if count]
    weights = {
        number: float(f"{sum(counts) / (len(present) * count):.3g}") for number, count in enumerate(counts) if count
    }
    shown = f"{weights}" if len(weights) <= MAX_WEIGHTS else "{class: samples / (classes × samples of the class)}"
    return Remedy(
        advice=f"let rare classes weigh more: fit(…, class_weight={shown})",
        expect="The model stops ignoring the rare class; watch its recall in the classes view, not the accuracy.",
    )


RULE = Rule(
    name="unbalanced",
    explanation=(
        "With nine cats to one dog, always answering 'cat' is right 90 % of the time and has learnt nothing: accuracy "
        "must be held against the share of the most frequent class. The loss is made of all samples alike too, so the "
        "rare class hardly counts in it. Weigh it more, and look at precision and recall for each class."
    ),
    source=(
        "Tutorial 1 ('accuracy alone is not enough': nine cats to one dog); Saito, Rehmsmeier 2015, The "
        "Precision-Recall Plot Is More Informative than the ROC Plot When Evaluating Binary Classifiers on Imbalanced "
        "Datasets, https://doi.org/10.1371/journal.pone.0118432"
    ),
    weight=0.75,
    check=_check,
)
