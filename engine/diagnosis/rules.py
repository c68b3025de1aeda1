"""All rules. To add one, write its file in `fit` or `data` and add it to the list there."""

from fitmon.engine.diagnosis import failed_checks
from fitmon.engine.diagnosis.data.rules import DATA_RULES
from fitmon.engine.diagnosis.evidence import Rule
from fitmon.engine.diagnosis.fit.rules import FIT_RULES

RULES: tuple[Rule, ...] = (*FIT_RULES, *DATA_RULES)


def explanation_of(name: str) -> str:
    """Return what a learner should know about a finding; empty for a name that only another version knows."""
    if name == failed_checks.NAME:
        return failed_checks.EXPLANATION
    return next((rule.explanation for rule in RULES if rule.name == name), "")
