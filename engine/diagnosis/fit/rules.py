"""The rules about the fit, by file."""

from fitmon.engine.diagnosis.evidence import Rule
from fitmon.engine.diagnosis.fit import (
    dead_units,
    good_fit,
    learning_rate_too_high,
    learning_rate_too_low,
    learning_well,
    non_finite_loss,
    not_learning,
    overfitting,
    plateau,
    saturated_outputs,
    too_early,
    undecided,
    underfitting,
    validation_looks_better,
)

FIT_RULES: tuple[Rule, ...] = (
    dead_units.RULE,
    good_fit.RULE,
    learning_rate_too_high.RULE,
    learning_rate_too_low.RULE,
    learning_well.RULE,
    non_finite_loss.RULE,
    not_learning.RULE,
    overfitting.RULE,
    plateau.RULE,
    saturated_outputs.RULE,
    too_early.RULE,
    undecided.RULE,
    underfitting.RULE,
    validation_looks_better.RULE,
)
"""In alphabetical order: `Rule.weight` decides which finding is shown first."""
