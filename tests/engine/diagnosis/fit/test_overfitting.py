"""Overfitting is found in curves that turn up, and never in noise."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from fitmon.engine.diagnosis.fit import memorizing, overfitting
from fitmon.engine.finding import Finding
from tests.engine.diagnosis.fit.drawn_runs import FACTS, KNOBS, Drawn, evidence_of, falling, rising

ONLY = (overfitting.RULE,)
PLATEAUS = 40


def _found(run: Drawn) -> list[tuple[Finding, ...]]:
    return run.found(ONLY)


def test_a_new_best_epoch_ends_it_at_once() -> None:
    validation = np.append(falling(60, 0.4, 4) * rising(60, 20, 0.6), 0.39)
    training = falling(61, 0.05, 8)
    found = _found(Drawn(validation=validation, training=training, noise=0.05))
    assert found[-2]
    assert not found[-1], "epoch 61 is the best of the run"


@pytest.mark.slow
def test_pure_noise_is_never_called_overfitting() -> None:
    """Plateaus of 20 to 200 epochs, of 30 to 1,000 samples, with and without a jitter common to all samples."""
    random = np.random.default_rng(5)
    called = []
    for seed in range(PLATEAUS):
        epochs, level = int(random.integers(20, 201)), float(random.uniform(0.05, 1.5))
        flat = np.full(epochs, level)
        samples, noise = int(np.exp(random.uniform(np.log(30), np.log(1_000)))), float(random.uniform(0.05, 1.0))
        jitter = float(random.choice([0.0, 0.01, 0.05]))
        run = Drawn(validation=flat, training=flat, samples=samples, noise=noise, jitter=jitter, seed=seed)
        if any(run.found((*ONLY, memorizing.RULE))):
            called.append(run)
    assert not called


@pytest.mark.parametrize(
    ("share", "samples", "jitter"),
    [
        pytest.param(0.6, 300, 0.02, id="a large rise, few samples"),
        pytest.param(0.15, 2_000, 0.0, id="a small rise, many samples"),
        pytest.param(0.25, 1_000, 0.01, id="a rise with jitter"),
    ],
)
def test_a_loss_that_turns_up_is_found_with_the_epoch_where_it_turned(
    share: float, samples: int, jitter: float
) -> None:
    validation = falling(60, 0.4, 4) * rising(60, 20, share)
    run = Drawn(validation=validation, training=falling(60, 0.05, 8), samples=samples, jitter=jitter)
    (finding,) = _found(run)[-1]
    first, last = finding.epochs
    assert 12 <= first <= 28
    assert last == 60
    assert f"since epoch {first}" in finding.sentence
    assert "±" in finding.sentence


def test_a_rise_of_both_losses_is_no_overfitting() -> None:
    both = falling(60, 0.5, 4) * rising(60, 20, 0.5)
    assert not any(_found(Drawn(validation=both, training=0.95 * both)))


def test_a_rise_too_small_for_the_samples_is_kept_quiet() -> None:
    run = Drawn(validation=falling(60, 0.5, 4) * rising(60, 25, 0.01), training=falling(60, 0.4, 6), samples=200)
    assert not any(_found(run))


def test_a_memorized_training_set_is_found_within_ten_epochs() -> None:
    """As in source 1: validation turns up within its noise, and training is a tenth of it and still falls."""
    validation = np.array([0.116, 0.078, 0.0715, 0.068, 0.066, 0.067, 0.068, 0.070, 0.072, 0.075])
    training = np.array([0.109, 0.055, 0.0436, 0.0300, 0.0223, 0.0167, 0.0120, 0.0090, 0.0065, 0.0048])
    run = Drawn(validation=validation, training=training, samples=10_000)
    (finding,) = run.found((*ONLY, memorizing.RULE))[-1]
    assert finding.name == "memorizing"
    assert 4 <= finding.epochs[0] <= 6
    assert "within noise" in finding.sentence


def test_the_epoch_since_which_is_the_best_one_and_not_the_middle_of_the_best_window() -> None:
    validation = np.array([0.117, 0.083, 0.0782, 0.066, 0.0614, 0.066, 0.0615, 0.0645, 0.0653, 0.067])
    training = np.array([0.109, 0.06, 0.04, 0.030, 0.0223, 0.0167, 0.0120, 0.0090, 0.0065, 0.0048])
    run = Drawn(validation=validation, training=training, samples=10_000, noise=0.0)
    (finding,) = run.found((*ONLY, memorizing.RULE))[-1]
    assert finding.epochs[0] == 5
    assert {remedy.rewind_to for remedy in finding.remedies} == {5, None}


@pytest.mark.parametrize(
    ("inputs", "advised"),
    [
        ({"input_axes": 1}, True),
        ({"input_axes": 3}, False),
        ({"input_axes": 1, "padding_features": 12}, False),
        ({}, False),
    ],
    ids=["table", "images", "flat images with a border", "not examined"],
)
def test_features_are_to_be_left_out_of_tables_only(inputs: dict[str, int], advised: bool) -> None:
    facts = msgspec.structs.replace(FACTS, **inputs)
    loss = 0.4 * rising(40, 15, 0.5)
    remedies = overfitting.RULE.remedies(evidence_of({"loss": loss, "val_loss": loss}, facts=facts))
    assert any("leave out" in remedy.advice for remedy in remedies) == advised


def test_the_remedies_go_back_to_the_best_epoch_with_values_of_this_run() -> None:
    validation = falling(40, 0.4, 4) * rising(40, 15, 0.5)
    knobs = {**KNOBS, "dropout": 0.3, "l2": None}
    run = Drawn(validation=validation, training=falling(40, 0.05, 8), knobs=knobs, planned=60)
    (finding,) = _found(run)[-1]
    dropout = finding.remedies[0]
    assert dropout.changes == {"dropout": 0.5}
    assert dropout.rewind_to == finding.epochs[0]
    assert not any("l2" in remedy.changes for remedy in finding.remedies)
    (stop,) = [remedy for remedy in finding.remedies if remedy.stop]
    assert stop.advice.endswith(f"of epoch {dropout.rewind_to}")
    assert "fitmon mnist --units 16" in {remedy.command_line for remedy in finding.remedies}
