"""Labels in blocks, where the order does harm: trained on as it is, or cut into training and validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fitmon.engine.diagnosis.command_line import command_line
from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, percent
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

DISTANCE = 0.1
"""Of the frequencies of the classes: this share of the samples would have to change their class to make them alike."""
DEVIATIONS = 4
"""So many standard deviations beyond its mean a chi-square is no chance."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    if not facts.labels_sorted:
        return None
    apart = _distance(facts.training_counts, facts.validation_counts)
    if facts.shuffled and apart is None:
        return None
    return Finding(
        name=RULE.name,
        sentence=_sentence(facts, apart),
        epochs=OF_THE_DATA,
        confidence=0.9,
        remedies=_remedies(facts, apart),
    )


def _distance(training: Sequence[int] | None, validation: Sequence[int] | None) -> float | None:
    """Return how far the frequencies of two sets are apart, in [0, 1]; None where chance could explain it."""
    if training is None or validation is None or not sum(training) or not sum(validation):
        return None
    counts = np.array([training, validation], dtype=np.float64)
    counts = counts[:, counts.sum(axis=0) > 0]
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    square, freedom = float(((counts - expected) ** 2 / expected).sum()), counts.shape[1] - 1
    shares = counts / counts.sum(axis=1, keepdims=True)
    distance = float(np.abs(shares[0] - shares[1]).sum() / 2)
    surprising = square > freedom + DEVIATIONS * np.sqrt(2 * freedom)
    return distance if surprising and distance >= DISTANCE else None


def _sentence(facts: Facts, apart: float | None) -> str:
    count = f"{facts.training_samples} " if facts.training_samples else ""
    sentence = f"The {count}training labels are sorted: equal ones stand together in blocks"
    if not facts.shuffled:
        sentence += ", and the samples are not shuffled, so that most batches show one class only"
    if apart is None:
        return f"{sentence}."
    return (
        f"{sentence}. The frequencies of the classes in training and validation differ by {percent(apart)}, as when a "
        "sorted file is cut at one place."
    )


def _remedies(facts: Facts, apart: float | None) -> tuple[Remedy, ...]:
    shuffle = Remedy(
        advice="shuffle the rows before they are split: x, y = sklearn.utils.shuffle(x, y, random_state=0)",
        expect="Each batch, and any part that is cut off, has every class in proportion.",
    )
    keep_shuffling = Remedy(
        advice="shuffle in each epoch: fit(x, y, shuffle=True), or dataset.shuffle(number of samples) before batch()",
        expect="Each batch has every class; the loss falls without jumping between the classes.",
    )
    preset = Remedy(
        advice="train again without --split last: fitmon's own split is stratified and seeded",
        expect="Training and validation have the same share of each species.",
        command_line=command_line(facts, without="split"),
    )
    first = [keep_shuffling] if not facts.shuffled else []
    return (*first, *([preset] if "split" in (facts.options or {}) and apart is not None else []), shuffle)


RULE = Rule(
    name="sorted_labels",
    explanation=(
        "Each step of the training looks at one batch. If a batch holds one class only, the step pushes the model to "
        "always answer that class, and the next block undoes it. And a sorted file that is cut at one place gives a "
        "validation set of other classes than were trained on. Shuffle before splitting and in each epoch."
    ),
    source=(
        "LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, 'Shuffling the Examples', "
        "http://leon.bottou.org/papers/lecun-98x; tutorial 2 (iris)"
    ),
    weight=0.8,
    check=_check,
    patience=1,
)
