"""The rules of the fit, by file."""

from fitmon.engine.diagnosis.evidence import Rule

FIT_RULES: tuple[Rule, ...] = ()
"""In no order: `Rule.weight` says what matters more."""
