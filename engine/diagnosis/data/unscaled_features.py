"""Inputs on a scale that the first layer is not made for."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

LARGE_SCALE = 10
"""Ten times the standard deviation that the usual initial weights are made for."""
LARGE_MEAN = 30
SMALL_SCALE = 0.01
FAR_APART = 1000
"""Scales that differ so much in a table: the small ones go unheard beside the large."""
LARGEST_PIXEL = 255


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    largest, mean = facts.largest_scale, facts.largest_mean or 0.0
    if largest is None or largest <= 0 or facts.scales_inputs:
        return None
    if SMALL_SCALE <= largest <= LARGE_SCALE and mean <= LARGE_MEAN:
        return None
    return Finding(
        name=RULE.name,
        sentence=_sentence(facts, largest, mean),
        epochs=OF_THE_DATA,
        confidence=0.9 if largest > LARGE_MEAN or mean > LARGEST_PIXEL else 0.7,
        remedies=_remedies(facts),
    )


def _sentence(facts: Facts, largest: float, mean: float) -> str:
    if largest < SMALL_SCALE:
        return (
            f"The inputs hardly vary: the largest standard deviation of a feature is {largest:.2g}, where about 1 is "
            "wanted; the first layer learns very slowly from them."
        )
    sentence = f"The inputs are not scaled: standard deviations of features reach {largest:.3g} and means {mean:.3g}"
    smallest = facts.smallest_scale or largest
    if largest > FAR_APART * smallest and (facts.input_axes or 1) == 1:
        return f"{sentence}, and other features vary by {smallest:.2g} only, where about 1 is wanted for all."
    return f"{sentence}, where about 1 and 0 are wanted."


def _remedies(facts: Facts) -> tuple[Remedy, ...]:
    standardise = Remedy(
        advice="standardise: scaler = sklearn.preprocessing.StandardScaler().fit(x); scaler.transform both x and x_val",
        expect="All features count alike from the first step; larger learning rates become possible.",
    )
    layer = Remedy(
        advice="or put keras.layers.Normalization() first and adapt() it to the training inputs",
        expect="The same, and the saved model takes raw inputs.",
    )
    pixels = Remedy(
        advice="divide by 255, the largest value of a pixel",
        expect="Inputs in [0, 1]: a smoother and usually faster fall of the loss.",
    )
    return (pixels, layer) if _are_pixels(facts) else (standardise, layer)


def _are_pixels(facts: Facts) -> bool:
    many = (facts.input_axes or 1) > 1 or (facts.features or 0) >= LARGEST_PIXEL
    return many and facts.largest_value == LARGEST_PIXEL and (facts.smallest_value or 0) >= 0


RULE = Rule(
    name="unscaled_features",
    explanation=(
        "The usual initial weights expect inputs with a mean near 0 and a standard deviation near 1. A feature a "
        "hundred times larger drowns the others, gives gradients a hundred times larger, and forces a learning rate "
        "that is too small for the rest. Scale with the mean and deviation of the training set alone."
    ),
    source=(
        "LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, 'Normalizing the Inputs', "
        "http://leon.bottou.org/papers/lecun-98x"
    ),
    weight=0.5,
    check=_check,
    patience=1,
)
