"""What predicts without looking at the inputs, in words."""

from __future__ import annotations

from fitmon.engine.diagnosis.fit.losses import LossCurve, Losses
from fitmon.engine.facts import Facts

IN_WORDS = {
    "class frequencies": "guessing by class frequency",
    "mean": "always predicting the mean",
    "median": "always predicting the median",
    "last value": "repeating the last value",
    "constant": "the best constant output",
}


def baseline_in_words(facts: Facts) -> str:
    """Return what the baseline does, such as `always predicting the mean`."""
    return IN_WORDS.get(facts.baseline, "the baseline")


def distance_from_baseline(losses: Losses, loss: LossCurve, facts: Facts) -> str:
    """Return how far a loss is below its baseline, such as `41% below the 0.69 of guessing by class frequency`.

    Where the lowest possible loss is not 0, it is named.
    """
    share = 100 * losses.learned(loss)
    digits = 0 if share >= 10 else 1  # noqa: PLR2004 - two digits
    baseline = f"the {loss.baseline:.3g} of {baseline_in_words(facts)}"
    if share <= 0:
        return f"not below {baseline}"
    if losses.floor:
        return f"{share:.{digits}f}% of the way from {baseline} to the lowest possible {losses.floor:.3g}"
    return f"{share:.{digits}f}% below {baseline}"
