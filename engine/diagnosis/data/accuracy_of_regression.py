"""Accuracy as a metric of a regression, where it means nothing."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.finding import Finding, Remedy

ACCURACIES = ("accuracy", "acc", "binary_accuracy", "categorical_accuracy", "sparse_categorical_accuracy")


def _check(evidence: Evidence) -> Finding | None:
    name = next((name for name in ACCURACIES if name in evidence.curves), None)
    if name is None or evidence.facts.target_scale is None:
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"{name} means nothing here: the targets are quantities, and it counts how often the prediction equals "
            f"the target exactly ({evidence.last(name):.3g})."
        ),
        epochs=OF_THE_DATA,
        confidence=0.95,
        remedies=(
            Remedy(
                advice="compile with metrics=['mae'], the mean absolute error, or keras.metrics.R2Score()",
                expect="The metric says by how much predictions are off.",
            ),
        ),
    )


RULE = Rule(
    name="accuracy_of_regression",
    explanation=(
        "Accuracy is the share of predictions that are exactly right. A predicted quantity, such as 12.97 for 13, is "
        "never exactly right, so the accuracy stays near 0, or shows how many targets happen to be whole numbers. Use "
        "the mean absolute error, or R²."
    ),
    source="Keras, Regression metrics, https://keras.io/api/metrics/regression_metrics/",
    weight=0.2,
    check=_check,
)
