"""Inputs on a scale that does not suit the first layer."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.rates import times_the_default
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

LARGE_SCALE = 10
"""Ten times the standard deviation that default initial weights expect."""
LARGE_MEAN = 30
SMALL_SCALE = 0.01
FAR_APART = 1000
"""Ratio of scales in a table at which the small features have no effect beside the large ones."""
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
        confidence=_confidence(evidence, largest, mean),
        remedies=_remedies(facts),
    )


def _confidence(evidence: Evidence, largest: float, mean: float) -> float:
    """Return how sure it is that the scale matters; a rate far above its default would do harm with any inputs."""
    sure = largest > LARGE_MEAN or mean > LARGEST_PIXEL or largest < SMALL_SCALE / 2
    return 0.9 if sure and not times_the_default(evidence) > 1 else 0.7


def _sentence(facts: Facts, largest: float, mean: float) -> str:
    if largest < SMALL_SCALE:
        return (
            f"The inputs hardly vary: the largest standard deviation of a feature is {largest:.2g} instead of about 1; "
            "the first layer learns very slowly from them."
        )
    sentence = f"The inputs are not scaled: standard deviations of features reach {largest:.3g} and means {mean:.3g}"
    smallest = facts.smallest_scale or largest
    if largest > FAR_APART * smallest and (facts.input_axes or 1) == 1:
        return f"{sentence}, other features vary by only {smallest:.2g}; all should be about 1."
    return f"{sentence}; they should be about 1 and 0."


def _remedies(facts: Facts) -> tuple[Remedy, ...]:
    standardize = Remedy(
        advice="standardize: scaler = sklearn.preprocessing.StandardScaler().fit(x); scaler.transform both x and x_val",
        expect="All features count alike from the first step; larger learning rates become possible.",
    )
    layer = Remedy(
        advice="or put keras.layers.Normalization() first and adapt() it to the training inputs",
        expect="The same, and the saved model accepts raw inputs.",
    )
    pixels = Remedy(
        advice="divide by 255, the largest value of a pixel",
        expect="Inputs are in [0, 1]; the loss falls more smoothly and usually faster.",
    )
    return (pixels, layer) if _are_pixels(facts) else (standardize, layer)


def _are_pixels(facts: Facts) -> bool:
    many = (facts.input_axes or 1) > 1 or (facts.features or 0) >= LARGEST_PIXEL
    return many and facts.largest_value == LARGEST_PIXEL and (facts.smallest_value or 0) >= 0


RULE = Rule(
    name="unscaled_features",
    explanation=(
        "Default initial weights expect inputs with a mean near 0 and a standard deviation near 1. A feature a hundred "
        "times larger dominates the others, gives gradients a hundred times larger, and forces a learning rate that "
        "is too small for the rest. Scale with the mean and deviation of the training set alone."
    ),
    source=(
        "LeCun, Bottou, Orr, Müller 1998, Efficient BackProp, 'Normalizing the Inputs', "
        "http://leon.bottou.org/papers/lecun-98x"
    ),
    weight=0.5,
    check=_check,
    patience=1,
    explains=frozenset(
        {
            "non_finite_loss",
            "not_learning",
            "worse_than_guessing",
            "saturated_outputs",
            "dead_units",
            "vanishing_gradients",
        }
    ),
    invalidates=frozenset({"learning_rate_too_high"}),
)
