"""The rules about the fit, by file."""

from fitmon.engine.diagnosis.evidence import Rule
from fitmon.engine.diagnosis.fit import (
    dead_units,
    good_fit,
    inference_differs,
    learning_rate_too_high,
    learning_rate_too_low,
    learning_well,
    memorizing,
    non_finite_loss,
    not_learning,
    overfitting,
    penalty_too_strong,
    plateau,
    saturated_outputs,
    too_early,
    undecided,
    underfitting,
    validation_looks_better,
    vanishing_gradients,
    worse_than_guessing,
)

FIT_RULES: tuple[Rule, ...] = (
    dead_units.RULE,
    good_fit.RULE,
    inference_differs.RULE,
    learning_rate_too_high.RULE,
    learning_rate_too_low.RULE,
    learning_well.RULE,
    memorizing.RULE,
    non_finite_loss.RULE,
    not_learning.RULE,
    overfitting.RULE,
    penalty_too_strong.RULE,
    plateau.RULE,
    saturated_outputs.RULE,
    too_early.RULE,
    undecided.RULE,
    underfitting.RULE,
    validation_looks_better.RULE,
    vanishing_gradients.RULE,
    worse_than_guessing.RULE,
)
"""In alphabetical order: `Rule.weight` decides which finding is shown first."""
