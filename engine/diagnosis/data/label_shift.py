"""Classes that are more frequent in one of training and validation than in the other."""

from __future__ import annotations

import numpy as np

from fitmon.engine.diagnosis.data.sorted_labels import class_distance, counts_of_both
from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, class_name, percent
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.finding import Finding, Remedy

FAR_APART = 0.2
"""Share of the samples that would have to change class to make both sets alike."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    apart = None if facts.labels_each > 1 else class_distance(facts.training_counts, facts.validation_counts)
    if apart is None or apart < FAR_APART or facts.labels_sorted:
        return None
    counts = counts_of_both(facts.training_counts or (), facts.validation_counts or ())
    training, validation = counts / counts.sum(axis=1, keepdims=True)
    most = int(np.argmax(np.abs(training - validation)))
    return Finding(
        name=RULE.name,
        sentence=(
            f"class frequencies differ: {class_name(facts, most)} is {percent(float(training[most]))} of the training "
            f"and {percent(float(validation[most]))} of the validation labels; over all classes they differ by "
            f"{percent(apart)}."
        ),
        epochs=OF_THE_DATA,
        confidence=0.8,
        remedies=(
            Remedy(
                advice="split again with every class in proportion: sklearn's train_test_split(x, y, stratify=y)",
                expect="Both sets have the same share of each class.",
            ),
            Remedy(
                advice="if training was balanced on purpose, correct the probabilities for the true frequencies",
                expect="Predicted and observed frequencies agree, which the calibration view shows.",
            ),
        ),
    )


RULE = Rule(
    name="label_shift",
    explanation=(
        "A model learns how frequent each class is, and expects the same in validation. Where the frequencies differ, "
        "its probabilities are off, and losses of the two sets cannot be compared. A training set that was balanced on "
        "purpose does this too."
    ),
    source=(
        "Lipton, Wang, Smola 2018, Detecting and Correcting for Label Shift with Black Box Predictors, "
        "https://arxiv.org/abs/1802.03916"
    ),
    weight=0.4,
    check=_check,
    patience=1,
    explains=frozenset({"unbalanced"}),
)
