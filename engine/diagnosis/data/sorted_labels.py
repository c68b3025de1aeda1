"""Sorted labels that were cut into training and validation at one place."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fitmon.engine.diagnosis.command_line import command_line
from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, percent
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

DISTANCE = 0.1
"""Between class frequencies: the share of samples that would have to change class to make both sets alike."""
CLUSTERED = 0.2
"""How much more alike the labels within a batch are than all labels: 0 where shuffled, 1 for one class a batch."""
DEVIATIONS = 4
"""A chi-square this many standard deviations above its mean is not chance."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    if facts.batch_label_agreement is not None and facts.epoch_label_agreement is not None:
        return _sorted_batches(
            facts.batch_label_agreement, facts.epoch_label_agreement, sum(facts.training_counts or ())
        )
    apart = class_distance(facts.training_counts, facts.validation_counts) if facts.labels_sorted else None
    if apart is None:
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"The {facts.training_samples} training labels are sorted, one class after another. The class frequencies "
            f"in training and validation differ by {percent(apart)}, as when a sorted file is cut at one place."
        ),
        epochs=OF_THE_DATA,
        confidence=0.9,
        remedies=_remedies(facts),
    )


def _sorted_batches(in_batch: float, in_epoch: float, count: int) -> Finding | None:
    """Return the finding of batches from outside whose order follows the labels."""
    clustering = (in_batch - in_epoch) / (1 - in_epoch) if in_epoch < 1 else 0.0
    # As if each sample were in one pair only.
    error = math.sqrt(in_epoch * (1 - in_epoch) / max(1.0, count / 2))
    if clustering < CLUSTERED or in_batch - in_epoch < DEVIATIONS * error:
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"the batches are sorted by label: two samples of a batch have the same label in {percent(in_batch)} of "
            f"all pairs, two of the whole epoch in {percent(in_epoch)}; the samples are not shuffled, or in a buffer "
            "much too small."
        ),
        epochs=OF_THE_DATA,
        confidence=0.95,
        remedies=(
            Remedy(
                advice="shuffle over the whole set: dataset.shuffle(number of samples) before batch()",
                expect="Each batch has all classes, and the loss falls without waves.",
            ),
            Remedy(
                advice="where it does not fit in memory, shuffle the files, interleave them, then use a large buffer",
                expect="The same, up to a little order that is left.",
            ),
        ),
    )


def counts_of_both(training: Sequence[int], validation: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return the counts of both sets, (2, C): one may lack the last classes."""
    counts = np.zeros((2, max(len(training), len(validation))))
    for side, given in enumerate((training, validation)):
        counts[side, : len(given)] = given
    return counts


def class_distance(training: Sequence[int] | None, validation: Sequence[int] | None) -> float | None:
    """Return how far the class frequencies of two sets are apart, in [0, 1]; None where chance could explain it."""
    if training is None or validation is None or not sum(training) or not sum(validation):
        return None
    counts = counts_of_both(training, validation)
    counts = counts[:, counts.sum(axis=0) > 0]
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    square, freedom = float(((counts - expected) ** 2 / expected).sum()), counts.shape[1] - 1
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    surprising = square > freedom + DEVIATIONS * np.sqrt(2 * freedom)
    return distance if surprising and distance >= DISTANCE else None


def _remedies(facts: Facts) -> tuple[Remedy, ...]:
    shuffle = Remedy(
        advice="shuffle the rows before splitting: x, y = sklearn.utils.shuffle(x, y, random_state=0)",
        expect="Training and validation have every class in proportion.",
    )
    if "split" not in (facts.options or {}):
        return (shuffle,)
    preset = Remedy(
        advice="train again without --split last: fitmon's own split is stratified and seeded",
        expect="Training and validation have the same share of each species.",
        command_line=command_line(facts, without="split"),
    )
    return (preset, shuffle)


RULE = Rule(
    name="sorted_labels",
    explanation=(
        "A sorted file that is cut at one place gives a validation set with other classes than the training set: the "
        "model is judged on what it has not seen. Keras's validation_split takes the last rows, before any shuffling. "
        "Shuffle before splitting. fitmon shuffles arrays in each epoch; a dataset or generator must do so itself. Its "
        "labels are counted in passing, batch by batch: a batch of one class pulls all weights towards that class."
    ),
    source=(
        "LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, 'Shuffling the Examples', "
        "http://leon.bottou.org/papers/lecun-98x; tutorial 2 (iris)"
    ),
    weight=0.95,
    check=_check,
    patience=1,
    explains=frozenset(
        {
            "not_learning",
            "worse_than_guessing",
            "plateau",
            "underfitting",
            "validation_differs",
        }
    ),
    invalidates=frozenset(
        {
            "learning_rate_too_high",
            "learning_rate_too_low",
            "undecided",
            "validation_too_small",
            "validation_looks_better",
            "overfitting",
        }
    ),
)
