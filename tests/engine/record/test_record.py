"""What is known of a run after a series of events."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.insight.observer import Observer
from fitmon.engine.insight.scores import score_probabilities
from fitmon.engine.record.chunk_history import MAX_POINTS
from fitmon.engine.record.record import RunRecord
from fitmon.engine.values import KnobOffer, KnobValue


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


def _record(*happened: events.Event) -> RunRecord:
    record = RunRecord()
    for event in happened:
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


def test_time_left_is_estimated_from_the_median_of_the_last_epochs() -> None:
    slow_first = [_ended(1, seconds=60.0), *[_ended(epoch, seconds=2.0) for epoch in (2, 3, 4)]]
    snapshot = _record(_started(), *slow_first).snapshot()
    assert snapshot.seconds_per_epoch == 2.0
    assert snapshot.seconds_left == 12.0


def test_time_left_in_the_first_epoch_is_estimated_from_its_chunks() -> None:
    begun = events.EpochStarted(epoch=1, epochs=10, steps=4)
    snapshot = _record(_started(), begun, _chunk(1, 1), _chunk(1, 2)).snapshot()
    assert snapshot.seconds_per_epoch == 2.0
    assert snapshot.seconds_left == 19.0


def test_no_time_is_left_when_the_run_is_over() -> None:
    ending = events.RunEnded(reason="all epochs done", epochs_done=1, completed=True)
    assert _record(_started(), _ended(1), ending).snapshot().seconds_left is None


def test_chunk_means_are_at_the_middle_of_their_chunk_and_become_past_after_the_epoch() -> None:
    record = _record(_started(), events.EpochStarted(epoch=3, epochs=10, steps=4), _chunk(3, 1, 5.0), _chunk(3, 4, 4.0))
    chunks = record.snapshot().chunks["loss"]
    assert chunks.epochs.tolist() == [2.125, 2.625]
    assert chunks.values.tolist() == [5.0, 4.0]
    record.apply(events.EpochStarted(epoch=4, epochs=10, steps=4))
    assert record.snapshot().chunks == {}
    past = record.snapshot().past_chunks["loss"]
    assert (past.epochs.tolist(), past.values.tolist()) == ([2.125, 2.625], [5.0, 4.0])


def test_a_snapshot_does_not_change_when_the_run_continues() -> None:
    record = _record(_started(), _ended(1, loss=3.0))
    before = record.snapshot()
    for epoch in range(2, 300):
        record.apply(_ended(epoch, loss=1.0))
    assert before.metrics["loss"].values.tolist() == [3.0]
    assert len(record.snapshot().metrics["loss"]) == 299
    with pytest.raises(ValueError, match="read-only"):
        before.metrics["loss"].values[0] = 9


def test_the_nearest_of_several_pending_changes_is_shown() -> None:
    late = events.KnobRequested(knob="learning_rate", value=0.1, epoch=9)
    soon = events.KnobRequested(knob="learning_rate", value=0.2, epoch=3)
    record = _record(_started(), late, soon)
    knob = record.snapshot().knob("learning_rate")
    assert knob is not None
    assert (knob.value, knob.pending, knob.pending_epoch) == (0.001, 0.2, 3)
    record.apply(events.KnobApplied(knob="learning_rate", requested=0.2, value=0.2, previous=0.001, epoch=3, step=1))
    knob = record.snapshot().knob("learning_rate")
    assert knob is not None
    assert (knob.value, knob.pending, knob.pending_epoch) == (0.2, 0.1, 9)


def test_a_refusal_stays_until_the_next_request() -> None:
    refused = events.KnobRefused(knob="dropout", value=2.0, reason="too much")
    record = _record(_started(), refused)
    assert record.snapshot().refusal == refused
    record.apply(events.KnobRequested(knob="learning_rate", value=0.2, epoch=3))
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
    receipt = events.KnobApplied(knob="epochs", requested=20.0, value=20, previous=10, epoch=2, step=1)
    snapshot = _record(_started(), _ended(1), receipt).snapshot()
    assert (snapshot.epochs, snapshot.seconds_left) == (20, 38.0)


def test_a_call_that_had_to_be_compiled_does_not_count_for_the_pace() -> None:
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


def _branch(number: int, parent: int, epoch: int, **knobs: KnobValue) -> events.BranchStarted:
    return events.BranchStarted(branch=number, parent=parent, epoch=epoch, knobs=knobs)


def _trained(first: int, last: int, loss: float = 1.0) -> list[events.Event]:
    """Return the events of complete epochs with falling losses."""
    return [_ended(epoch, val_loss=loss / epoch) for epoch in range(first, last + 1)]


def _receipt(value: float, epoch: int, knob: str = "learning_rate", previous: float = 0.001) -> events.KnobApplied:
    return events.KnobApplied(knob=knob, requested=value, value=value, previous=previous, epoch=epoch, step=1)


def test_a_branch_starts_with_its_parents_epochs_up_to_there() -> None:
    record = _record(_started(), *_trained(1, 5), _branch(2, 1, 3), *_trained(4, 4, loss=9.0))
    snapshot = record.snapshot()
    assert snapshot.metrics["val_loss"].epochs.tolist() == [1, 2, 3, 4]
    assert snapshot.metrics["val_loss"].values.tolist() == [1, 1 / 2, 1 / 3, 9 / 4]
    assert (snapshot.branch.number, snapshot.branch.parent, snapshot.branch.from_epoch, snapshot.epochs_done) == (
        2,
        1,
        3,
        4,
    )
    (left,) = snapshot.other_branches
    assert left.metrics["val_loss"].values.tolist() == [1 / epoch for epoch in range(1, 6)]
    assert (left.number, left.parent, left.epochs_done) == (1, None, 5)


def test_a_branch_may_start_from_any_other_branch() -> None:
    happened = [*_trained(1, 5), _branch(2, 1, 1), *_trained(2, 3, loss=9.0), _branch(3, 1, 4)]
    snapshot = _record(_started(), *happened).snapshot()
    assert snapshot.metrics["val_loss"].values.tolist() == [1 / epoch for epoch in range(1, 5)]
    assert [branch.number for branch in snapshot.other_branches] == [1, 2]
    assert (snapshot.branch.number, snapshot.branch.parent, snapshot.branch.from_epoch) == (3, 1, 4)


def test_the_best_epoch_is_that_of_the_branch() -> None:
    record = _record(_started(), *_trained(1, 5), _branch(2, 1, 3))
    assert (best := record.snapshot().best) is not None
    assert best.epoch == 3
    (left,) = record.snapshot().other_branches
    assert left.best is not None
    assert left.best.epoch == 5
    record.apply(_branch(3, 1, 0))
    assert record.snapshot().best is None
    record.apply(_ended(1, val_loss=7.0))
    assert (best := record.snapshot().best) is not None
    assert best.value == 7.0


def test_a_branch_has_the_knobs_and_receipts_of_its_starting_point() -> None:
    record = _record(_started(), *_trained(1, 1), _receipt(0.1, 2), *_trained(2, 3), _receipt(0.2, 4, previous=0.1))
    record.apply(events.KnobApplied(knob="epochs", requested=20, value=20, previous=10, epoch=4, step=1))
    record.apply(_branch(2, 1, 3, learning_rate=0.1, epochs=10))
    snapshot = record.snapshot()
    assert [receipt.value for receipt in snapshot.receipts] == [0.1]
    assert (knob := snapshot.knob("learning_rate")) is not None
    assert knob.value == 0.1
    assert (snapshot.epochs, snapshot.branch.knobs) == (10, {"learning_rate": 0.1, "epochs": 10})
    assert snapshot.other_branches[0].knobs == {"learning_rate": 0.2, "epochs": 20}
    assert len(snapshot.other_branches[0].receipts) == 3


def test_a_rewind_drops_requests_pauses_and_the_end() -> None:
    requested = events.KnobRequested(knob="learning_rate", value=0.2, epoch=9)
    refused = events.RewindRefused(epoch=9, branch=1, reason="no")
    paused = events.RunPaused(epoch=4, step=2, reason="")
    nan = events.LossBecameNonFinite(metric="loss", epoch=4, step=2, value="nan")
    stopped = events.RunEnded(reason="stopped", epochs_done=4, completed=False)
    record = _record(_started(), *_trained(1, 4), _chunk(5, 1), requested, nan, paused, stopped, refused)
    record.apply(_branch(2, 1, 2))
    snapshot = record.snapshot()
    assert (snapshot.rewind_refusal, snapshot.paused, snapshot.ending, snapshot.non_finite, snapshot.over) == (
        None,
        None,
        None,
        None,
        False,
    )
    assert (snapshot.epoch, snapshot.epochs_done, snapshot.step, snapshot.chunks) == (2, 2, 0, {})
    assert [knob.pending for knob in snapshot.knobs] == [None, None]


def test_time_left_of_a_branch_counts_from_its_starting_point() -> None:
    snapshot = _record(_started(), *_trained(1, 10), _branch(2, 1, 4)).snapshot()
    assert snapshot.seconds_left == 12.0


def test_a_branch_no_longer_changes_after_a_rewind() -> None:
    record = _record(_started(), *_trained(1, 3), _branch(2, 1, 2))
    (before,) = record.snapshot().other_branches
    for event in _trained(3, 200, loss=9.0):
        record.apply(event)
    assert before.metrics["val_loss"].values.tolist() == [1, 1 / 2, 1 / 3]
    with pytest.raises(ValueError, match="read-only"):
        record.snapshot().metrics["val_loss"].values[0] = 9


def test_a_branch_whose_parent_the_journal_lost_starts_from_the_previous_one() -> None:
    snapshot = _record(_started(), *_trained(1, 3), _branch(3, 2, 2)).snapshot()
    assert (snapshot.branch.number, snapshot.metrics["val_loss"].epochs.tolist()) == (3, [1, 2])


def test_a_resumed_run_drops_what_came_after_the_checkpoint() -> None:
    record = _record(_started(), *_trained(1, 4), _receipt(0.1, 5), _receipt(0.2, 6))
    record.apply(events.RunDetached(reason="hung up"))
    record.apply(events.CheckpointFailed(message="The disk is full."))
    resumed = events.RunResumed(epochs_done=3, exact=True, step=2)
    record.apply(resumed)
    snapshot = record.snapshot()
    assert snapshot.resumed is resumed
    assert snapshot.metrics["val_loss"].epochs.tolist() == [1, 2, 3]
    assert (snapshot.detached, snapshot.disk_trouble) == ("", "")
    assert (snapshot.epoch, snapshot.epochs_done, snapshot.step) == (4, 3, 2)
    assert snapshot.receipts == ()
    assert (snapshot.branch.number, snapshot.other_branches) == (1, ())


def test_an_epoch_resumed_in_its_middle_keeps_its_receipts() -> None:
    happened = [*_trained(1, 3), _receipt(0.1, 4)]
    at_its_end = events.RunResumed(epochs_done=3, exact=True)
    assert not _record(_started(), *happened, at_its_end).snapshot().receipts
    in_the_next = events.RunResumed(epochs_done=3, exact=True, step=1)
    assert len(_record(_started(), *happened, in_the_next).snapshot().receipts) == 1


def test_steps_of_another_process_do_not_count_for_the_pace() -> None:
    begun = events.EpochStarted(epoch=1, epochs=10, steps=4)
    record = _record(_started(), events.RunResumed(epochs_done=0, exact=True, step=2), begun)
    assert record.snapshot().step == 2
    record.apply(_chunk(1, 3))
    assert record.snapshot().seconds_per_epoch == 2.0
    record.apply(_ended(1))
    record.apply(events.EpochStarted(epoch=2, epochs=10, steps=4))
    assert record.snapshot().step == 0


@pytest.mark.parametrize(
    "ending",
    [
        events.RunEnded(reason="stopped", epochs_done=1, completed=False),
        events.RunFailed(kind="training", message="no", traceback="", epochs_done=1),
        events.RunPaused(epoch=1, step=1, reason=""),
    ],
    ids=lambda event: type(event).__name__,
)
def test_a_run_that_another_process_resumes_is_neither_over_nor_paused(ending: events.Event) -> None:
    record = _record(_started(), *_trained(1, 1), ending, events.PhaseChanged(phase=events.Phase.STARTING))
    snapshot = record.snapshot()
    assert (snapshot.over, snapshot.paused, snapshot.epochs_done) == (False, None, 1)


def test_disk_trouble_is_dated_from_its_start_until_it_is_resolved() -> None:
    record = _record(_started(), *_trained(1, 3), events.CheckpointFailed(message="full"), *_trained(4, 4))
    record.apply(events.CheckpointFailed(message="still full"))
    assert (record.snapshot().disk_trouble, record.snapshot().disk_trouble_epoch) == ("still full", 3)
    record.apply(events.CheckpointsResumed())
    assert (record.snapshot().disk_trouble, record.snapshot().disk_trouble_epoch) == ("", 0)


def test_of_two_refusals_the_last_one_stays_until_the_next_request() -> None:
    knob = events.KnobRefused(knob="dropout", value=2.0, reason="too much")
    rewind = events.RewindRefused(epoch=9, branch=1, reason="there is none")
    record = _record(_started(), knob, rewind)
    assert (record.snapshot().refusal, record.snapshot().rewind_refusal) == (None, rewind)
    record.apply(knob)
    assert (record.snapshot().refusal, record.snapshot().rewind_refusal) == (knob, None)
    record.apply(rewind)
    record.apply(events.KnobRequested(knob="learning_rate", value=0.2, epoch=3))
    assert record.snapshot().rewind_refusal is None


def _epoch_in_chunks(epoch: int, *losses: float) -> list[events.Event]:
    begun = events.EpochStarted(epoch=epoch, epochs=10, steps=len(losses))
    chunks = [_chunk(epoch, step, loss) for step, loss in enumerate(losses, 1)]
    return [begun, *[msgspec.structs.replace(chunk, steps=len(losses)) for chunk in chunks], _ended(epoch)]


def test_the_chunks_of_a_long_run_stay_few_and_keep_every_spike() -> None:
    record = _record(_started())
    for epoch in range(1, 5001):
        spike = {700: 99.0, 4321: -99.0}.get(epoch, 1.0)
        for event in _epoch_in_chunks(epoch, 1.0, spike, 2.0):
            record.apply(event)
    past = record.snapshot().past_chunks["loss"]
    assert len(past) <= MAX_POINTS
    assert {99.0, -99.0} <= set(past.values)
    assert np.all(np.diff(past.epochs) > 0)
    early, late = np.searchsorted(past.epochs, [1000, 4000])
    assert early > 100, "old epochs are not thinned more than new ones"
    assert len(past) - late > 100


def test_after_a_rewind_the_chunks_are_those_that_led_to_the_epoch() -> None:
    record = _record(_started(), *_epoch_in_chunks(1, 5.0, 4.0), *_epoch_in_chunks(2, 3.0, 2.0))
    record.apply(events.BranchStarted(branch=2, parent=1, epoch=1, knobs={}))
    for event in _epoch_in_chunks(2, 9.0, 8.0):
        record.apply(event)
    record.apply(events.BranchStarted(branch=3, parent=1, epoch=2, knobs={}))
    assert record.snapshot().past_chunks["loss"].values.tolist() == [5, 4, 3, 2]
    record.apply(events.BranchStarted(branch=4, parent=2, epoch=2, knobs={}))
    assert record.snapshot().past_chunks["loss"].values.tolist() == [5, 4, 9, 8]


def test_every_epoch_has_its_seconds_and_its_learning_rate() -> None:
    offered = msgspec.structs.replace(_started(), knobs=(KnobOffer(name="learning_rate", value=1e-3),))
    record = _record(offered, _ended(1, seconds=3.0))
    record.apply(msgspec.structs.replace(_ended(2, seconds=2.0), knobs={"learning_rate": 5e-4}))
    record.apply(_ended(3, seconds=2.5))
    known = record.snapshot().per_epoch
    assert known["seconds"].values.tolist() == [3.0, 2.0, 2.5]
    assert known["learning_rate"].values.tolist() == [1e-3, 5e-4, 5e-4], "a journal has only what changed"
    record.apply(events.BranchStarted(branch=2, parent=1, epoch=1, knobs={}))
    assert record.snapshot().branch.per_epoch["seconds"].values.tolist() == [3.0]
    assert record.snapshot().other_branches[0].per_epoch["seconds"].values.tolist() == [3.0, 2.0, 2.5]
