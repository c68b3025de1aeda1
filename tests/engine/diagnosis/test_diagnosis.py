"""Findings appear, stay and disappear with patience."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from fitmon.engine.arrays import Saved, under
from fitmon.engine.diagnosis.diagnosis import Diagnosis
from fitmon.engine.diagnosis.evidence import Evidence, KnobChange, Rule
from fitmon.engine.diagnosis.fit.rules import FIT_RULES
from fitmon.engine.diagnosis.rules import explanation_of
from fitmon.engine.errors import DataError
from fitmon.engine.facts import Facts
from fitmon.engine.finding import Finding


def _evidence(epoch: int, epochs: int = 20_000, loss: float = 1.0) -> Evidence:
    facts = Facts(job="iris", training_samples=1, validation_samples=0)
    return Evidence(epoch=epoch, epochs=epochs, curves={"loss": np.full(epoch, loss)}, knobs={}, facts=facts)


def _rule(
    holds: Callable[[int], bool], name: str = "plateau", *, weight: float = 0.5, patience: int = 2, sure: float = 1.0
) -> Rule:
    def check(evidence: Evidence) -> Finding | None:
        if not holds(evidence.epoch):
            return None
        return Finding(name=name, sentence="so it is", epochs=(1, evidence.epoch), confidence=sure)

    return Rule(name=name, explanation="", source="", weight=weight, check=check, patience=patience)


def _names(diagnosis: Diagnosis, epoch: int) -> list[str]:
    return [finding.name for finding in diagnosis.update(_evidence(epoch))]


def test_a_finding_appears_after_two_checks_that_agree_and_disappears_after_three_that_do_not() -> None:
    diagnosis = Diagnosis((_rule(lambda epoch: epoch in {1, 3, 4, 7}, "unbalanced"),))
    stands = [bool(_names(diagnosis, epoch)) for epoch in range(1, 11)]
    assert stands == [False, False, False, True, True, True, True, True, True, False]


def test_a_finding_outlives_its_evidence_by_a_window_unless_another_comes_or_a_knob_was_changed() -> None:
    def stands(*rules: Rule, changed_at: tuple[int, ...] = ()) -> list[int]:
        diagnosis = Diagnosis(rules)
        changes = tuple(KnobChange(epoch=epoch, knob="l2", previous=0.0, value=0.1) for epoch in changed_at)
        evidence = (replace(_evidence(epoch), changes=changes) for epoch in range(1, 61))
        looks = [[finding.name for finding in diagnosis.update(each)] for each in evidence]
        return [epoch for epoch, names in enumerate(looks, start=1) if "overfitting" in names]

    until_50 = _rule(lambda epoch: 40 <= epoch <= 50, "overfitting")
    assert stands(until_50) == list(range(41, 55))
    assert stands(until_50, _rule(lambda epoch: epoch > 50, "good_fit")) == list(range(41, 52))
    assert stands(until_50, changed_at=(51,)) == list(range(41, 52))


def test_a_finding_at_the_edge_of_its_noise_does_not_come_and_go() -> None:
    now_and_then = _rule(lambda epoch: epoch > 100 and epoch % 7 < 3, "validation_too_small")
    verdict = _rule(lambda _: True, "overfitting")
    diagnosis = Diagnosis((now_and_then, verdict))
    looks = [_names(diagnosis, epoch) for epoch in range(1, 200)]
    stands = ["validation_too_small" in names for names in looks]
    assert stands == sorted(stands)
    assert any(stands)


def test_a_finding_about_the_last_epochs_disappears_with_them() -> None:
    diagnosis = Diagnosis((_rule(lambda epoch: epoch <= 50, "validation_looks_better"),))
    stands = [epoch for epoch in range(1, 61) if _names(diagnosis, epoch)]
    assert stands[-1] == 51


def test_in_a_long_run_a_finding_outlives_its_evidence_by_a_tenth_of_the_epochs() -> None:
    diagnosis = Diagnosis((_rule(lambda epoch: epoch <= 1_000, "validation_too_small"),))
    stands = [epoch for epoch in range(1, 2_001) if _names(diagnosis, epoch)]
    assert 1_090 <= stands[-1] <= 1_120


def test_undecided_is_said_only_while_there_is_no_verdict() -> None:
    rules = (
        _rule(lambda _: True, "undecided", patience=1),
        _rule(lambda epoch: epoch == 2, "overfitting", patience=1),
        _rule(lambda _: True, "dead_units", patience=1),
    )
    diagnosis = Diagnosis(rules)
    assert [sorted(_names(diagnosis, epoch)) for epoch in (1, 2)] == [
        ["dead_units", "undecided"],
        ["dead_units", "overfitting"],
    ]


def test_a_finding_without_patience_appears_and_disappears_at_once() -> None:
    diagnosis = Diagnosis((_rule(lambda epoch: epoch == 2, patience=1),))
    assert [bool(_names(diagnosis, epoch)) for epoch in (1, 2, 3)] == [False, True, False]


def test_the_strongest_finding_is_first() -> None:
    rules = (
        _rule(lambda _: True, "plateau", weight=0.9, sure=0.5, patience=1),
        _rule(lambda _: True, "overfitting", weight=0.6, patience=1),
    )
    assert _names(Diagnosis(rules), 1) == ["overfitting", "plateau"]


def test_it_is_too_early_only_while_nothing_else_is_said_of_the_fit() -> None:
    rules = (
        _rule(lambda _: True, "too_early", patience=1),
        _rule(lambda epoch: epoch == 2, "overfitting", patience=1),
        _rule(lambda _: True, "unbalanced", patience=1),
    )
    diagnosis = Diagnosis(rules)
    assert "too_early" in _names(diagnosis, 1)
    assert "too_early" not in _names(diagnosis, 2)


def _failing(name: str, broken_until: int = 100) -> Rule:
    def check(evidence: Evidence) -> Finding | None:
        if evidence.epoch <= broken_until:
            raise ZeroDivisionError("division by zero")
        return None

    return Rule(name=name, explanation="", source="", weight=1, check=check)


def test_a_rule_that_raises_does_not_stop_training_and_is_listed_last() -> None:
    diagnosis = Diagnosis((_failing("good_fit"), _failing("unbalanced"), _rule(lambda _: True, patience=1)))
    plateau, failed = diagnosis.update(_evidence(1))
    assert (plateau.name, failed.name, failed.remedies) == ("plateau", "checks_not_run", ())
    assert failed.sentence == (
        "checks not run (2): good_fit (ZeroDivisionError: division by zero); "
        "unbalanced (ZeroDivisionError: division by zero)."
    )
    assert "log has the traceback" in explanation_of("checks_not_run")


def test_a_rule_that_raises_is_logged_once_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    diagnosis = Diagnosis((_failing("good_fit"),))
    for epoch in (1, 2, 3):
        diagnosis.update(_evidence(epoch))
    (logged,) = caplog.records
    assert (logged.name, logged.levelname) == ("fitmon.diagnosis", "WARNING")
    assert "good_fit" in logged.getMessage()
    assert logged.exc_info


def test_a_rule_that_runs_again_is_no_longer_listed() -> None:
    diagnosis = Diagnosis((_failing("good_fit", broken_until=2),))
    assert [_names(diagnosis, epoch) for epoch in (1, 2, 3)] == [["checks_not_run"], ["checks_not_run"], []]


def test_a_rule_that_raises_inside_an_epoch_is_listed_too() -> None:
    rule = _failing("non_finite_loss")
    (finding,) = Diagnosis((rule,)).update_rule(rule, _evidence(1))
    assert finding.name == "checks_not_run"


def test_a_check_of_the_data_that_failed_is_listed_from_the_first_epoch() -> None:
    diagnosis, evidence = Diagnosis(()), _evidence(1)
    facts = msgspec.structs.replace(evidence.facts, failed_checks=("duplicates (OSError: gone)",))
    (finding,) = diagnosis.update(replace(evidence, facts=facts))
    assert finding.sentence == "checks not run (1): duplicates (OSError: gone)."


def test_failed_checks_stay_listed_in_a_run_resumed_from_a_checkpoint() -> None:
    before, after = Diagnosis((_failing("good_fit", 10_000),)), Diagnosis((_failing("good_fit", 10_000),))
    found = before.update(_evidence(300))
    after.restore(Saved(under("standing", before.arrays()), "standing"))
    assert found
    assert after.update(_evidence(301)) == before.update(_evidence(301)) == found


def test_a_strict_diagnosis_lets_errors_through() -> None:
    with pytest.raises(ZeroDivisionError):
        Diagnosis((_failing("good_fit"),), strict=True).update(_evidence(1))


def test_long_runs_are_checked_every_hundredth_and_at_once_when_the_loss_is_nan() -> None:
    looked: list[int] = []

    def holds(epoch: int) -> bool:
        looked.append(epoch)
        return False

    diagnosis = Diagnosis((_rule(holds),))
    for epoch in range(1, 2_001):
        diagnosis.update(_evidence(epoch))
    assert looked[:100] == list(range(1, 101))
    assert len(looked) < 500
    diagnosis.update(_evidence(2_001, loss=float("nan")))
    assert looked[-1] == 2_001
    diagnosis.update(_evidence(2_003, epochs=2_003))
    assert looked[-1] == 2_003


def test_a_run_resumed_from_a_checkpoint_has_the_same_patience() -> None:
    rule = _rule(lambda epoch: epoch in {2, 3, 5})
    whole = Diagnosis((rule,))
    told = [whole.update(_evidence(epoch)) for epoch in range(1, 8)]
    for stop in range(7):
        before, after = Diagnosis((rule,)), Diagnosis((rule,))
        for epoch in range(1, stop + 1):
            before.update(_evidence(epoch))
        after.restore(Saved(under("standing", before.arrays()), "standing"))
        assert [after.update(_evidence(epoch)) for epoch in range(stop + 1, 8)] == told[stop:]


def test_a_checkpoint_of_an_older_version_is_read() -> None:
    diagnosis = Diagnosis((_rule(lambda _: True),))
    old = b'{"plateau":{"finding":null,"against":1}}'
    diagnosis.restore(Saved({"diagnosis/standing": np.frombuffer(old, dtype=np.uint8)}, "diagnosis"))
    assert _names(diagnosis, 2) == ["plateau"]


def test_a_checkpoint_that_is_no_diagnosis_is_refused() -> None:
    with pytest.raises(DataError, match="findings"):
        Diagnosis().restore(Saved({"s/standing": np.frombuffer(b"[1", dtype=np.uint8)}, "s"))


def test_no_rule_fails_on_ten_thousand_epochs() -> None:
    random = np.random.default_rng(0)
    names = ("loss", "val_loss", "training_loss", "validation_loss", "dead_share", "validation_lately_error")
    curves = {name: random.uniform(0.4, 0.5, 10_000) for name in names}
    facts = Facts(job="iris", training_samples=100, validation_samples=50, baseline_loss=0.69)
    evidence = Evidence(epoch=10_000, epochs=10_000, curves=curves, knobs={}, facts=facts)
    assert isinstance(Diagnosis(FIT_RULES, strict=True).update(evidence), tuple)
