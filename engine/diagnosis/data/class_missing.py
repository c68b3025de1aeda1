"""A class that occurs in only one of training and validation."""

from __future__ import annotations

import math
from collections.abc import Sequence

from fitmon.engine.diagnosis.command_line import command_line
from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, class_names, samples
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

SURE = 0.95
UNSURE = 0.45
"""Where a random split of so few samples would often miss the class too."""
MAX_CHANCE = 0.01


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
        only = f"; its {samples(sum(validation))} are all {class_names(facts, present)}" if len(present) == 1 else ""
        sentences.append(
            f"The validation set lacks {class_names(facts, unchecked)}, which {_have(unchecked)} {samples(missed)} in "
            f"training{only}."
        )
    if unseen:
        count = sum(validation[number] for number in unseen)
        sentences.append(
            f"The training set lacks {class_names(facts, unseen)}, which {_have(unseen)} {samples(count)} in "
            "validation."
        )
    return sentences


def _have(classes: Sequence[int]) -> str:
    return "has" if len(classes) == 1 else "have"


def _confidence(
    training: Sequence[int], validation: Sequence[int], unseen: Sequence[int], unchecked: Sequence[int]
) -> float:
    """Return how sure it is that this is not chance: how rarely a random split would leave out these classes."""
    total = sum(training) + sum(validation)
    left_out = [(validation[number], sum(training)) for number in unseen]
    left_out += [(training[number], sum(validation)) for number in unchecked]
    # Of many classes one is missed by chance more easily than of few.
    present = sum(here + there > 0 for here, there in zip(training, validation, strict=False))
    likeliest = present * min(math.exp(-count * side / total) for count, side in left_out)
    return SURE if likeliest < MAX_CHANCE else UNSURE


def _remedies(facts: Facts) -> tuple[Remedy, ...]:
    again = Remedy(
        advice="split again with every class in proportion: sklearn's train_test_split(x, y, stratify=y)",
        expect="Both sets have every class, so the validation numbers are valid for all of them.",
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
        "A model cannot learn a class it never sees, and a validation set without a class says nothing about it. This "
        "happens when a file is sorted by class and cut at one place: Keras's validation_split takes the last rows, "
        "before any shuffling. Split at random, with every class in proportion (stratified)."
    ),
    source=(
        "Tutorial 2 (iris, 'the loss falls, why is the accuracy flat?'), whose validation set held one class only; "
        "Keras, Model.fit, validation_split: https://keras.io/api/models/model_training_apis/"
    ),
    weight=1.0,
    check=_check,
    patience=1,
    explains=frozenset({"validation_differs", "worse_than_guessing", "label_shift", "sorted_labels", "unbalanced"}),
)
