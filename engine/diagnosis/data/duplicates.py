"""The same samples in training and validation."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, percent
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.finding import Finding, Remedy

FEWEST = 3
"""Iris has one flower twice, by nature."""
SHARE = 0.01
SURE_SHARE = 0.05
"""From this share on they weigh on what the validation says, whatever the rest is like."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    count, total = facts.duplicates or 0, facts.validation_samples
    if count < FEWEST or count < SHARE * total:
        return None
    share = count / total
    return Finding(
        name=RULE.name,
        sentence=(
            f"{count} of {total} validation samples ({percent(share)}) are in the training set too, inputs and label: "
            "the validation numbers look better than the model is."
        ),
        epochs=OF_THE_DATA,
        confidence=0.95 if share >= SURE_SHARE else 0.7,
        remedies=(
            Remedy(
                advice="remove repeated rows before splitting: numpy.unique(rows, axis=0) or pandas' drop_duplicates()",
                expect="The validation loss rises to what new data would give.",
            ),
            Remedy(
                advice="keep all rows of one source together, with sklearn's GroupShuffleSplit",
                expect="What was measured several times of one thing is on one side only.",
            ),
        ),
    )


RULE = Rule(
    name="duplicates",
    explanation=(
        "Validation is to tell how the model does on data it has never seen. A sample that is trained on too is known "
        "by heart, so it counts as right and hides overfitting; this is called leakage. It happens when rows are "
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
