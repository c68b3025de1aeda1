"""A session carries a run to exactly one ending event, whatever is requested and whatever goes wrong."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.commands import Pause, PauseAt, Resume, SetKnob, Stop
from fitmon.engine.data.feed import epoch_order
from fitmon.engine.errors import DataError
from fitmon.engine.events import Phase
from fitmon.engine.job import Job, Settings, TrainingData
from tests.engine.watching import Watched, build_table_model, settings, small_table, table_job

pytestmark = pytest.mark.slow


def _one_step_a_chunk() -> Any:
    """Return a clock by which every chunk takes a second, so that each chunk is one step long."""
    ticks: Iterator[int] = itertools.count()
    return lambda: float(next(ticks))


def _endings(watched: Watched) -> list[events.Event]:
    return [event for event in watched.events if isinstance(event, events.RunEnded | events.RunFailed)]


def test_events_come_in_order() -> None:
    watched = Watched(table_job(build_table_model, settings())).run()

    kinds = [type(event).__name__ for event in watched.events if not isinstance(event, events.ChunkEnded)]
    one_epoch = ["SamplesScored", "EpochEnded"]
    told = [kind for kind in kinds if kind != "PhaseChanged"]
    before = ["RunStarted", "SamplesLoaded", "SamplesScored"]
    assert told == [*before, "EpochStarted", *one_epoch, "EpochStarted", *one_epoch, "RunEnded"]
    assert watched.one(events.RunEnded).completed
    phases = list(dict.fromkeys(event.phase for event in watched.all(events.PhaseChanged)))
    assert phases == [
        Phase.STARTING,
        Phase.LOADING,
        Phase.BUILDING,
        Phase.VALIDATING,
        Phase.COMPILING,
        Phase.TRAINING,
        Phase.FINISHED,
    ]


def test_a_run_emits_from_one_thread_of_its_own() -> None:
    threads = set()
    watched = Watched(table_job(build_table_model, settings()))
    watched.on(object, lambda _: threads.add(threading.current_thread())).run()
    assert len(threads) == 1
    assert threading.main_thread() not in threads


def test_a_run_repeats_itself_bit_for_bit_with_the_same_seed_and_not_with_another() -> None:
    first = Watched(table_job(build_table_model, settings(dropout=0.3))).run()
    again = Watched(table_job(build_table_model, settings(dropout=0.3))).run()
    other = Watched(table_job(build_table_model, settings(dropout=0.3, seed=4))).run()
    assert all(np.array_equal(a, b) for a, b in zip(first.state(), again.state(), strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first.state(), other.state(), strict=True))


def test_chunk_means_add_up_to_the_epoch() -> None:
    watched = Watched(table_job(build_table_model, settings(epochs=1)), clock=_one_step_a_chunk()).run()

    chunks = watched.all(events.ChunkEnded)
    assert [chunk.step for chunk in chunks] == [1, 2, 3, 4, 5, 6, 7]
    weights = [16] * 6 + [4]
    for metric in ("loss", "accuracy"):
        mean = np.average([chunk.chunk_metrics[metric] for chunk in chunks], weights=weights)
        assert mean == pytest.approx(watched.one(events.EpochEnded).metrics[metric], rel=1e-4)


def test_scores_are_what_the_model_predicts() -> None:
    watched = Watched(table_job(build_table_model, settings())).run()

    model: Any = watched.session.model
    expected = model.predict(small_table().x_validation, verbose=0)[:, 0]
    scores = watched.all(events.SamplesScored)[-1].observation.scores
    assert scores.probability is not None
    np.testing.assert_allclose(scores.probability, expected, rtol=1e-6)
    accuracy = watched.all(events.EpochEnded)[-1].metrics["val_accuracy"]
    assert scores.right(0.5).mean() == pytest.approx(accuracy)
    assert not scores.probability.flags.writeable


def test_pause_waits_for_the_end_of_the_epoch() -> None:
    watched = Watched(table_job(build_table_model, settings()), clock=_one_step_a_chunk())
    watched.on(events.ChunkEnded, lambda e: watched.session.send(Pause()) if (e.epoch, e.step) == (1, 2) else None)
    watched.start()

    paused = watched.wait_for(events.RunPaused)
    assert (paused.epoch, paused.step) == (1, 7)
    assert watched.session.snapshot().phase is Phase.PAUSED
    assert watched.one(events.PauseRequested).at == "epoch"
    watched.session.send(Resume())
    watched.wait_for(events.RunEnded)
    assert watched.one(events.RunEnded).completed


def test_a_pause_at_the_chunk_takes_effect_inside_an_epoch_and_changes_nothing() -> None:
    watched = Watched(table_job(build_table_model, settings()), clock=_one_step_a_chunk())
    pause = Pause(PauseAt.CHUNK)
    watched.on(events.ChunkEnded, lambda e: watched.session.send(pause) if (e.epoch, e.step) == (1, 2) else None)
    watched.start()

    paused = watched.wait_for(events.RunPaused)
    assert (paused.epoch, paused.step) == (1, 2)
    watched.session.send(Resume())
    watched.wait_for(events.RunEnded)
    straight = Watched(table_job(build_table_model, settings())).run()
    assert watched.session.join(60)
    assert all(np.array_equal(a, b) for a, b in zip(watched.state(), straight.state(), strict=True))


def test_a_pending_pause_can_be_canceled() -> None:
    watched = Watched(table_job(build_table_model, settings()), clock=_one_step_a_chunk())

    def send_requests(chunk: events.ChunkEnded) -> None:
        if (chunk.epoch, chunk.step) == (1, 2):
            watched.session.send(Pause())
        if (chunk.epoch, chunk.step) == (1, 4):
            watched.session.send(Resume())

    watched.on(events.ChunkEnded, send_requests).run()
    assert not watched.all(events.RunPaused)
    assert watched.one(events.RunEnded).completed


def test_a_run_may_start_paused() -> None:
    watched = Watched(table_job(build_table_model, settings()), Pause(PauseAt.CHUNK)).start()

    assert watched.wait_for(events.RunPaused).epoch == 0
    assert not watched.all(events.EpochStarted)
    watched.session.send(Resume())
    assert watched.wait_for(events.RunEnded).completed


def test_more_epochs_can_be_requested_during_a_pause_in_the_last_epoch() -> None:
    watched = Watched(table_job(build_table_model, settings(epochs=1)), Pause()).start()

    watched.wait_for(events.RunPaused)
    watched.session.send(SetKnob("epochs", 2))
    watched.session.send(Resume())
    assert watched.wait_for(events.RunEnded).epochs_done == 2


def test_stop_ends_the_run_at_the_next_chunk_with_its_reason() -> None:
    watched = Watched(table_job(build_table_model, settings()), clock=_one_step_a_chunk())
    watched.on(events.ChunkEnded, lambda e: watched.session.send(Stop("enough")) if e.step == 3 else None).run()

    assert watched.all(events.ChunkEnded)[-1].step == 3
    ending = watched.one(events.RunEnded)
    assert (ending.reason, ending.completed, ending.epochs_done) == ("enough", False, 0)
    assert watched.events[-1] is ending
    assert watched.session.snapshot().phase is Phase.STOPPED


def test_stop_while_paused_ends_the_run() -> None:
    watched = Watched(table_job(build_table_model, settings()), Pause(PauseAt.CHUNK)).start()
    watched.wait_for(events.RunPaused)
    watched.session.send(Stop("enough"))
    assert watched.wait_for(events.RunEnded).reason == "enough"


def test_stop_before_the_start_ends_the_run_before_anything_is_loaded() -> None:
    def load(*_: Any) -> TrainingData:
        raise AssertionError("must not be loaded")

    watched = Watched(Job(name="x", settings=settings(), load=load, build=build_table_model), Stop("never mind")).run()
    assert watched.one(events.RunEnded).reason == "never mind"


def _raise(error: BaseException) -> Any:
    def call(*_: Any) -> Any:
        raise error

    return call


def _fails_in_its_third_step(*_: Any) -> Any:
    import keras
    import tensorflow as tf

    class Failing(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
        def call(self, inputs: Any) -> Any:
            checked = tf.debugging.assert_less(tf.reduce_max(inputs), 1e6, message="input too large")
            with tf.control_dependencies([checked] if checked is not None else []):
                return tf.identity(inputs)

    model = keras.Sequential([keras.Input((6,)), Failing(), keras.layers.Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", jit_compile=False)
    return model


def _uncompiled(*_: Any) -> Any:
    import keras

    return keras.Sequential([keras.layers.Dense(1)])


def _huge_last_row() -> TrainingData:
    table = small_table()
    x = table.x.copy()
    x[-1] = 1e7
    return TrainingData(x=x, y=table.y)


FAILURES = [
    pytest.param(table_job(_raise(ValueError("no such layer")), settings()), "training", "no such layer", id="build"),
    pytest.param(table_job(_raise(SystemExit(3)), settings()), "training", "SystemExit", id="the model calls exit"),
    pytest.param(table_job(_uncompiled, settings()), "training", "compile()", id="not compiled"),
    pytest.param(
        table_job(_fails_in_its_third_step, settings(), _huge_last_row()), "training", "input too large", id="a step"
    ),
    pytest.param(
        Job(name="x", settings=settings(), load=_raise(DataError("row 7 is bad")), build=build_table_model),
        "data",
        "row 7 is bad",
        id="load, foreseen",
    ),
    pytest.param(
        Job(name="x", settings=settings(), load=_raise(OSError("disk gone")), build=build_table_model),
        "data",
        "disk gone",
        id="load, unforeseen",
    ),
]


@pytest.mark.parametrize(("job", "kind", "words"), FAILURES)
def test_whatever_fails_ends_in_one_event_with_the_traceback(job: Job, kind: str, words: str) -> None:
    watched = Watched(job).run()

    (ending,) = _endings(watched)
    assert isinstance(ending, events.RunFailed)
    assert (ending.kind, watched.events[-1]) == (kind, ending)
    assert words in ending.message
    assert words.removesuffix("()") in ending.traceback
    assert watched.session.snapshot().phase is Phase.FAILED


MARK = 1e3
"""A value that no other input comes near."""


def _build_with_nan_at_the_mark(chosen: Settings, _data: TrainingData | None = None) -> Any:
    """Return the table model with a loss of NaN for a batch with the mark in it.

    NaN in the inputs will not do: on some processors TensorFlow's fused Dense and relu turn it into 0.
    """
    import keras

    class NanAtTheMark(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
        def call(self, inputs: Any) -> Any:
            self.add_loss(keras.ops.where(keras.ops.max(inputs) >= MARK, float("nan"), 0.0))
            return inputs

    plain = build_table_model(chosen)
    model = keras.Sequential([keras.Input((6,)), NanAtTheMark(), *plain.layers])
    model.compile(plain.optimizer, plain.loss, metrics=["accuracy"], jit_compile=False)
    return model


def _job_with_nan_at(row: int | None = None, validation_row: int | None = None) -> Job:
    table = small_table()
    x, x_validation = table.x.copy(), table.x_validation.copy()
    if row is not None:
        x[row, 0] = MARK
    if validation_row is not None:
        x_validation[validation_row, 0] = MARK
    data = TrainingData(x=x, y=table.y, x_validation=x_validation, y_validation=table.y_validation)
    return table_job(_build_with_nan_at_the_mark, settings(), data)


def test_a_nan_loss_pauses_the_run_at_the_step_where_it_arose() -> None:
    watched = Watched(_job_with_nan_at(60)).start()

    expected_step = int(np.where(epoch_order(100, 3, 1) == 60)[0][0]) // 16 + 1
    paused = watched.wait_for(events.RunPaused)
    arose = watched.one(events.LossBecameNonFinite)
    assert (arose.metric, arose.epoch, arose.step, arose.value) == ("loss", 1, expected_step, "nan")
    assert f"epoch 1, step {expected_step}" in paused.reason
    assert "non_finite_loss" in {finding.name for finding in watched.session.snapshot().findings}
    assert arose.findings == watched.session.snapshot().findings
    watched.session.send(Resume())
    watched.wait_for(events.RunEnded)
    assert len(watched.all(events.RunPaused)) == 1, "it is reported once, not at every chunk"


def test_a_nan_loss_ends_a_run_without_a_screen() -> None:
    job = _job_with_nan_at(60)
    watched = Watched(job, stop_when_non_finite=True).run()

    failed = watched.one(events.RunFailed)
    assert failed.kind == "training"
    assert "loss became nan at epoch 1, step" in failed.message


def test_a_nan_validation_loss_pauses_too() -> None:
    watched = Watched(_job_with_nan_at(validation_row=0)).start()

    assert "val_loss became nan" in watched.wait_for(events.RunPaused).reason
    watched.session.send(Stop())
    watched.wait_for(events.RunEnded)


def test_a_run_without_validation_and_with_an_eager_model() -> None:
    def build(chosen: Any, _data: Any) -> Any:
        model = build_table_model(chosen)
        model.compile("adam", "binary_crossentropy", metrics=["accuracy"], run_eagerly=True)
        return model

    table = small_table()
    watched = Watched(table_job(build, settings(), TrainingData(x=table.x, y=table.y))).run()
    assert set(watched.all(events.EpochEnded)[-1].metrics) == {"loss", "accuracy"}
    assert watched.one(events.RunEnded).completed


def test_time_spent_in_a_pause_is_not_counted() -> None:
    now = [0.0]
    watched = Watched(table_job(build_table_model, settings(epochs=1)), Pause(PauseAt.CHUNK), clock=lambda: now[0])
    watched.start()
    watched.wait_for(events.RunPaused)
    now[0] = 5000.0
    watched.session.send(Resume())
    watched.wait_for(events.RunEnded)
    assert watched.one(events.EpochEnded).seconds == 0.0


def test_a_listener_that_fails_ends_the_run_with_its_one_ending_event_on_record() -> None:
    watched = Watched(table_job(build_table_model, settings()))
    watched.on(events.EpochEnded, lambda _: _raise(RuntimeError("listener broke"))()).run()

    ending = watched.session.snapshot().ending
    assert isinstance(ending, events.RunFailed)
    assert "listener broke" in ending.message


def test_a_resume_from_before_does_not_end_the_pause_for_a_nan_loss() -> None:
    watched = Watched(_job_with_nan_at(60))
    watched.on(events.ChunkEnded, lambda _: watched.session.send(Resume())).start()

    watched.wait_for(events.RunPaused)
    assert watched.session.snapshot().phase is Phase.PAUSED
    watched.session.send(Stop())
    watched.wait_for(events.RunEnded)


def test_a_stop_takes_effect_while_validating() -> None:
    """With a validation set of many slow batches, the stop comes long before its end."""
    seen: list[float] = []

    def run_slowly() -> None:
        seen.append(time.monotonic())
        while time.monotonic() < seen[-1] + 0.03:
            pass

    def build(chosen: Any, _data: Any) -> Any:
        import tensorflow as tf

        model = build_table_model(chosen)
        test_step = model.test_step

        def slow_test_step(data: Any) -> Any:
            tf.py_function(run_slowly, [], [])
            return test_step(data)

        model.test_step = slow_test_step
        return model

    table = small_table()
    x_validation, y_validation = np.tile(table.x_validation, (40, 1)), np.tile(table.y_validation, 40)
    data = TrainingData(x=table.x, y=table.y, x_validation=x_validation, y_validation=y_validation)
    watched = Watched(table_job(build, settings(batch_size=4), data))

    def stop(event: events.PhaseChanged) -> None:
        if event.phase is Phase.VALIDATING:
            watched.session.send(Stop())

    watched.on(events.PhaseChanged, stop).run()
    assert not watched.one(events.RunEnded).completed
    assert 0 < len(seen) < 100, "of 400 batches only those of a chunk or two were run"


def test_a_pause_at_the_epoch_end_requested_before_the_start_takes_effect_after_epoch_1() -> None:
    watched = Watched(table_job(build_table_model, settings()), Pause()).start()

    assert watched.wait_for(events.RunPaused).epoch == 1
    watched.session.send(Stop())
    watched.wait_for(events.RunEnded)


def test_a_model_that_needs_no_targets_is_trained_as_fit_trains_it() -> None:
    def build(_chosen: Any, _data: Any) -> Any:
        import keras
        import tensorflow as tf

        class Autoencoder(keras.Model):  # type: ignore[misc]  # Keras has no types
            def train_step(self, data: Any) -> dict[str, Any]:
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean((self(data, training=True) - data) ** 2)
                self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
                return {"reconstruction": loss}

        model = Autoencoder(inputs := keras.Input((6,)), keras.layers.Dense(6)(inputs))
        model.compile("adam", jit_compile=False)
        return model

    watched = Watched(table_job(build, settings(), TrainingData(x=small_table().x))).run()
    first, second = (epoch.metrics["reconstruction"] for epoch in watched.all(events.EpochEnded))
    assert second < first


def test_a_metric_derived_from_a_mean_is_shown_as_a_running_value() -> None:
    def build(chosen: Any, _data: Any) -> Any:
        import keras

        model = build_table_model(chosen)
        model.compile("adam", "mse", metrics=[keras.metrics.RootMeanSquaredError(name="rmse")], jit_compile=False)
        return model

    watched = Watched(table_job(build, settings(epochs=1)), clock=_one_step_a_chunk()).run()
    assert all(chunk.chunk_metrics["rmse"] == chunk.epoch_metrics["rmse"] for chunk in watched.all(events.ChunkEnded))


def test_a_chunk_mean_that_a_huge_sum_cannot_resolve_is_that_of_the_epoch() -> None:
    """One sample makes the loss explode; the chunks behind it add too little to the sum to be seen in it."""

    def build(chosen: Any, _data: Any) -> Any:
        model = build_table_model(chosen)
        model.compile("sgd", "mse", jit_compile=False)
        model.optimizer.learning_rate = 0.0
        return model

    table = small_table()
    y = table.y.copy()
    y[epoch_order(100, 3, 1)[0]] = 1e12
    watched = Watched(table_job(build, settings(epochs=1), TrainingData(x=table.x, y=y)), clock=_one_step_a_chunk())
    watched.run()
    last = watched.all(events.ChunkEnded)[-1]
    assert last.chunk_metrics["loss"] == last.epoch_metrics["loss"] > 1e20
