"""The same samples in training and validation."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, percent
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.finding import Finding, Remedy

MIN_DUPLICATES = 3
"""Iris really contains one flower twice."""
MIN_SHARE = 0.01
BEYOND_CHANCE = 2.0
"""Times the number that few possible rows explain."""
SURE_SHARE = 0.05
"""From this share on they distort the validation numbers, whatever the other samples are like."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    count, total = facts.duplicates or 0, facts.validation_samples
    if count < MIN_DUPLICATES or count < MIN_SHARE * total:
        return None
    if count <= BEYOND_CHANCE * (facts.chance_duplicates or 0):
        return None
    share = count / total
    return Finding(
        name=RULE.name,
        sentence=(
            f"{count} of {total} validation samples ({percent(share)}) are also in the training set, inputs and label: "
            "validation does not show how the model does on new data."
        ),
        epochs=OF_THE_DATA,
        confidence=0.95 if share >= SURE_SHARE else 0.7,
        remedies=(
            Remedy(
                advice="remove repeated rows before splitting: numpy.unique(rows, axis=0) or pandas' drop_duplicates()",
                expect="The validation loss rises to that of new data.",
            ),
            Remedy(
                advice="keep all rows of one source together with sklearn's GroupShuffleSplit",
                expect="Repeated measurements of one thing are all in the same set.",
            ),
        ),
    )


RULE = Rule(
    name="duplicates",
    explanation=(
        "Validation shows how the model does on data it has never seen. A sample that is also trained on may be "
        "memorized, so it counts as correct and hides overfitting; this is called leakage. It happens when rows are "
        "repeated, oversampled or augmented before the split, or when the validation data is part of the training data."
    ),
    source=(
        "Kaufman, Rosset, Perlich, Stitelman 2012, Leakage in data mining, https://doi.org/10.1145/2382577.2382579; "
        "Barz, Denzler 2020, Do we train on test data?, https://doi.org/10.3390/jimaging6060041"
    ),
    weight=0.75,
    check=_check,
    patience=1,
)
