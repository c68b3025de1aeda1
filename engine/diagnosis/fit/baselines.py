"""What predicts without looking at the inputs, in words."""

from __future__ import annotations

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
