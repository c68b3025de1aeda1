"""What is shown of the findings that were made: causes before symptoms, remedies that fit the run as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.finding import Finding, Remedy
from fitmon.engine.knobs.catalogue import EPOCHS

SURE = 0.8
"""Confidence from which a cause explains its symptoms."""
EPOCHS_TO_TELL = 3
"""Epochs after which a change that was tried has helped, or has not."""
BELOW_ITS_CAUSE = 0.99


def presented(
    findings: Iterable[Finding], rules: Mapping[str, Rule], evidence: Evidence, first_epochs: Mapping[str, int]
) -> tuple[Finding, ...]:
    """Return the findings to show, strongest first, with their remedies.

    Args:
        findings: all that are current; `rules` has the rule of each that has one.
        rules: by name.
        evidence: of now, which remedies are computed from.
        first_epochs: at which each finding was first made.
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
    tried = {name: _tried_since(first_epochs.get(name, 0), name, evidence) for name in strengths}
    return _with_remedies(shown, rules, evidence, {**tried, **dict.fromkeys(explained)})


def _strength(finding: Finding, rules: Mapping[str, Rule]) -> float:
    rule = rules.get(finding.name)
    return 0.0 if rule is None else rule.weight * finding.confidence


def _with_remedies(
    findings: Sequence[Finding],
    rules: Mapping[str, Rule],
    evidence: Evidence,
    tried: Mapping[str, Mapping[str, float] | None],
) -> tuple[Finding, ...]:
    """Add the remedies of each finding, strongest first.

    `tried` has the knobs that were moved while each was there, and whether up (1) or down (-1); None: it gets none.
    """
    directions: dict[str, float] = {}
    result = []
    for finding in findings:
        rule, moved = rules.get(finding.name), tried[finding.name]
        remedies = finding.remedies or (() if rule is None else rule.remedies(evidence))
        kept = tuple(
            remedy
            for remedy in remedies
            if moved is not None
            and not _was_in_vain(remedy, moved, evidence)
            and not _contradicts(remedy, directions, evidence)
        )
        result.append(msgspec.structs.replace(finding, remedies=kept))
        for remedy in kept:
            for moved_thing, direction in _directions(remedy, evidence).items():
                directions.setdefault(moved_thing, direction)
    return tuple(result)


def _contradicts(remedy: Remedy, directions: Mapping[str, float], evidence: Evidence) -> bool:
    """Return whether a remedy moves something the other way than one of a stronger finding."""
    own = _directions(remedy, evidence)
    return any(directions.get(knob, direction) != direction for knob, direction in own.items())


def _directions(remedy: Remedy, evidence: Evidence) -> dict[str, float]:
    """Return whether a remedy raises (1) or lowers (-1) each knob that it changes, and what else its advice moves."""
    found = {**dict.fromkeys(remedy.raises, 1.0), **dict.fromkeys(remedy.lowers, -1.0)}
    if remedy.stop:
        found[EPOCHS.name] = -1.0
    for knob, value in remedy.changes.items():
        now = evidence.epochs if knob == EPOCHS.name else evidence.knob(knob)
        if now is not None and value != now:
            found[knob] = 1.0 if value > now else -1.0
    return found


def _was_in_vain(remedy: Remedy, moved: Mapping[str, float], evidence: Evidence) -> bool:
    """Return whether all that a remedy changes was moved the same way before, without success."""
    own = _directions(remedy, evidence)
    return bool(own) and all(moved.get(knob) == direction for knob, direction in own.items())


def _tried_since(first: int, name: str, evidence: Evidence) -> dict[str, float]:
    """Return how each knob was last moved after a finding was first made, long enough ago to have helped."""
    epochs = 1 if name == "non_finite_loss" else EPOCHS_TO_TELL
    found = {}
    for change in evidence.changes:
        before, after = _number(change.previous), _number(change.value)
        # A branch that a remedy began has forgotten that the finding was there.
        meant_it = change.because == name or change.epoch >= first
        due = change.epoch + epochs - 1 <= evidence.epoch
        if meant_it and due and before is not None and after is not None:
            found[change.knob] = 1.0 if after > before else -1.0
    return found


def _number(value: object) -> float | None:
    if isinstance(value, tuple):
        return max(value, default=None)
    return float(value) if isinstance(value, int | float) else None
