"""Everything known about the validation samples at the end of an epoch."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from fitmon.engine.insight.dynamics import Kind
from fitmon.engine.insight.movement import FirstEpoch, Movement
from fitmon.engine.insight.observer import Observer
from fitmon.engine.insight.scores import SampleScores, score_probabilities
from fitmon.engine.insight.summary import MAX_CLASSES, sentence_at, summarize


def scored(*probabilities: float, labels: tuple[int, ...] = (1, 1, 0, 0)) -> SampleScores:
    scores = score_probabilities(np.array(probabilities, np.float32), np.array(labels))
    return replace(scores, losses=-np.log(scores.probability_true))


def test_the_untrained_model_is_compared_with_but_not_counted() -> None:
    observer = Observer(4, threshold=0.5)
    untrained = observer.observe(scored(0.4, 0.6, 0.6, 0.4), 0)
    first = observer.observe(scored(0.6, 0.6, 0.6, 0.4), 1)
    assert isinstance(untrained.movement, FirstEpoch)
    assert untrained.dynamics is None
    assert isinstance(first.movement, Movement)
    assert first.movement.crossed_up == 1
    assert first.dynamics is not None
    assert first.dynamics.epochs == 1
    assert first.dynamics.crossings.tolist() == [0, 0, 0, 0]
    assert first.history.epochs == (0, 1)


def test_the_first_observation_has_no_summary() -> None:
    assert summarize(Observer(4, 0.5).observe(scored(0.4, 0.6, 0.6, 0.4), 0)) is None


def test_a_summary_has_the_numbers_of_the_movement_and_its_sentence() -> None:
    observer = Observer(4, threshold=0.5)
    observer.observe(scored(0.4, 0.6, 0.6, 0.4), 1)
    observation = observer.observe(scored(0.6, 0.7, 0.7, 0.3), 2, penalty=0.25)
    summary = summarize(observation)
    assert summary is not None
    assert (summary.stayed_right, summary.stayed_wrong, summary.crossed_up, summary.crossed_down) == (2, 1, 1, 0)
    expected = -np.log([0.6, 0.7, 0.3, 0.7]).mean()
    assert summary.data_loss == pytest.approx(expected)
    assert summary.loss_change is not None
    before = -np.log([0.4, 0.6, 0.4, 0.6]).mean()
    assert sum(summary.loss_change.values()) == pytest.approx(expected - before)
    assert summary.penalty == 0.25
    assert summary.threshold == 0.5
    assert summary.near_threshold == 0
    assert summary.accuracy == 0.75
    assert summary.sentence == sentence_at(observation, 0.5)
    assert summary.sentence.startswith("val loss without the penalty fell ")


def test_what_has_no_meaning_is_left_out_of_the_json() -> None:
    observer = Observer(1, threshold=0.5)
    observer.observe(scored(0.4, labels=(1,)), 1)
    summary = summarize(observer.observe(scored(0.6, labels=(1,)), 2))
    told = msgspec.json.decode(msgspec.json.encode(summary))
    assert {"roc_auc", "matthews", "balanced_accuracy", "calibration_error"}.isdisjoint(told)
    assert {"samples", "loss_change", "data_loss", "penalty", "threshold", "near_threshold", "sentence"} <= set(told)


def test_many_classes_are_not_listed_one_by_one() -> None:
    classes = MAX_CLASSES + 1
    random = np.random.default_rng(0)
    matrix = random.dirichlet(np.ones(classes), 200).astype(np.float32)
    observer = Observer(200, threshold=0.5)
    for epoch in (1, 2):
        scores = score_probabilities(matrix, random.integers(0, classes, 200))
        summary = summarize(observer.observe(scores, epoch, probabilities=matrix))
    # Other labels are other samples, which there is nothing to compare with.
    assert summary is None
    summary = summarize(observer.observe(scores, 3, probabilities=matrix))
    assert summary is not None
    assert (summary.per_class, summary.confusion) == (None, None)
    assert summary.brier is not None


def test_a_sample_that_is_sure_and_wrong_is_found() -> None:
    observer = Observer(2, threshold=0.5)
    for epoch in range(1, 5):
        observation = observer.observe(scored(0.01, 0.9, labels=(1, 1)), epoch)
    assert observation.dynamics is not None
    assert (observation.dynamics.kinds == Kind.SUSPECT).tolist() == [True, False]
