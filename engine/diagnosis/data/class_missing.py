"""A class that only one of training and validation has."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fitmon.engine.diagnosis.command_line import command_line
from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, class_names, samples
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

SURE = 0.95
CHANCE = 0.6
"""Where a random split of so few samples would often miss the class too."""
RARELY = 0.01


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    training, validation = facts.training_counts, facts.validation_counts
    if training is None or validation is None or not facts.validation_samples:
        return None
    pairs = list(zip(training, validation, strict=False))
    unseen = [number for number, (here, there) in enumerate(pairs) if not here and there]
    unchecked = [number for number, (here, there) in enumerate(pairs) if here and not there]
    if not unseen and not unchecked:
        return None
    return Finding(
        name=RULE.name,
        sentence=" ".join(_sentences(facts, unseen, unchecked)),
        epochs=OF_THE_DATA,
        confidence=_confidence(training, validation, unseen, unchecked),
        remedies=_remedies(facts),
    )


def _sentences(facts: Facts, unseen: Sequence[int], unchecked: Sequence[int]) -> list[str]:
    training, validation = facts.training_counts or (), facts.validation_counts or ()
    sentences = []
    if unchecked:
        missed = sum(training[number] for number in unchecked)
        present = [number for number, count in enumerate(validation) if count]
        only = f": its {samples(sum(validation))} are all {class_names(facts, present)}" if len(present) == 1 else ""
        sentences.append(
            f"The validation set has no {class_names(facts, unchecked)}, of which {samples(missed)} "
            f"{'is' if missed == 1 else 'are'} trained on{only}."
        )
    if unseen:
        asked = sum(validation[number] for number in unseen)
        sentences.append(
            f"The training set has no {class_names(facts, unseen)}, but the validation set asks for it {asked} times."
        )
    return sentences


def _confidence(
    training: Sequence[int], validation: Sequence[int], unseen: Sequence[int], unchecked: Sequence[int]
) -> float:
    """Return how surely this is no chance: a random split would rarely leave out what it leaves out here."""
    total = sum(training) + sum(validation)
    left_out = [(validation[number], sum(training)) for number in unseen]
    left_out += [(training[number], sum(validation)) for number in unchecked]
    likeliest = min(math.exp(-count * side / total) for count, side in left_out)
    return SURE if likeliest < RARELY else CHANCE


def _remedies(facts: Facts) -> tuple[Remedy, ...]:
    again = Remedy(
        advice="split anew, every class in proportion, with sklearn's train_test_split(x, y, stratify=y)",
        expect="Both sets have every class, so that the validation numbers speak for all of them.",
    )
    if "split" not in (facts.options or {}):
        return (again,)
    preset = Remedy(
        advice="train again without --split last: fitmon's own split is stratified and seeded",
        expect="The validation set gets 10 samples of each species.",
        command_line=command_line(facts, without="split"),
    )
    return (preset, again)


RULE = Rule(
    name="class_missing",
    explanation=(
        "A model cannot learn a class it is never shown, and a validation set without a class says nothing about it. "
        "It happens when a file is sorted by class and cut at one place: Keras's validation_split takes the last rows, "
        "before any shuffling. Split at random, every class in proportion (stratified)."
    ),
    source=(
        "Tutorial 2 (iris, 'the loss falls, why is the accuracy flat?'), whose validation set held one class only; "
        "Keras, Model.fit, validation_split: https://keras.io/api/models/model_training_apis/"
    ),
    weight=0.9,
    check=_check,
    patience=1,
)
