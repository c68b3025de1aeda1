"""The rules about the data, by file."""

from fitmon.engine.diagnosis.data import (
    class_missing,
    constant_features,
    duplicates,
    non_finite_data,
    output_mismatch,
    sorted_labels,
    suspected_labels,
    unbalanced,
    unscaled_features,
    validation_too_small,
)
from fitmon.engine.diagnosis.evidence import Rule

DATA_RULES: tuple[Rule, ...] = (
    class_missing.RULE,
    constant_features.RULE,
    duplicates.RULE,
    non_finite_data.RULE,
    output_mismatch.RULE,
    sorted_labels.RULE,
    suspected_labels.RULE,
    unbalanced.RULE,
    unscaled_features.RULE,
    validation_too_small.RULE,
)
"""In alphabetical order: `Rule.weight` decides which finding is shown first."""
