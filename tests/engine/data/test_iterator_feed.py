"""Batches from outside train as with `fit(shuffle=False)`, and the run is steered like any other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.commands import Pause, PauseAt, Resume, SetKnob, Stop
from fitmon.engine.data import iterator_feed
from fitmon.engine.data.feed import Feed
from fitmon.engine.data.iterator_feed import IteratorFeed
from fitmon.engine.graph import Pacer
from fitmon.engine.keras_internals import build_model
from fitmon.engine.training.loop import TrainingLoop
from tests.engine.data.batches import (
    BATCH_SIZE,
    TABLE,
    VALIDATION,
    WEIGHTS,
    assert_equal,
    build,
    dataset,
    endless,
    fitted,
    once,
    py_dataset,
    rows,
    watched_on,
)

pytestmark = pytest.mark.slow

CLASS_WEIGHTS = {0: 0.5, 1: 3.0}

SOURCES = [
    pytest.param(lambda: {"x": dataset().batch(BATCH_SIZE)}, id="dataset, short last batch"),
    pytest.param(lambda: {"x": dataset().batch(BATCH_SIZE, drop_remainder=True)}, id="dataset, fixed length"),
    pytest.param(lambda: {"x": dataset().shuffle(50, seed=3).batch(BATCH_SIZE)}, id="dataset, reshuffled"),
    pytest.param(lambda: {"x": dataset(WEIGHTS).batch(BATCH_SIZE)}, id="dataset, sample weights"),
    pytest.param(
        lambda: {"x": dataset().batch(BATCH_SIZE), "class_weight": CLASS_WEIGHTS}, id="dataset, class weights"
    ),
    pytest.param(
        lambda: {"x": dataset().shuffle(50, seed=3).batch(BATCH_SIZE), "steps_per_epoch": 3},
        id="dataset, a few of its batches per epoch",
    ),
    pytest.param(lambda: {"x": dataset().batch(BATCH_SIZE).repeat(), "steps_per_epoch": 5}, id="dataset without end"),
    pytest.param(lambda: {"x": py_dataset()}, id="PyDataset"),
    pytest.param(lambda: {"x": py_dataset(workers=2)}, id="PyDataset, two workers"),
    pytest.param(lambda: {"x": py_dataset(), "class_weight": CLASS_WEIGHTS}, id="PyDataset, class weights"),
    pytest.param(lambda: {"x": endless(), "steps_per_epoch": 4}, id="generator"),
    pytest.param(
        lambda: {"x": rows(TABLE.x, TABLE.y, WEIGHTS), "steps_per_epoch": 7, "epochs": 1},
        id="generator, sample weights",
    ),
]


@pytest.mark.parametrize("source", SOURCES)
def test_training_on_batches_and_fit_give_the_same_bits(source: Callable[[], dict[str, Any]]) -> None:
    """Losses and every weight, seed states included."""
    watched = watched_on(**source()).run()
    assert_equal(watched, *fitted(**source()))


def test_metrics_moments_and_validation_of_a_run_on_batches_have_the_bits_of_fit_too() -> None:
    import keras

    def deep(*_: Any) -> Any:
        layers = keras.layers
        hidden = [layers.Dense(8), layers.BatchNormalization(), layers.Activation("relu"), layers.Dropout(0.3)]
        model = keras.Sequential([keras.Input((6,)), *hidden, layers.Dense(1, activation="sigmoid")])
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"], jit_compile=False)
        return model

    watched = watched_on(deep, x=dataset().batch(BATCH_SIZE), **VALIDATION).run()
    validation = (TABLE.x_validation, TABLE.y_validation)
    assert_equal(watched, *fitted(deep, x=dataset().batch(BATCH_SIZE), validation_data=validation))


def test_a_py_dataset_is_notified_of_its_epochs_as_by_fit() -> None:
    ours, theirs = py_dataset(), py_dataset()
    watched_on(x=ours, epochs=2).run()
    fitted(x=theirs, epochs=2)
    assert ours.calls == theirs.calls == ["end", "begin", "end", "begin", "end"]


def test_a_dataset_of_unknown_length_is_trained_on_to_its_end_in_every_epoch() -> None:
    """`fit` knows the length here. Where it does not, its last call, which finds no batch, still counts as a step.

    That call draws a dropout mask and moves the optimizer's counter (Keras 3.15), which no batch ever was trained with.
    """
    import tensorflow as tf

    def some() -> Any:
        return dataset().filter(lambda x, _: x[0] > 0).batch(BATCH_SIZE)

    batches = sum(1 for _ in some())
    watched = watched_on(x=some()).run()
    assert_equal(watched, *fitted(x=some().apply(tf.data.experimental.assert_cardinality(batches))))


def test_a_dataset_of_unknown_length_is_reshuffled_as_by_fit() -> None:
    import keras

    def without_dropout(*_: Any) -> Any:
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy", jit_compile=False)
        return model

    def some() -> Any:
        return dataset().shuffle(50, seed=3).filter(lambda x, _: x[0] > 0).batch(BATCH_SIZE)

    watched = watched_on(without_dropout, x=some()).run()
    _, history = fitted(without_dropout, x=some())
    for name, values in history.items():
        assert [event.metrics[name] for event in watched.all(events.EpochEnded)] == pytest.approx(values, rel=1e-6)


def test_a_generator_that_ends_is_trained_on_once() -> None:
    watched = watched_on(epochs=1, x=once()).run()
    assert_equal(watched, *fitted(epochs=1, x=once(), steps_per_epoch=7))


def test_an_iterable_is_read_from_its_beginning_in_every_epoch() -> None:
    class Batches:
        def __iter__(self) -> Iterator[Any]:
            return ([*batch] for batch in once())

    watched = watched_on(x=Batches()).run()
    assert_equal(watched, *fitted(x=dataset().batch(BATCH_SIZE)))


def test_class_weights_work_with_a_generator_too() -> None:
    watched = watched_on(x=endless(), steps_per_epoch=7, class_weight=CLASS_WEIGHTS).run()
    assert_equal(watched, *fitted(x=dataset().batch(BATCH_SIZE), class_weight=CLASS_WEIGHTS))


def test_a_model_that_runs_eagerly_is_trained_on_batches() -> None:
    def eager(*_: Any) -> Any:
        return build(run_eagerly=True)

    watched = watched_on(eager, epochs=2, x=dataset().filter(lambda *_: True).batch(BATCH_SIZE)).run()
    assert_equal(watched, *fitted(eager, epochs=2, x=dataset().batch(BATCH_SIZE)))


def test_named_inputs_and_logs_of_a_custom_step_come_through() -> None:
    import keras

    class Own(keras.Model):  # type: ignore[misc]  # Keras has no types
        def train_step(self, data: Any) -> dict[str, Any]:
            logs: dict[str, Any] = super().train_step(data)
            return logs | {"largest": keras.ops.max(data[0]["x"])}

    def own(*_: Any) -> Any:
        inputs = keras.Input((6,), name="x")
        model = Own({"x": inputs}, keras.layers.Dense(1)(keras.layers.Dropout(0.2)(inputs)))
        model.compile("sgd", "mse", jit_compile=False)
        return model

    def named() -> Any:
        return dataset().map(lambda x, y: ({"x": x}, y)).batch(BATCH_SIZE)

    watched = watched_on(own, x=named(), x_validation={"x": TABLE.x_validation}, y_validation=TABLE.y_validation).run()
    assert_equal(watched, *fitted(own, x=named()))


def test_a_chunk_without_a_batch_does_not_count_for_the_pace() -> None:
    pacer = Pacer()
    pacer.took(1, 0.01)
    pacer.took(0, 0.5)
    assert pacer.next_steps() == 4


def test_a_slow_batch_ends_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is set to nothing here: every chunk must then end with its first step, however fast the steps are."""
    monkeypatch.setattr(iterator_feed, "MAX_CHUNK_SECONDS", 0.0)
    watched = watched_on(x=dataset().batch(BATCH_SIZE), epochs=1).run()
    assert [chunk.step for chunk in watched.all(events.ChunkEnded)] == [1, 2, 3, 4, 5, 6, 7]


def test_a_pause_in_the_middle_of_an_epoch_changes_nothing() -> None:
    watched = watched_on(slow=True, x=endless(), steps_per_epoch=5)
    pause = Pause(PauseAt.CHUNK)
    watched.on(events.ChunkEnded, lambda e: watched.session.send(pause) if (e.epoch, e.step) == (2, 2) else None)
    watched.start()

    paused = watched.wait_for(events.RunPaused)
    assert (paused.epoch, paused.step) == (2, 2)
    watched.session.send(Resume())
    assert watched.wait_for(events.RunEnded).completed
    straight = watched_on(x=endless(), steps_per_epoch=5).run()
    assert watched.session.join(60)
    assert all(np.array_equal(a, b) for a, b in zip(watched.state(), straight.state(), strict=True))


def test_a_pause_requested_in_the_last_chunk_takes_effect_after_the_validation() -> None:
    x = dataset().filter(lambda *_: True).batch(BATCH_SIZE)
    watched = watched_on(slow=True, x=x, epochs=2, **VALIDATION)
    pause = Pause(PauseAt.CHUNK)
    watched.on(events.ChunkEnded, lambda e: watched.session.send(pause) if e.epoch == 1 and e.step == e.steps else None)
    watched.on(events.RunPaused, lambda _: watched.session.send(Resume())).run()

    assert watched.one(events.RunPaused).step == 7
    kinds = [type(event) for event in watched.events]
    assert kinds.index(events.EpochEnded) < kinds.index(events.RunPaused)


def test_a_stop_in_the_middle_of_an_epoch_ends_the_run_and_the_workers() -> None:
    watched = watched_on(slow=True, x=py_dataset(workers=2, max_queue_size=1))
    watched.on(events.ChunkEnded, lambda e: watched.session.send(Stop("enough")) if e.step == 3 else None).run()

    assert watched.all(events.ChunkEnded)[-1].step == 3
    assert watched.one(events.RunEnded).reason == "enough"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("Worker_")]


def test_a_nan_loss_pauses_at_its_step() -> None:
    x = TABLE.x.copy()
    x[2 * BATCH_SIZE] = np.nan
    watched = watched_on(x=rows(x, TABLE.y), epochs=1)
    watched.on(events.RunPaused, lambda _: watched.session.send(Resume())).run()

    met = watched.one(events.LossBecameNonFinite)
    assert (met.epoch, met.step) == (1, 3)
    assert watched.one(events.EpochEnded).epoch == 1


def test_a_learning_rate_takes_effect_with_a_receipt_and_a_batch_size_is_refused_with_the_reason() -> None:
    changes = SetKnob("learning_rate", 0.5, epoch=2), SetKnob("batch_size", 8, epoch=2)
    watched = watched_on(build, *changes, x=dataset().batch(BATCH_SIZE), epochs=2).run()

    receipt = watched.one(events.KnobApplied)
    assert (receipt.knob, receipt.value, receipt.epoch) == ("learning_rate", 0.5, 2)
    refusal = watched.one(events.KnobRefused)
    assert refusal.knob == "batch_size"
    assert "the dataset makes its own batches" in refusal.reason


def test_the_batch_size_is_what_the_batches_turn_out_to_be() -> None:
    """It is reported, and validation uses batches of that size, as a sum of losses shows."""
    import keras

    def summing(*_: Any) -> Any:
        model = build()
        model.compile("sgd", keras.losses.BinaryCrossentropy(reduction="sum"), jit_compile=False)
        return model

    watched = watched_on(summing, x=dataset().batch(25), epochs=2, **VALIDATION).run()
    model: Any = watched.session.model
    expected = model.evaluate(TABLE.x_validation, TABLE.y_validation, batch_size=25, verbose=0, return_dict=True)[
        "loss"
    ]
    assert watched.all(events.EpochEnded)[-1].metrics["val_loss"] == pytest.approx(expected, rel=1e-5)
    offer = next(knob for knob in watched.one(events.RunStarted).knobs if knob.name == "batch_size")
    assert offer.value is None
    assert [event.knobs["batch_size"] for event in watched.all(events.EpochEnded)] == [25, 25]


def test_the_number_of_steps_is_unknown_until_the_first_epoch_has_ended() -> None:
    watched = watched_on(slow=True, x=dataset().filter(lambda *_: True).batch(BATCH_SIZE), epochs=2).run()

    assert watched.one(events.RunStarted).steps == 0
    assert watched.one(events.RunStarted).training_samples == 0
    assert [event.steps for event in watched.all(events.EpochStarted)] == [0, 7]
    first, second = ([e for e in watched.all(events.ChunkEnded) if e.epoch == epoch] for epoch in (1, 2))
    positions = [event.step / event.steps for event in first]
    assert positions == sorted(positions)
    assert all(position < 0.1 for position in positions[:-1])
    assert positions[-1] == 1
    assert {event.steps for event in second} == {7}
    curve = watched.session.snapshot().chunks["loss"]
    assert list(curve.epochs) == [1 + (step - 0.5) / 7 for step in range(1, 8)]


def test_a_chunk_of_batches_is_traced_once_for_all_epochs() -> None:
    """A dataset gives a new iterator for every epoch; the compiled call takes them all."""
    feed: Feed = IteratorFeed(dataset().batch(BATCH_SIZE))
    model = build()
    build_model(model, feed.head())
    loop, step, traces = TrainingLoop(model, feed), model.train_step, []

    def traced(batch: Any) -> Any:
        traces.append(1)
        return step(batch)

    model.train_step = traced
    for epoch in (1, 2, 3):
        source = feed.begin_epoch(epoch, seed=0, batch_size=BATCH_SIZE)
        chunk = loop.run_chunk(source, 0, 7, BATCH_SIZE)
        feed.end_epoch(chunk.step, exhausted=chunk.exhausted)
    assert len(traces) == 1
