"""Which findings a recorded run must have, from its recipe and from held-back samples; never from the diagnosis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from bench.collection.case import Case, last_loss
from bench.collection.fit_labels import FIT_LABELS, NOTHING_TO_SEE, percent, unclear_rise
from bench.collection.general import GeneralRecipe
from bench.collection.general_labels import labels_of_general
from bench.collection.recording import Answer, Label, Recording

if TYPE_CHECKING:
    from bench.collection.recipe import Recipe

MUST, MUST_NOT, EITHER = Answer.MUST, Answer.MUST_NOT, Answer.EITHER

SMALL_VALIDATION, LARGE_VALIDATION = 20, 1_000
FEW_OF_A_CLASS = 100
"""Validation samples among which the frequencies of classes differ by chance."""

BY_MAKING = "by how it was made"

DATA_FINDINGS = (
    "accuracy_of_regression",
    "class_missing",
    "constant_features",
    "duplicates",
    "label_shift",
    "non_finite_features",
    "output_mismatch",
    "rare_labels",
    "sorted_labels",
    "suspected_labels",
    "targets_out_of_range",
    "unbalanced",
    "unscaled_features",
    "unscaled_targets",
    "validation_differs",
    "validation_too_small",
    "weighted_loss",
)


def labelled(runs: Sequence[tuple[Recipe | GeneralRecipe, Recording]]) -> tuple[Recording, ...]:
    """Return the runs with their labels."""
    splits = [(recipe, run) for recipe, run in runs if not isinstance(recipe, GeneralRecipe)]
    found = {case.run.name: _labels(case) for case in _cases(splits)}
    found |= {run.name: labels_of_general(recipe, run) for recipe, run in runs if isinstance(recipe, GeneralRecipe)}
    decided = {
        name: {finding: label for finding, label in labels.items() if label.answer is not EITHER}
        for name, labels in found.items()
    }
    return tuple(msgspec.structs.replace(run, labels=decided[run.name]) for _, run in runs)


def _cases(runs: Sequence[tuple[Recipe, Recording]]) -> Iterable[Case]:
    for recipe, run in runs:
        alike = [other for _, other in runs if other.data == run.data and other.truth.held_back]
        kin = {
            each.settings.learning_rate: last_loss(other)
            for each, other in runs
            if recipe.family and each.family == recipe.family
        }
        reference = min((last_loss(other) - other.truth.rise for other in alike), default=math.nan)
        yield Case(recipe, run, reference, kin)


def _labels(case: Case) -> dict[str, Label]:
    made = {name: Label(answer, BY_MAKING) for name, answer in case.recipe.labels.items()}
    if case.recipe.labels.get("unbalanced") is MUST:
        made["unbalanced"] = _no_better_than_majority(case)
    found = {name: rule(case) for name, rule in FIT_LABELS.items()}
    if found["non_finite_loss"].answer is MUST:
        found |= NOTHING_TO_SEE
    found |= {name: _data(case, name) for name in DATA_FINDINGS}
    return found | made


def _data(case: Case, name: str) -> Label:
    """Return the label of a finding about the data that the recipe does not name: it has no such fault."""
    samples = case.run.facts.validation_samples
    if name == "validation_too_small" and case.known and samples >= LARGE_VALIDATION:
        return unclear_rise(case)
    if name == "validation_too_small" and SMALL_VALIDATION < samples < LARGE_VALIDATION:
        return Label(EITHER, f"{samples} samples are neither few nor many")
    if name in {"label_shift", "validation_differs"} and samples < FEW_OF_A_CLASS:
        return Label(EITHER, f"{samples} samples may differ by chance")
    images = case.run.data + case.recipe.name
    if name == "constant_features" and ("digits" in images or "mnist" in images):
        return Label(EITHER, "the borders of images are black, which hurts nobody")
    if name == "duplicates" and "iris" in case.run.data:
        return Label(EITHER, "some flowers of iris are alike")
    return Label(MUST_NOT, BY_MAKING)


def _no_better_than_majority(case: Case) -> Label:
    """Return the label of unbalanced classes: they matter where the accuracy is no better than the majority's share."""
    share, accuracy = case.majority, case.run.truth.accuracies[-1]
    error = math.sqrt(share * (1 - share) / case.run.facts.validation_samples)
    why = f"the majority has {percent(share)}, the accuracy on what was held back is {percent(accuracy)}"
    if accuracy <= share + error / 2:
        return Label(MUST, why)
    # It is still unbalanced, so the finding is not wrong.
    return Label(EITHER, why)
