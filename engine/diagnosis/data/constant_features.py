"""Features that are the same in every training sample."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, percent
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

PICTURE_FEATURES = 64
"""A row of at least so many features may be a picture, whose border is constant by nature: digits is 8 × 8."""
PICTURE_SHARE = 0.75
"""A few hundred pictures of MNIST have constant pixels in up to half of their places."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    count, total = facts.constant_features or 0, facts.features or 0
    if not count or not total or facts.training_samples <= 1:
        return None
    if _may_be_picture(facts) and count < PICTURE_SHARE * total:
        return None
    names = f" ({', '.join(facts.constant_names)}{' …' if count > len(facts.constant_names) else ''})"
    verb = "is" if count == 1 else "are"
    return Finding(
        name=RULE.name,
        sentence=(
            f"{count} of {total} features ({percent(count / total)}) {verb} the same in every training sample"
            f"{names if facts.constant_names else ''}: nothing can be learnt from {'it' if count == 1 else 'them'}."
        ),
        epochs=OF_THE_DATA,
        confidence=0.95,
        remedies=(
            Remedy(
                advice="leave them out: varying = x.std(axis=0) > 0; x = x[:, varying]",
                expect="The model does as well with fewer weights, and no new value of theirs can mislead it.",
            ),
        ),
    )


def _may_be_picture(facts: Facts) -> bool:
    return (facts.input_axes or 1) > 1 or (facts.features or 0) >= PICTURE_FEATURES


RULE = Rule(
    name="constant_features",
    explanation=(
        "A column that never changes cannot tell one sample from another. Its weights act like a bias, and if the "
        "column does change in new data, the model answers with weights that were never trained. It is often the trace "
        "of a mistake: a column read wrongly, a filter, a unit that was rounded away. The black border of pictures is "
        "harmless."
    ),
    source=(
        "scikit-learn, Removing features with low variance, "
        "https://scikit-learn.org/stable/modules/feature_selection.html#removing-features-with-low-variance"
    ),
    weight=0.3,
    check=_check,
    patience=1,
)
