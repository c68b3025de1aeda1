"""Causes found in measurements of an epoch, and losses that must not be put into ratios."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from fitmon.engine.diagnosis.diagnosis import Diagnosis
from fitmon.engine.diagnosis.evidence import Evidence, KnobChange
from fitmon.engine.diagnosis.fit.losses import half_width_of
from fitmon.engine.diagnosis.fit.rules import FIT_RULES
from fitmon.engine.finding import Finding
from tests.engine.diagnosis.fit.drawn_runs import CHANCE, FACTS, KNOBS, Drawn, Floats, evidence_of, falling, rising

BATCH_NORM = msgspec.structs.replace(FACTS, mode_layers={"BatchNormalization": 3}, batch_norm_momentum=0.99)
DEEP = msgspec.structs.replace(
    FACTS, weight_layers=tuple(f"model/dense_{k}" for k in range(6)), hidden_activations=("sigmoid",)
)


def found(name: str, evidence: Evidence) -> Finding | None:
    return next(rule for rule in FIT_RULES if rule.name == name).check(evidence)


def constant(epochs: int, **values: float) -> dict[str, Floats]:
    return {name: np.full(epochs, value) for name, value in values.items()}


@pytest.mark.parametrize(
    ("training", "inference", "gap"), [(0.03, 7.0, True), (0.5, 0.52, False), (0.9, 0.4, False), (1e-6, 1e-5, False)]
)
def test_a_loss_far_higher_in_inference_mode_is_found_and_dropout_is_not(
    training: float, inference: float, gap: bool
) -> None:
    curves = constant(3, training_mode_loss=training, inference_mode_loss=inference)
    finding = found("inference_differs", evidence_of(curves, facts=BATCH_NORM, epochs=9))
    assert (finding is not None) is gap
    if finding is not None:
        # 125 steps an epoch.
        assert "3 BatchNormalization layers" in finding.sentence
        assert "after 375 steps they still contain 2% of their initial values" in finding.sentence


def test_vanishing_gradients_are_named_with_both_ends_unless_the_model_learns() -> None:
    stuck = constant(6, training_loss=CHANCE, validation_loss=CHANCE, first_gradient=1e-6, last_gradient=0.01)
    finding = found("vanishing_gradients", evidence_of(stuck, facts=DEEP))
    assert finding is not None
    assert "the gradient in dense_0 is 1e-06, in dense_5 0.01: 10,000 times smaller" in finding.sentence
    assert found("vanishing_gradients", evidence_of(stuck | constant(6, first_gradient=0.005), facts=DEEP)) is None
    learns = stuck | constant(6, training_loss=0.4 * CHANCE)
    assert found("vanishing_gradients", evidence_of(learns, facts=DEEP)) is None


def test_a_penalty_that_crushes_the_model_is_found_from_the_change_on() -> None:
    """As in a run whose L2 was raised at epoch 5: the weights shrink, and so does the penalty."""
    loss = np.concatenate([np.linspace(1.5, 0.6, 5), np.full(6, 0.99 * CHANCE)])
    penalty = np.concatenate([np.full(5, 0.001), [1.8, 0.9, 0.4, 0.1, 0.02, 0.01]])
    curves = {"training_loss": loss, "validation_loss": loss, "val_loss": loss + penalty, "penalty": penalty}
    change = KnobChange(epoch=6, knob="l2", previous=0.0, value=0.02)
    given = evidence_of(curves, knobs={**KNOBS, "l2": 0.02}, epochs=20)
    # Another knob changed since does not hide it.
    later = KnobChange(epoch=9, knob="learning_rate", previous=1e-3, value=2e-3)
    evidence = replace(given, changes=(change, later))
    finding = found("penalty_too_strong", evidence)
    assert finding is not None
    assert "L2 0.02 adds 1.8 at first, now 0.01" in finding.sentence
    remedy = next(rule for rule in FIT_RULES if rule.name == "penalty_too_strong").remedies(evidence)[0]
    assert (remedy.changes, remedy.rewind_to) == ({"l2": 0.002}, 5)
    harmless: dict[str, Floats] = {
        "training_loss": falling(11, 0.1, 3),
        "validation_loss": falling(11, 0.1, 3),
        "penalty": np.full(11, 0.05),
    }
    assert found("penalty_too_strong", evidence_of(harmless, knobs={**KNOBS, "l2": 1e-4})) is None


@pytest.mark.parametrize(
    ("validation", "training", "worse"),
    [(23.6, 2.0, True), (8.0, 7.9, False), (2.0, 1.9, False)],
    ids=["far above at once", "as high as training, early", "below"],
)
def test_a_loss_far_above_its_baseline_is_worse_than_guessing(validation: float, training: float, worse: bool) -> None:
    evidence = evidence_of(constant(1, training_loss=training, validation_loss=validation), epochs=10)
    assert (found("worse_than_guessing", evidence) is not None) is worse


def test_a_loss_that_stays_above_its_baseline_is_worse_than_guessing_and_one_on_its_way_down_is_not() -> None:
    curves: list[tuple[Floats, bool]] = [(np.full(12, 5.0), True), (9 * 0.85 ** np.arange(12.0), False)]
    for curve, worse in curves:
        evidence = evidence_of({"training_loss": curve, "validation_loss": curve}, epochs=20)
        assert (found("worse_than_guessing", evidence) is not None) is worse


NEGATIVE = msgspec.structs.replace(
    FACTS, has_floor=False, baseline_loss=-0.2, loss="cosine_similarity", training_counts=None
)


@pytest.mark.parametrize("baseline", [-0.2, None])
def test_a_loss_that_may_be_negative_gets_verdicts_without_ratios(baseline: float | None) -> None:
    facts = msgspec.structs.replace(NEGATIVE, baseline_loss=baseline)
    falls: Floats = -0.9 + 0.8 * np.exp(-np.arange(40) / 15)
    turns: Floats = np.concatenate([falls[:25], falls[24] + 0.02 * np.arange(15)])
    for validation, name in ((falls, "learning_well"), (turns, "overfitting")):
        curves = {"validation_loss": validation, "training_loss": falls, "val_loss": validation, "loss": falls}
        diagnosis = Diagnosis(FIT_RULES, strict=True)
        result: tuple[Finding, ...] = ()
        for epoch in range(1, 41):
            until = {key: curve[:epoch] for key, curve in curves.items()}
            result = diagnosis.update(evidence_of(until, facts=facts, epochs=40))
        (finding,) = [each for each in result if each.name in {"learning_well", "overfitting"}]
        assert finding.name == name
        assert "times" not in finding.sentence
        assert "→" not in finding.sentence
        assert "%" not in finding.sentence.replace("95%", "")


def test_learning_well_is_not_said_above_the_baseline() -> None:
    for facts, curve in ((NEGATIVE, 0.5 - 0.01 * np.arange(30.0)), (FACTS, 9 - 0.2 * np.arange(30.0))):
        evidence = evidence_of({"validation_loss": curve, "training_loss": curve}, facts=facts, epochs=60)
        assert found("learning_well", evidence) is None


def test_one_validation_sample_supports_no_verdict_on_learning() -> None:
    one = msgspec.structs.replace(FACTS, validation_samples=1)
    curve = falling(20, 0.3, 8)
    assert found("learning_well", evidence_of({"validation_loss": curve, "training_loss": curve}, facts=one)) is None
    assert found("learning_well", evidence_of({"validation_loss": curve, "training_loss": curve})) is not None


def test_losses_with_weights_are_not_compared_with_losses_without() -> None:
    weighted = msgspec.structs.replace(FACTS, training_weighted=True, train_subset=0)
    curves = {"loss": falling(30, 0.01, 5), "validation_loss": np.full(30, 0.6), "val_loss": np.full(30, 0.6)}
    for name in ("memorizing", "learning_rate_too_high", "validation_looks_better"):
        assert found(name, evidence_of(curves, facts=weighted)) is None
    jumps = 1 + 0.5 * (-1.0) ** np.arange(20.0)
    assert found("learning_rate_too_high", evidence_of(curves | {"loss": jumps[:20]}, facts=weighted)) is None


def test_the_number_after_plus_minus_is_half_of_the_95_percent_interval() -> None:
    assert half_width_of(1.0) == pytest.approx(1.96, abs=0.001)
    assert half_width_of(1.0, 10) == pytest.approx(2.807, abs=0.001)
    run = Drawn(validation=falling(40, 0.4, 4) * rising(40, 12, 0.6), training=falling(40, 0.05, 8))
    finding = next(each for each in run.found()[-1] if each.name == "overfitting")
    assert "(95% interval)" in finding.sentence
    assert "mean of epochs" in finding.sentence


def test_in_batches_moving_averages_that_have_not_arrived_are_the_likely_cause() -> None:
    stream = msgspec.structs.replace(BATCH_NORM, train_subset=0, training_samples=0, training_counts=(320, 320))
    curves = constant(2, loss=0.3, val_loss=8.0, validation_loss=8.0)
    finding = found("inference_differs", evidence_of(curves, facts=stream, epochs=9))
    assert finding is not None
    assert "most likely" in finding.sentence
    assert "after 40 steps they still contain 67% of their initial values" in finding.sentence
    arrived = msgspec.structs.replace(stream, training_counts=(32_000, 32_000))
    assert found("inference_differs", evidence_of(curves, facts=arrived, epochs=9)) is None
