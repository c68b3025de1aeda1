"""The rules of the data, by file."""

from fitmon.engine.diagnosis.evidence import Rule

DATA_RULES: tuple[Rule, ...] = ()
"""In no order: `Rule.weight` says what matters more."""
