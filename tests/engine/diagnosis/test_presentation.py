"""Causes before symptoms; remedies that fit the run as it is now."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from fitmon.engine.diagnosis.evidence import Evidence, KnobChange, Rule
from fitmon.engine.diagnosis.presentation import presented
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding, Remedy

FACTS = Facts(job="job", training_samples=100, validation_samples=50)


def finding(name: str, confidence: float = 1.0, *remedies: Remedy) -> Finding:
    return Finding(name=name, sentence=name, epochs=(1, 5), confidence=confidence, remedies=remedies)


def rule(name: str, weight: float, *remedies: Remedy, **more: Any) -> Rule:
    def check(_evidence: Evidence) -> None:
        return None

    return Rule(name=name, explanation="", source="", weight=weight, check=check, remedies=lambda _: remedies, **more)


def rate_to(value: float) -> Remedy:
    return Remedy(advice=f"rate {value:g}", expect="", changes={"learning_rate": value})


def evidence(*changes: KnobChange, rate: float = 0.01, epoch: int = 10) -> Evidence:
    knobs = {"learning_rate": rate}
    return Evidence(epoch=epoch, epochs=20, curves={}, knobs=knobs, facts=FACTS, changes=changes)


def shown(findings: list[Finding], rules: list[Rule], now: Evidence | None = None) -> tuple[Finding, ...]:
    return presented(
        findings, {each.name: each for each in rules}, now or evidence(), {each.name: 4 for each in findings}
    )


def lowered(epoch: int) -> KnobChange:
    return KnobChange(epoch=epoch, knob="learning_rate", previous=0.1, value=0.01)


def test_a_cause_outranks_a_stronger_symptom_whose_remedies_go() -> None:
    cause = rule("cause", 0.5, Remedy(advice="scale", expect=""), explains=frozenset({"symptom"}))
    symptom = rule("symptom", 1.0, rate_to(0.001))
    first, second = shown([finding("symptom"), finding("cause", 0.9)], [symptom, cause])
    assert (first.name, second.name) == ("cause", "symptom")
    assert [remedy.advice for remedy in first.remedies] == ["scale"]
    assert not second.remedies


def test_a_cause_that_is_not_sure_explains_nothing() -> None:
    cause = rule("cause", 0.5, explains=frozenset({"symptom"}))
    symptom = rule("symptom", 1.0, rate_to(0.001))
    first, _ = shown([finding("symptom"), finding("cause", 0.7)], [symptom, cause])
    assert first.name == "symptom"
    assert first.remedies


def test_findings_whose_evidence_means_nothing_are_not_shown() -> None:
    cause = rule("cause", 1.0, invalidates=frozenset({"overfitting"}))
    found = shown([finding("overfitting"), finding("cause")], [cause, rule("overfitting", 0.9)])
    assert [each.name for each in found] == ["cause"]


def test_a_remedy_that_was_tried_while_the_finding_stayed_is_not_offered_again() -> None:
    rules = [rule("too_high", 1.0, rate_to(0.001), rate_to(0.02))]
    (before,) = shown([finding("too_high")], rules)
    assert [remedy.advice for remedy in before.remedies] == ["rate 0.001", "rate 0.02"]
    (after,) = shown([finding("too_high")], rules, evidence(lowered(6)))
    assert [remedy.advice for remedy in after.remedies] == ["rate 0.02"]
    (too_soon,) = shown([finding("too_high")], rules, evidence(lowered(9)))
    assert len(too_soon.remedies) == 2, "three epochs show whether it helps"
    (before_it,) = shown([finding("too_high")], rules, evidence(lowered(3)))
    assert len(before_it.remedies) == 2, "the change was made before the finding"
    as_remedy = replace(lowered(3), because="too_high")
    (again,) = shown([finding("too_high")], rules, evidence(as_remedy))
    assert len(again.remedies) == 1, "it was this finding's remedy, in a branch that it began"


def test_a_lower_rate_that_ended_in_nan_again_is_not_offered_again() -> None:
    rules = [rule("non_finite_loss", 1.0, rate_to(0.001))]
    (found,) = shown([finding("non_finite_loss")], rules, evidence(lowered(10)))
    assert not found.remedies


def test_no_remedy_contradicts_a_stronger_finding() -> None:
    rules = [rule("too_high", 1.0, rate_to(0.001)), rule("plateau", 0.4, rate_to(0.002), rate_to(0.03))]
    _, plateau = shown([finding("plateau"), finding("too_high")], rules)
    assert [remedy.advice for remedy in plateau.remedies] == ["rate 0.002"]


def test_advice_does_not_contradict_a_stronger_finding_either() -> None:
    larger = Remedy(advice="try more units", expect="", raises=("model size",))
    smaller = Remedy(advice="try fewer parameters", expect="", lowers=("model size",))
    longer = Remedy(advice="train longer", expect="", changes={"epochs": 40})
    stop = Remedy(advice="stop here", expect="", stop=True)
    rules = [rule("underfitting", 0.9, larger, longer), rule("memorizing", 0.5, smaller, stop)]
    strong, weak = shown([finding("underfitting"), finding("memorizing")], rules)
    assert [remedy.advice for remedy in strong.remedies] == ["try more units", "train longer"]
    assert not weak.remedies
