"""Inputs or targets of the validation set that are on another scale than those of the training set."""

from __future__ import annotations

from fitmon.engine.diagnosis.data.wording import OF_THE_DATA, percent
from fitmon.engine.diagnosis.differences import missing_apart, scales_apart
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.facts import Difference, Facts
from fitmon.engine.finding import Finding, Remedy

SURE_DISTANCE = 0.4
"""Distance of the distributions from which no other reason than the data is needed."""


def _check(evidence: Evidence) -> Finding | None:
    facts = evidence.facts
    found = [*facts.input_differences, *([facts.target_difference] if facts.target_difference else [])]
    if not found:
        return None
    strongest = max(found, key=lambda difference: difference.distance)
    return Finding(
        name=RULE.name,
        sentence=f"validation differs from training: {_in_words(strongest)}{_others(facts)}.",
        epochs=OF_THE_DATA,
        confidence=0.95 if strongest.distance >= SURE_DISTANCE else 0.8,
        remedies=_REMEDIES,
    )


def _in_words(difference: Difference) -> str:
    if missing_apart(difference):
        shares = percent(difference.validation_missing), percent(difference.training_missing)
        return f"{shares[0]} of the values of {difference.what} are missing in validation, {shares[1]} in training"
    if not scales_apart(difference):
        shares = percent(difference.validation_zeros), percent(difference.training_zeros)
        return f"{shares[0]} of the values of {difference.what} are 0 in validation, {shares[1]} in training"
    verb = "run" if difference.what.startswith("the ") else "runs"
    return (
        f"{difference.what} {verb} from {difference.training_low:.3g} to {difference.training_high:.3g} in training, "
        f"from {difference.validation_low:.3g} to {difference.validation_high:.3g} in validation (mean "
        f"{difference.training_mean:.3g} and {difference.validation_mean:.3g}, standard deviation "
        f"{difference.training_scale:.3g} and {difference.validation_scale:.3g})"
    )


def _others(facts: Facts) -> str:
    total = facts.inputs_that_differ + (facts.target_difference is not None)
    dtypes = ""
    if facts.training_dtype and facts.validation_dtype and facts.training_dtype != facts.validation_dtype:
        dtypes = f"; the inputs are {facts.training_dtype} in training and {facts.validation_dtype} in validation"
    more = "" if total < 2 else "; 1 more differs" if total == 2 else f"; {total - 1} more differ"  # noqa: PLR2004
    return more + dtypes


_REMEDIES = (
    Remedy(
        advice="prepare both sets with the same function, such as one scaler fitted on the training set",
        expect="Validation loss falls to about that of the training set in the first epoch.",
    ),
    Remedy(
        advice="or put the scaling into the model: keras.layers.Rescaling or Normalization as its first layer",
        expect="Whatever is loaded is scaled in the same way, in the saved model too.",
    ),
    Remedy(
        advice="if the sets are really of different kinds, such as other years, split at random to see what is learned",
        expect="With a random split validation loss is close to training loss.",
    ),
)

RULE = Rule(
    name="validation_differs",
    explanation=(
        "The model is judged on data that does not look like what it was trained on: two loaders that scale in "
        "different ways, a scaler fitted on each set, missing values filled in on one side only. Validation loss then "
        "says nothing about learning. Distributions are compared feature by feature, those of images as a whole."
    ),
    source=(
        "Sculley et al. 2015, Hidden Technical Debt in Machine Learning Systems, "
        "https://papers.nips.cc/paper/2015/hash/86df7dcfd896fcaf2674f757a2463eba-Abstract.html; Breck et al. 2019, "
        "Data Validation for Machine Learning (training-serving skew), https://mlsys.org/Conferences/2019/doc/2019/167.pdf"
    ),
    weight=1.0,
    check=_check,
    patience=1,
    explains=frozenset({"worse_than_guessing", "not_learning", "plateau"}),
    invalidates=frozenset(
        {
            "overfitting",
            "memorizing",
            "suspected_labels",
            "undecided",
            "validation_too_small",
            "good_fit",
            "learning_well",
            "learning_rate_too_high",
            "saturated_outputs",
            "unbalanced",
            "validation_looks_better",
        }
    ),
)
