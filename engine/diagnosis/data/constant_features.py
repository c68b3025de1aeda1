"""Features that are the same in every training sample."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, percent
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

IMAGE_FEATURES = 64
"""A row of at least this many features may be an image with a constant border: digits are 8 × 8."""
IMAGE_SHARE = 0.75
"""In a few hundred MNIST images up to half of the pixels are constant."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    count, total = (facts.constant_features or 0) - facts.padding_features, facts.features or 0
    if count <= 0 or not total or facts.training_samples <= 1:
        return None
    if _may_be_image(facts) and count < IMAGE_SHARE * total:
        return None
    names = f" ({', '.join(facts.constant_names)}{' …' if count > len(facts.constant_names) else ''})"
    verb = "is" if count == 1 else "are"
    return Finding(
        name=RULE.name,
        sentence=(
            f"{count} of {total} features ({percent(count / total)}) {verb} the same in every training sample"
            f"{names if facts.constant_names else ''}: nothing can be learned from {'it' if count == 1 else 'them'}."
        ),
        epochs=OF_THE_DATA,
        confidence=0.95,
        remedies=(
            Remedy(
                advice="leave them out: varying = x.std(axis=0) > 0; x = x[:, varying]",
                expect="The model does as well with fewer weights, and new values in these columns cannot mislead it.",
            ),
        ),
    )


def _may_be_image(facts: Facts) -> bool:
    return (facts.input_axes or 1) > 1 or (facts.features or 0) >= IMAGE_FEATURES


RULE = Rule(
    name="constant_features",
    explanation=(
        "A column that never changes cannot tell one sample from another. Its weights act like a bias, and if the "
        "column does change in new data, the model predicts with weights that were never trained. It is often a sign "
        "of a mistake: a column read wrongly, a filter, a rounded unit. The black border of images is harmless."
    ),
    source=(
        "scikit-learn, Removing features with low variance, "
        "https://scikit-learn.org/stable/modules/feature_selection.html#removing-features-with-low-variance"
    ),
    weight=0.3,
    check=_check,
    patience=1,
)
