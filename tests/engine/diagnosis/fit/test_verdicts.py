"""One verdict on the fit at a time, on curves with known truth."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from fitmon.engine.diagnosis.curves import EpochCurves
from fitmon.engine.diagnosis.evidence import Evidence, Rule
from fitmon.engine.diagnosis.fit.losses import Change, Losses
from fitmon.engine.diagnosis.fit.rules import FIT_RULES
from fitmon.engine.diagnosis.paired import PairedLosses
from fitmon.engine.finding import Remedy
from fitmon.engine.knobs.catalogue import KNOBS as CATALOGUE
from tests.engine.diagnosis.fit.drawn_runs import CHANCE, FACTS, KNOBS, Drawn, Floats, evidence_of, falling, rising

T = 40
VERDICTS = {"too_early", "learning_well", "good_fit", "overfitting", "underfitting", "not_learning"}


def _rule(name: str) -> Rule:
    return next(rule for rule in FIT_RULES if rule.name == name)


def _remedies(name: str, evidence: Evidence) -> tuple[Remedy, ...]:
    return _rule(name).remedies(evidence)


def flat(level: float, epochs: int = T) -> Floats:
    """Return a constant loss."""
    return np.full(epochs, level)


RUNS = {
    "good_fit": Drawn(validation=falling(T, 0.1, 4), training=falling(T, 0.095, 4), noise=0.1),
    "learning_well": Drawn(validation=falling(T, 0.05, 25), training=falling(T, 0.04, 25)),
    "underfitting": Drawn(validation=falling(T, 1.7, 3), training=falling(T, 1.68, 3), noise=0.1),
    "not_learning": Drawn(validation=flat(CHANCE), training=flat(0.99 * CHANCE), noise=0.05),
    "overfitting": Drawn(validation=falling(T, 0.4, 4) * rising(T, 12, 0.6), training=falling(T, 0.05, 8)),
}


@pytest.mark.parametrize("verdict", RUNS)
def test_a_run_gets_its_verdict_and_no_other(verdict: str) -> None:
    assert RUNS[verdict].names() & VERDICTS == {verdict}


@pytest.mark.parametrize("verdict", RUNS)
def test_there_are_never_two_verdicts_at_once(verdict: str) -> None:
    for found in RUNS[verdict].found():
        assert len({finding.name for finding in found} & VERDICTS) <= 1


@pytest.mark.parametrize("verdict", RUNS)
def test_every_remedy_of_a_finding_can_be_applied(verdict: str) -> None:
    for found in RUNS[verdict].found():
        for remedy in (remedy for finding in found for remedy in finding.remedies):
            assert remedy.advice
            assert remedy.expect
            for knob, value in remedy.changes.items():
                assert CATALOGUE[knob].check(value) == value


def test_after_one_epoch_it_is_too_early() -> None:
    (finding,) = RUNS["good_fit"].found()[0]
    assert finding.name == "too_early"


def test_source_3_is_called_not_learning_near_chance() -> None:
    facts = msgspec.structs.replace(FACTS, classes=2, training_counts=(2_000, 2_000), baseline_loss=0.6931)
    run = Drawn(
        validation=np.linspace(0.69, 0.681, 30),
        training=np.linspace(0.69, 0.664, 30),
        noise=0.02,
        facts=facts,
    )
    finding = next(finding for finding in run.found()[-1] if finding.name == "not_learning")
    assert "0.693 of guessing by class frequency" in finding.sentence


def test_without_validation_the_training_loss_is_judged() -> None:
    facts = msgspec.structs.replace(FACTS, validation_samples=0)
    curves = {"loss": flat(CHANCE, 12) * (1 + 1e-4 * np.sin(np.arange(12)))}
    names = {rule.name for rule in FIT_RULES if rule.check(evidence_of(curves, facts=facts)) is not None}
    assert "not_learning" in names
    assert "overfitting" not in names


@pytest.mark.parametrize("rule", FIT_RULES, ids=lambda rule: rule.name)
def test_a_rule_says_nothing_of_what_was_never_measured(rule: object) -> None:
    """No curve at all, a regression without chance, a knob that does not exist: nothing fails."""
    facts = msgspec.structs.replace(FACTS, baseline_loss=None, hidden_units=(), training_counts=None, optimizer="")
    check = next(each for each in FIT_RULES if each is rule).check
    for epochs in (1, 2, 5, 8, 30, 200):
        curve = np.linspace(1.0, 0.9, epochs)
        for curves in ({"mae": curve}, {"loss": curve}, {"loss": curve, "val_loss": curve[::-1]}, {"loss": 0 * curve}):
            found = check(evidence_of(curves, facts=facts, knobs={}))
            assert found is None or found.sentence


@pytest.mark.parametrize("rule", FIT_RULES, ids=lambda rule: rule.name)
def test_a_rule_explains_itself_and_names_its_source(rule: object) -> None:
    told = next(each for each in FIT_RULES if each is rule)
    assert len(told.explanation) > 80
    assert "http" in told.source
    assert 0 < told.weight <= 1


def test_a_jump_at_a_changed_knob_is_no_oscillation() -> None:
    loss: Floats = np.concatenate([falling(20, 0.3, 4), 0.6 * falling(20, 0.3, 4) + 0.4])
    curves = {"training_loss": loss, "validation_loss": loss}
    found = {rule.name for rule in FIT_RULES if rule.check(evidence_of(curves, changed_at=(21,))) is not None}
    assert "learning_rate_too_high" not in found


@pytest.mark.parametrize(("rate", "said"), [(0.01, True), (0.001, False)])
def test_training_that_climbs_again_or_jumps_a_little_means_a_rate_too_high_where_it_is_far_beyond_the_usual(
    rate: float, said: bool
) -> None:
    climbs = [0.29, 0.22, 0.14, 0.07, 0.042, 0.015, 0.012, 0.03, 0.006, 0.012, 0.014, 0.095, 0.016, 0.079, 0.093]
    jumps = [1.29, 0.93, 1.04, 0.94, 0.86, 1.0, 1.08, 1.0, 1.1, 0.95, 1.03, 1.09, 0.99, 1.07, 0.98]
    for loss in (climbs, jumps):
        curves = {"training_loss": loss, "validation_loss": [0.4 + each for each in loss]}
        evidence = evidence_of(curves, knobs={**KNOBS, "learning_rate": rate}, epochs=30)
        found = {rule.name for rule in FIT_RULES if rule.check(evidence) is not None}
        assert ("learning_rate_too_high" in found) is said


def test_a_loss_that_jumps_or_stays_above_chance_means_a_rate_too_high() -> None:
    knobs = {**KNOBS, "learning_rate": 0.5}
    jumps: Floats = 1.0 + 0.5 * (-1.0) ** np.arange(16, dtype=np.float64)
    above: Floats = 20 + np.abs(np.sin(np.arange(16, dtype=np.float64)))
    for loss in (jumps, above):
        evidence = evidence_of({"training_loss": loss, "validation_loss": loss}, knobs=knobs, epochs=30)
        finding = next(
            found for rule in FIT_RULES if rule.name == "learning_rate_too_high" and (found := rule.check(evidence))
        )
        assert finding.sentence
        assert _remedies("learning_rate_too_high", evidence)[0].changes["learning_rate"] < 0.5


def test_a_steady_and_tiny_fall_means_a_rate_too_low() -> None:
    loss = np.linspace(CHANCE, 0.98 * CHANCE, 10)
    evidence = evidence_of(
        {"training_loss": loss, "validation_loss": loss}, knobs={**KNOBS, "learning_rate": 1e-6}, epochs=20
    )
    names = {rule.name: rule.check(evidence) for rule in FIT_RULES}
    assert names["learning_rate_too_low"] is not None
    assert _remedies("learning_rate_too_low", evidence)[0].changes["learning_rate"] >= 1e-5


def test_nan_is_reported_with_its_first_epoch() -> None:
    loss = [1.0, 0.8, float("nan"), float("nan")]
    rule, evidence = _rule("non_finite_loss"), evidence_of({"loss": loss, "val_loss": loss})
    finding = rule.check(evidence)
    assert finding is not None
    assert finding.epochs == (3, 4)
    remedy = rule.remedies(evidence)[0]
    assert remedy.rewind_to == 2
    assert remedy.changes == {"learning_rate": 1e-4}


@pytest.mark.parametrize(
    ("loss", "rewind_to", "place"),
    [
        ([1.0, 0.8, 1e23, float("inf")], 2, "epoch 2"),
        ([float("nan")], 0, "the untrained model"),
        ([1e6, float("nan")], 0, "the untrained model"),
    ],
    ids=["thrown far", "from 1 on", "thrown far from 1 on"],
)
def test_one_key_leads_back_from_nan_to_the_best_epoch_or_the_untrained_model(
    loss: list[float], rewind_to: int, place: str
) -> None:
    rule, evidence = _rule("non_finite_loss"), evidence_of({"loss": loss, "val_loss": loss})
    assert rule.check(evidence) is not None
    remedy = rule.remedies(evidence)[0]
    assert (remedy.rewind_to, remedy.command_line) == (rewind_to, "")
    assert remedy.advice == f"rewind to {place} and lower the learning rate from 0.001 to 0.0001"


def test_without_checkpoints_nan_needs_a_new_run_and_an_absurd_rate_the_default() -> None:
    loss, knobs = [float("nan")], {**KNOBS, "learning_rate": 1000.0}
    evidence = evidence_of({"loss": loss, "val_loss": loss}, knobs=knobs, can_rewind=False)
    remedy = _remedies("non_finite_loss", evidence)[0]
    assert remedy.advice == "start a new run with learning rate 0.001 instead of 1000"
    assert remedy.command_line == "fitmon mnist --learning-rate 0.001"


def test_a_fall_too_slow_to_arrive_is_no_plateau_and_more_epochs_are_no_remedy() -> None:
    loss = np.linspace(CHANCE, 0.995 * CHANCE, 12)
    evidence = evidence_of(
        {"training_loss": loss, "validation_loss": loss}, knobs={**KNOBS, "learning_rate": 1e-6}, epochs=12
    )
    found = {rule.name: rule.check(evidence) for rule in FIT_RULES}
    assert found["plateau"] is None
    assert found["learning_rate_too_low"] is not None
    assert not any("epochs" in remedy.changes for remedy in _remedies("learning_rate_too_low", evidence))


@pytest.mark.parametrize(("samples", "said"), [(4_000, True), (8, False)])
def test_a_plateau_is_one_only_if_noise_cannot_hide_a_change(samples: int, said: bool) -> None:
    level = flat(0.5 * CHANCE)
    run = Drawn(validation=level, training=level, samples=samples, noise=0.05)
    last = list(run.evidence())[-1]
    assert (_rule("plateau").check(last) is not None) is said
    if said:
        finding = _rule("plateau").check(last)
        assert finding
        assert "(95% interval)" in finding.sentence


@pytest.mark.parametrize(("error", "said"), [(0.02, True), (0.2, False)])
def test_jumps_within_the_noise_of_the_samples_are_no_jumps(error: float, said: bool) -> None:
    jumps: Floats = 1.0 + 0.15 * (-1.0) ** np.arange(20, dtype=np.float64)
    curves = {"training_loss": jumps, "validation_loss": jumps, "training_lately_error": np.full(20, error)}
    assert (_rule("learning_rate_too_high").check(evidence_of(curves)) is not None) is said


def test_the_error_of_a_fall_is_that_of_its_windows() -> None:
    """Compared with many random validation sets: how far the fall between the same windows is spread over them.

    The samples' losses fall at paces of their own, so that a difference between far windows has the larger error.
    """
    epochs, falls, told = 100, [], []
    for seed in range(40):
        random = np.random.default_rng(seed)
        paces = random.gamma(0.5, 2.0, 400)[:, None]
        change = _fall_of_late(np.exp(-0.002 * paces * np.arange(epochs)))
        assert change is not None
        falls.append(change.rise)
        told.append(change.half_width / 1.96)
    assert 0.8 * np.std(falls) <= np.median(told) <= 1.6 * np.std(falls)


def _fall_of_late(losses: Floats) -> Change | None:
    """Return the last fall of samples with these losses, (n, T)."""
    paired, curves = PairedLosses(), EpochCurves()
    for epoch, each in enumerate(losses.T, start=1):
        curves.append({"validation_loss": float(each.mean()), **paired.update(epoch, each, None)})
    read = Losses(evidence_of(curves.views()))
    return read.lately(read.validation)


@pytest.mark.parametrize(
    ("rise", "said"),
    [(0.0, "no evidence"), (0.015, "too small to matter")],
)
def test_undecided_states_the_noise(rise: float, said: str) -> None:
    validation = falling(T, 1.0, 4) * rising(T, 20, rise)
    run = Drawn(validation=validation, training=falling(T, 0.4, 25), noise=0.02 if rise else 0.3)
    finding = next(finding for finding in run.found()[-1] if finding.name == "undecided")
    assert "±" in finding.sentence
    assert said in finding.sentence


def test_dead_units_and_saturated_outputs_are_found_by_their_shares() -> None:
    curves = {"dead_share": [0.1, 0.8], "saturated_share": [0.0, 0.9], "training_accuracy": [0.5, 0.5]}
    evidence = evidence_of(curves, epochs=10)
    found = {rule.name: rule.check(evidence) for rule in FIT_RULES if rule.name in {"dead_units", "saturated_outputs"}}
    dead = found["dead_units"]
    assert dead is not None
    assert "80%" in dead.sentence
    assert _remedies("dead_units", evidence)[0].rewind_to == 1
    changed = _remedies("dead_units", evidence_of(curves, epochs=10, changed_at=(2,)))
    assert all(remedy.rewind_to is None for remedy in changed), "they died of a rate that is gone"
    assert found["saturated_outputs"] is not None


def test_validation_that_only_looks_better_is_explained_with_both_pairs_of_numbers() -> None:
    curves = {
        "loss": [0.9, 0.8, 0.7],
        "val_loss": [0.6, 0.55, 0.5],
        "training_loss": [0.45, 0.4, 0.35],
        "validation_loss": [0.5, 0.45, 0.4],
        "penalty": [0.1, 0.1, 0.1],
    }
    rule = next(rule for rule in FIT_RULES if rule.name == "validation_looks_better")
    finding = rule.check(evidence_of(curves, knobs={**KNOBS, "dropout": 0.5}))
    assert finding is not None
    for number in ("0.55", "0.8", "0.4", "0.45", "penalty of 0.1", "dropout 0.5"):
        assert number in finding.sentence


def test_a_tiny_loss_is_shown_with_an_exponent() -> None:
    assert Change(before=0.0098471, now=0.0000467, half_width=0.0, unit=1).short_text == "0.00985 → 4.67e-05"
    assert Change(before=0.0176, now=0.0114, half_width=0.0, unit=1).short_text == "0.0176 → 0.0114"


@pytest.mark.parametrize(("rate", "said"), [(3.0, True), (0.001, False)])
def test_an_absurd_rate_is_blamed_for_a_poor_fit_though_the_loss_has_settled(rate: float, said: bool) -> None:
    training = [90.0, 35.0, 7.0, 0.5, *[0.05] * 16]
    validation = [80.0, 48.0, 11.0, 0.6, *[0.85 * CHANCE] * 16]
    curves = {"training_loss": training, "validation_loss": validation}
    evidence = evidence_of(curves, knobs={**KNOBS, "learning_rate": rate}, epochs=30)
    found = {rule.name for rule in FIT_RULES if rule.check(evidence) is not None}
    assert ("learning_rate_too_high" in found) is said
