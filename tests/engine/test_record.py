"""What is known of a run after a row of events."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.events import KnobOffer
from fitmon.engine.insight.observer import Observer
from fitmon.engine.insight.scores import score_probabilities
from fitmon.engine.record import RunRecord


def _started(**changes: Any) -> events.RunStarted:
    facts: dict[str, Any] = {
        "run": "mnist",
        "epochs": 10,
        "steps": 4,
        "training_samples": 100,
        "validation_samples": 20,
        "class_names": (),
        "knobs": (KnobOffer(name="learning_rate", value=0.001), KnobOffer(name="epochs", value=10)),
        "seed": 0,
        "device": "CPU",
        "versions": {},
        "parameters": 1,
        "jit": False,
        "majority_share": None,
    }
    return events.RunStarted(**{**facts, **changes})


def _ended(epoch: int, seconds: float = 2.0, **metrics: float) -> events.EpochEnded:
    return events.EpochEnded(epoch=epoch, epochs=10, seconds=seconds, metrics=metrics, knobs={})


def _chunk(epoch: int, step: int, loss: float = 1.0) -> events.ChunkEnded:
    means = {"loss": loss}
    return events.ChunkEnded(epoch=epoch, step=step, steps=4, chunk_metrics=means, epoch_metrics=means, seconds=0.5)


def _record(*told: events.Event) -> RunRecord:
    record = RunRecord()
    for event in told:
        record.apply(event)
    return record


BEST = [
    pytest.param([{"val_loss": 3.0}, {"val_loss": 1.0}, {"val_loss": 2.0}], (2, "val_loss"), id="lowest val_loss"),
    pytest.param([{"loss": 3.0}, {"loss": 1.0}], (2, "loss"), id="the training loss where nothing is validated"),
    pytest.param([{"val_loss": 1.0}, {"val_loss": 1.0}], (1, "val_loss"), id="the first of equals"),
    pytest.param([{"val_loss": 1.0}, {"val_loss": math.nan}], (1, "val_loss"), id="never one that is no number"),
    pytest.param([{"val_loss": math.nan}, {"val_loss": 5.0}], (2, "val_loss"), id="the first that is a number"),
    pytest.param([{"val_loss": math.inf}], None, id="none when there is none"),
]


@pytest.mark.parametrize(("epochs", "expected"), BEST)
def test_the_best_epoch(epochs: list[dict[str, float]], expected: tuple[int, str] | None) -> None:
    record = _record(_started(), *[_ended(number, **metrics) for number, metrics in enumerate(epochs, 1)])
    best = record.snapshot().best
    assert (None if best is None else (best.epoch, best.metric)) == expected


def test_time_left_is_told_from_the_median_of_the_last_epochs() -> None:
    slow_first = [_ended(1, seconds=60.0), *[_ended(epoch, seconds=2.0) for epoch in (2, 3, 4)]]
    snapshot = _record(_started(), *slow_first).snapshot()
    assert snapshot.seconds_per_epoch == 2.0
    assert snapshot.seconds_left == 12.0


def test_time_left_within_the_first_epoch_is_told_from_its_chunks() -> None:
    begun = events.EpochStarted(epoch=1, epochs=10, steps=4)
    snapshot = _record(_started(), begun, _chunk(1, 1), _chunk(1, 2)).snapshot()
    assert snapshot.seconds_per_epoch == 2.0
    assert snapshot.seconds_left == 19.0


def test_nothing_is_left_when_the_run_is_over() -> None:
    ending = events.RunEnded(reason="all epochs done", epochs_done=1, completed=True)
    assert _record(_started(), _ended(1), ending).snapshot().seconds_left is None


def test_chunk_means_lie_inside_their_epoch_and_go_with_it() -> None:
    record = _record(_started(), events.EpochStarted(epoch=3, epochs=10, steps=4), _chunk(3, 1, 5.0), _chunk(3, 4, 4.0))
    chunks = record.snapshot().chunks["loss"]
    assert chunks.epochs.tolist() == [2.25, 3.0]
    assert chunks.values.tolist() == [5.0, 4.0]
    record.apply(events.EpochStarted(epoch=4, epochs=10, steps=4))
    assert record.snapshot().chunks == {}


def test_a_snapshot_does_not_change_when_the_run_goes_on() -> None:
    record = _record(_started(), _ended(1, loss=3.0))
    before = record.snapshot()
    for epoch in range(2, 300):
        record.apply(_ended(epoch, loss=1.0))
    assert before.metrics["loss"].values.tolist() == [3.0]
    assert len(record.snapshot().metrics["loss"]) == 299
    with pytest.raises(ValueError, match="read-only"):
        before.metrics["loss"].values[0] = 9


def test_the_nearest_of_several_pending_changes_is_shown() -> None:
    late = events.KnobAsked(knob="learning_rate", value=0.1, epoch=9)
    soon = events.KnobAsked(knob="learning_rate", value=0.2, epoch=3)
    record = _record(_started(), late, soon)
    knob = record.snapshot().knob("learning_rate")
    assert knob is not None
    assert (knob.value, knob.pending, knob.pending_epoch) == (0.001, 0.2, 3)
    record.apply(events.KnobApplied(knob="learning_rate", asked=0.2, value=0.2, previous=0.001, epoch=3, step=1))
    knob = record.snapshot().knob("learning_rate")
    assert knob is not None
    assert (knob.value, knob.pending, knob.pending_epoch) == (0.2, 0.1, 9)


def test_a_refusal_stays_until_something_else_is_asked_for() -> None:
    refused = events.KnobRefused(knob="dropout", value=2.0, reason="too much")
    record = _record(_started(), refused)
    assert record.snapshot().refusal == refused
    record.apply(events.KnobAsked(knob="learning_rate", value=0.2, epoch=3))
    assert record.snapshot().refusal is None


def test_the_last_observation_is_kept() -> None:
    observer = Observer(1, threshold=0.5)
    first, second = (
        observer.observe(score_probabilities(np.array([p]), np.array([1])), epoch) for epoch, p in ((1, 0.1), (2, 0.9))
    )
    record = _record(_started(), events.SamplesScored(observation=first), events.SamplesScored(observation=second))
    snapshot = record.snapshot()
    assert snapshot.observation is second
    assert (snapshot.scores, second.previous) == (second.scores, first.scores)


def test_more_epochs_count_for_the_time_left() -> None:
    receipt = events.KnobApplied(knob="epochs", asked=20.0, value=20, previous=10, epoch=2, step=1)
    snapshot = _record(_started(), _ended(1), receipt).snapshot()
    assert (snapshot.epochs, snapshot.seconds_left) == (20, 38.0)


def test_a_call_that_had_to_be_compiled_says_nothing_of_the_pace() -> None:
    begun = events.EpochStarted(epoch=1, epochs=10, steps=4)
    means = {"loss": 1.0}
    compiled = events.ChunkEnded(
        epoch=1, step=1, steps=4, chunk_metrics=means, epoch_metrics=means, seconds=60.0, traced=True
    )
    record = _record(_started(), begun, compiled)
    assert record.snapshot().seconds_left is None
    record.apply(_chunk(1, 2))
    assert record.snapshot().seconds_per_epoch == 2.0
    record.apply(_ended(1, seconds=61.5))
    assert record.snapshot().seconds_per_epoch == 1.5
