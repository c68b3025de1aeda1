"""The rules about the data, by file."""

from fitmon.engine.diagnosis.data import (
    accuracy_of_regression,
    class_missing,
    constant_features,
    duplicates,
    label_shift,
    non_finite_data,
    output_mismatch,
    rare_labels,
    sorted_labels,
    suspected_labels,
    targets_out_of_range,
    unbalanced,
    unscaled_features,
    unscaled_targets,
    validation_differs,
    validation_too_small,
    weighted_loss,
)
from fitmon.engine.diagnosis.evidence import Rule

DATA_RULES: tuple[Rule, ...] = (
    accuracy_of_regression.RULE,
    class_missing.RULE,
    constant_features.RULE,
    duplicates.RULE,
    label_shift.RULE,
    non_finite_data.RULE,
    output_mismatch.RULE,
    rare_labels.RULE,
    sorted_labels.RULE,
    suspected_labels.RULE,
    targets_out_of_range.RULE,
    unbalanced.RULE,
    unscaled_features.RULE,
    unscaled_targets.RULE,
    validation_differs.RULE,
    validation_too_small.RULE,
    weighted_loss.RULE,
)
"""In alphabetical order: `Rule.weight` decides which finding is shown first."""
