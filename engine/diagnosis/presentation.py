"""What is shown of the findings that were made: causes before symptoms, remedies that fit the run as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fitmon.engine.diagnosis.evidence import Evidence, KnobChange, Rule
from fitmon.engine.finding import Finding, Remedy

SURE = 0.8
"""Confidence from which a cause explains its symptoms."""
EPOCHS_TO_TELL = 3
"""Epochs after which a change that was tried has helped, or has not."""
BELOW_ITS_CAUSE = 0.99


def presented(findings: Iterable[Finding], rules: Mapping[str, Rule], evidence: Evidence) -> tuple[Finding, ...]:
    """Return the findings to show, strongest first, with their remedies.

    Args:
        findings: all that are current; `rules` has the rule of each that has one.
        rules: by name.
        evidence: of now, which remedies are computed from.
    """
    found = {finding.name: finding for finding in findings}
    causes = [rules[name] for name, finding in found.items() if name in rules and finding.confidence >= SURE]
    invalid = frozenset[str]().union(*(cause.invalidates for cause in causes if cause.name in found))
    shown = [finding for name, finding in found.items() if name not in invalid]
    strengths = {finding.name: _strength(finding, rules) for finding in shown}
    explained = {name for cause in causes for name in cause.explains if cause.name in strengths}
    for name in explained & strengths.keys():
        causing = [strengths[cause.name] for cause in causes if name in cause.explains and cause.name in strengths]
        strengths[name] = min(strengths[name], BELOW_ITS_CAUSE * max(causing))
    shown.sort(key=lambda finding: (-strengths[finding.name], finding.name))
    return _with_remedies(shown, rules, evidence, explained)


def _strength(finding: Finding, rules: Mapping[str, Rule]) -> float:
    rule = rules.get(finding.name)
    return 0.0 if rule is None else rule.weight * finding.confidence


def _with_remedies(
    findings: Sequence[Finding], rules: Mapping[str, Rule], evidence: Evidence, explained: set[str]
) -> tuple[Finding, ...]:
    directions: dict[str, float] = {}
    result = []
    for finding in findings:
        rule = rules.get(finding.name)
        remedies = finding.remedies or (() if rule is None else rule.remedies(evidence))
        if finding.name in explained:
            remedies = ()
        kept = tuple(
            remedy
            for remedy in remedies
            if not _was_in_vain(remedy, finding, evidence) and not _contradicts(remedy, directions, evidence)
        )
        result.append(msgspec.structs.replace(finding, remedies=kept))
        for remedy in kept:
            for knob, direction in _directions(remedy, evidence).items():
                directions.setdefault(knob, direction)
    return tuple(result)


def _contradicts(remedy: Remedy, directions: Mapping[str, float], evidence: Evidence) -> bool:
    """Return whether a remedy moves a knob against one of a stronger finding."""
    own = _directions(remedy, evidence)
    return any(directions.get(knob, direction) != direction for knob, direction in own.items())


def _directions(remedy: Remedy, evidence: Evidence) -> dict[str, float]:
    """Return whether a remedy raises (1) or lowers (-1) each knob that it changes."""
    found = {}
    for knob, value in remedy.changes.items():
        now = evidence.knob(knob)
        if now is not None and value != now:
            found[knob] = 1.0 if value > now else -1.0
    return found


def _was_in_vain(remedy: Remedy, finding: Finding, evidence: Evidence) -> bool:
    """Return whether the same kind of change was made before and the finding is still, or again, there."""
    epochs = 1 if finding.name == "non_finite_loss" else EPOCHS_TO_TELL
    tried = [change for change in evidence.changes if change.epoch + epochs - 1 <= evidence.epoch]
    own = _directions(remedy, evidence)
    return bool(own) and all(any(_same(change, knob, way) for change in tried) for knob, way in own.items())


def _same(change: KnobChange, knob: str, direction: float) -> bool:
    before, after = _number(change.previous), _number(change.value)
    if change.knob != knob or before is None or after is None:
        return False
    return (after - before) * direction > 0


def _number(value: object) -> float | None:
    if isinstance(value, tuple):
        return max(value, default=None)
    return float(value) if isinstance(value, int | float) else None
