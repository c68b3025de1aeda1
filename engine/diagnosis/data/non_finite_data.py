"""NaN and infinite numbers in inputs, targets and sample weights."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.non_finite import non_finite_in_words
from fitmon.engine.finding import Finding, Remedy


def _check(evidence: Evidence) -> Finding | None:
    values = non_finite_in_words(evidence.facts)
    if not values:
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"{values[0].upper()}{values[1:]}. One such value in a batch can make the loss and all weights NaN. On "
            "some processors TensorFlow treats it as 0 instead: the loss looks normal, but the model trains on zeros."
        ),
        epochs=OF_THE_DATA,
        confidence=1.0,
        remedies=(
            Remedy(
                advice="leave out such rows: good = numpy.isfinite(x).all(axis=1); x, y = x[good], y[good]",
                expect="The loss stays finite, and the model trains on real values only.",
            ),
            Remedy(
                advice="or fill in the training median: sklearn.impute.SimpleImputer(strategy='median')",
                expect="The loss stays finite and no row is lost.",
            ),
        ),
    )


RULE = Rule(
    name="non_finite_features",
    explanation=(
        "NaN marks a missing number, often an empty cell of a table; infinity comes from a division by 0 or an "
        "overflow. Every sum with NaN is NaN, so one cell reaches the loss, the gradient and, after one step, every "
        "weight. Such a model cannot recover. A finite loss does not prove the data clean: some processors turn NaN "
        "into 0 inside a layer. Fix the data first."
    ),
    source=(
        "scikit-learn, Imputation of missing values, https://scikit-learn.org/stable/modules/impute.html; "
        "IEEE 754-2019, Operations with NaNs"
    ),
    weight=1.0,
    check=_check,
    patience=1,
    explains=frozenset({"non_finite_loss", "not_learning", "worse_than_guessing", "plateau", "underfitting"}),
    invalidates=frozenset(
        {"dead_units", "suspected_labels", "saturated_outputs", "learning_rate_too_high", "validation_looks_better"}
    ),
)
"""Named after the inputs, as journals and labelled runs know it. As strong as `non_finite_loss`, and before it."""
