"""Targets of a regression on a scale that the outputs do not reach in the steps there are."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import losses_of
from fitmon.engine.finding import Finding, Remedy

LARGE, HUGE = 100.0, 10_000.0
"""Standard deviation of the targets; the outputs of default initial weights have about 1."""
FAR_FROM_ZERO = 1_000.0
"""Mean of the targets."""
FAR_OUT = 100.0
"""Mean over standard deviation: all that differs between targets is small beside what they have in common."""
TINY = 1e-3
LEARNED = 0.5
"""Share of the baseline after which the scale has done no harm."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    scale, mean = facts.target_scale, facts.target_mean or 0.0
    if scale is None or not (scale > LARGE or mean > FAR_FROM_ZERO or scale < TINY):
        return None
    if evidence.epoch and losses_of(evidence).learned(losses_of(evidence).judged) >= LEARNED:
        return None
    return Finding(
        name=RULE.name,
        sentence=(
            f"unscaled targets: their mean is {mean:.3g} and their standard deviation {scale:.3g}, from "
            f"{facts.target_low:.3g} to {facts.target_high:.3g}; the outputs start near 0 with a scale of about 1."
        ),
        epochs=OF_THE_DATA,
        confidence=0.9 if max(scale, mean) > HUGE or mean > FAR_OUT * scale else 0.75,
        remedies=_REMEDIES,
    )


_REMEDIES = (
    Remedy(
        advice="standardize the targets: y = (y - y_train.mean()) / y_train.std(), and undo it for predictions",
        expect="The loss starts near 1, the variance of scaled targets, and falls below it in the first epochs.",
    ),
    Remedy(
        advice="for positive targets over many orders of magnitude, predict numpy.log1p(y)",
        expect="Small and large targets count alike.",
    ),
)

RULE = Rule(
    name="unscaled_targets",
    explanation=(
        "Adam moves each weight by about its learning rate a step, so outputs in the thousands take thousands of steps "
        "to reach, and plain SGD gets gradients so large that it diverges. With targets of mean 0 and standard "
        "deviation 1 the first outputs are in the right range already, and losses are easy to read: 1 is no better "
        "than always predicting the mean."
    ),
    source=(
        "LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, 'Choosing Target Values', "
        "http://leon.bottou.org/papers/lecun-98x; scikit-learn, TransformedTargetRegressor, "
        "https://scikit-learn.org/stable/modules/compose.html#transforming-target-in-regression"
    ),
    weight=0.9,
    check=_check,
    patience=1,
    explains=frozenset(
        {
            "not_learning",
            "worse_than_guessing",
            "plateau",
            "underfitting",
            "non_finite_loss",
            "validation_looks_better",
            "vanishing_gradients",
        }
    ),
    invalidates=frozenset(
        {
            "learning_rate_too_high",
            "learning_rate_too_low",
            "undecided",
            "validation_too_small",
            "learning_well",
            "dead_units",
        }
    ),
)
