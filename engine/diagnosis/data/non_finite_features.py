"""NaN and infinite numbers in the inputs."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.finding import Finding, Remedy


def _check(evidence: Evidence) -> Finding | None:
    count = evidence.facts.non_finite_values or 0
    if not count:
        return None
    numbers = "1 number of the inputs is" if count == 1 else f"{count} numbers of the inputs are"
    return Finding(
        name=RULE.name,
        sentence=f"{numbers} NaN or infinite; one such number in a batch makes the loss NaN and spoils all weights.",
        epochs=OF_THE_DATA,
        confidence=1.0,
        remedies=(
            Remedy(
                advice="leave out such rows: good = numpy.isfinite(x).all(axis=1); x, y = x[good], y[good]",
                expect="The loss stays a number.",
            ),
            Remedy(
                advice="or fill them in with the training median: sklearn.impute.SimpleImputer(strategy='median')",
                expect="The loss stays a number and no row is lost.",
            ),
        ),
    )


RULE = Rule(
    name="non_finite_features",
    explanation=(
        "NaN stands for a missing number, often an empty cell of a table; infinity for a division by 0 or an overflow. "
        "Every sum with NaN is NaN, so that one cell reaches the loss, the gradient and, after one step, every weight. "
        "Such a model cannot recover: the data must be repaired first."
    ),
    source=(
        "scikit-learn, Imputation of missing values, https://scikit-learn.org/stable/modules/impute.html; "
        "IEEE 754-2019, Operations with NaNs"
    ),
    weight=0.95,
    check=_check,
    patience=1,
)
