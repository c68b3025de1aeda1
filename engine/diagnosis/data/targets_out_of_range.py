"""Targets that the loss does not take, or the output cannot reach, although Keras raises no error."""

from __future__ import annotations

from collections.abc import Callable

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

REACHES = {
    "sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, float("inf")),
    "softplus": (0.0, float("inf")),
    "exponential": (0.0, float("inf")),
    "relu6": (0.0, 6.0),
}
"""What the outputs of an activation can be."""
NOT_NEGATIVE = frozenset({"poisson", "kl_divergence", "mean_squared_logarithmic_error"})
QUANTITIES = frozenset(
    {"mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "mean_absolute_percentage_error"}
)
ROUNDING = 1e-3
SUMS = ("categorical_crossentropy", "categorical_focal_crossentropy", "kl_divergence")

Problem = tuple[str, str]
"""What is wrong, and what to do."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    if facts.target_low is None or facts.target_high is None:
        return None
    found = next(filter(None, (check(facts, facts.target_low, facts.target_high) for check in _CHECKS)), None)
    if found is None:
        return None
    sentence, advice = found
    return Finding(
        name=RULE.name,
        sentence=f"targets out of range: {sentence}.",
        epochs=OF_THE_DATA,
        confidence=0.95,
        remedies=(Remedy(advice=advice, expect="The loss has a lowest value that a good model reaches."),),
    )


def _outside_probabilities(facts: Facts, low: float, high: float) -> Problem | None:
    if not facts.loss.startswith("binary_") or (low >= -ROUNDING and high <= 1 + ROUNDING):
        return None
    sentence = (
        f"{facts.loss} takes targets from 0 to 1, and they run from {low:.3g} to {high:.3g}; the loss then falls below "
        "0 without end and means nothing"
    )
    scaled = f"(y - {low:.3g}) / {high - low:.3g}".replace("y - -", "y + ") if low else f"y / {high:.3g}"
    advice = f"scale the targets to 0 to 1, such as {scaled}, or use mean_squared_error with a linear output"
    return sentence, advice


def _not_whole(facts: Facts, low: float, high: float) -> Problem | None:
    if not facts.loss.startswith("sparse_") or facts.output_units is None:
        return None
    if facts.targets_are_whole is False:
        return "sparse_categorical_crossentropy takes class numbers, and some targets are no whole numbers", _ROUND
    if low < 0 or high >= facts.output_units:
        sentence = (
            f"the class numbers run from {low:g} to {high:g}, and {facts.output_units} outputs take 0 to "
            f"{facts.output_units - 1}"
        )
        return sentence, f"number the classes from 0, or give the last layer {high + 1 - min(low, 0):g} units"
    return None


def _no_shares(facts: Facts, low: float, high: float) -> Problem | None:
    if facts.loss not in SUMS or facts.target_rows_sum_to_one is not False:
        return None
    several = "; for several labels a sample use sigmoid outputs and binary_crossentropy"
    if low < -ROUNDING or high > 1 + ROUNDING:
        return f"{facts.loss} takes rows that sum to 1, and the targets run from {low:.3g} to {high:.3g}", _ONE_HOT
    return f"{facts.loss} takes rows that sum to 1, such as one-hot rows, and these do not", _ONE_HOT + several


def _negative(facts: Facts, low: float, high: float) -> Problem | None:  # noqa: ARG001 - as every check
    if facts.loss not in NOT_NEGATIVE or low >= 0:
        return None
    return f"{facts.loss} takes targets of at least 0, and the smallest is {low:.3g}", "shift or transform the targets"


def _no_signs(facts: Facts, low: float, high: float) -> Problem | None:
    signs = low in {-1.0, 0.0} and high == 1.0
    if facts.loss not in {"hinge", "squared_hinge"} or signs:
        return None
    return (
        f"{facts.loss} takes targets of -1 and 1, and they run from {low:.3g} to {high:.3g}",
        "recode them as -1 and 1",
    )


def _out_of_reach(facts: Facts, low: float, high: float) -> Problem | None:
    bounds = REACHES.get(facts.output_activation)
    if facts.loss not in QUANTITIES or bounds is None:
        return None
    # Scaled targets may reach a little further in the validation set.
    spare = 0.1 * (bounds[1] - bounds[0]) if bounds[1] < float("inf") else 0.0
    if low >= bounds[0] - spare and high <= bounds[1] + spare:
        return None
    reach = f"{bounds[0]:g} to {bounds[1]:g}" if bounds[1] < float("inf") else "numbers of at least 0"
    sentence = (
        f"the targets run from {low:.3g} to {high:.3g}, but the output activation {facts.output_activation} only gives "
        f"{reach}"
    )
    return sentence, "use a linear output, or scale the targets to what the activation gives"


_ROUND = "use whole class numbers, or mean_squared_error if they are quantities"
_ONE_HOT = "make one-hot rows with keras.utils.to_categorical, or use the sparse loss for class numbers"
_CHECKS: tuple[Callable[[Facts, float, float], Problem | None], ...] = (
    _outside_probabilities,
    _not_whole,
    _no_shares,
    _negative,
    _no_signs,
    _out_of_reach,
)

RULE = Rule(
    name="targets_out_of_range",
    explanation=(
        "Every loss is made for targets of one kind: probabilities for binary cross-entropy, rows that sum to 1 for "
        "the categorical one, class numbers for the sparse one, counts for Poisson's. Keras computes a number for any "
        "others too, but its lowest value then is not where the model is right, and it may have none at all."
    ),
    source=(
        "Keras, Losses, https://keras.io/api/losses/; Goodfellow, Bengio, Courville 2016, Deep Learning, section "
        "6.2.2 'Output Units', https://www.deeplearningbook.org/contents/mlp.html"
    ),
    weight=1.0,
    check=_check,
    patience=1,
    explains=frozenset({"worse_than_guessing", "not_learning", "plateau", "underfitting", "non_finite_loss"}),
    invalidates=frozenset(
        {
            "learning_rate_too_high",
            "learning_rate_too_low",
            "overfitting",
            "memorizing",
            "good_fit",
            "learning_well",
            "undecided",
            "validation_looks_better",
            "validation_too_small",
            "dead_units",
            "unbalanced",
            "suspected_labels",
            "saturated_outputs",
        }
    ),
)
