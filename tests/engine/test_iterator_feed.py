"""What cannot stay on the device is trained on as by `fit(shuffle=False)`, and steered as everything else."""

from __future__ import annotations

import itertools
import math
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine import environment, events, iterator_feed
from fitmon.engine.commands import Pause, PauseAt, Resume, SetKnob, Stop
from fitmon.engine.control import StopRequested
from fitmon.engine.errors import DataError
from fitmon.engine.events import Phase
from fitmon.engine.feed import Feed
from fitmon.engine.iterator_feed import HostFeed, feed_for, fits_on_device, with_validation_arrays
from fitmon.engine.job import Job, Settings, TrainingData
from fitmon.engine.loop import Pacer, TrainingLoop

from .watching import Watched, settings, small_table

BATCH_SIZE = 16
EPOCHS = 3
TABLE = small_table()
WEIGHTS = np.linspace(0.2, 2.0, 100, dtype=np.float32)


def _build(_settings: Settings | None = None, _data: TrainingData | None = None, **options: Any) -> Any:
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"], jit_compile=False, **options)
    return model


def _rows(*arrays: Any) -> Iterator[tuple[Any, ...]]:
    """Yield a table's batches, the last one short."""
    for first in range(0, len(arrays[0]), BATCH_SIZE):
        yield tuple(array[first : first + BATCH_SIZE] for array in arrays)


def _dataset(*more: Any) -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((TABLE.x, TABLE.y, *more))


def _py_dataset(**options: Any) -> Any:
    import keras

    class Shuffling(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
        def __init__(self) -> None:
            super().__init__(**options)
            self.shape = (6,)  # Not an array's: datasets have attributes of their own.
            self.order = np.arange(100)
            self.random = np.random.default_rng(4)
            self.told: list[str] = []

        def __len__(self) -> int:
            return math.ceil(100 / BATCH_SIZE)

        def __getitem__(self, index: int) -> tuple[Any, Any]:
            rows = self.order[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
            return TABLE.x[rows], TABLE.y[rows]

        def on_epoch_begin(self) -> None:
            self.told.append("begin")

        def on_epoch_end(self) -> None:
            self.told.append("end")
            self.random.shuffle(self.order)

    return Shuffling()


def _endless() -> Iterator[Any]:
    for _ in itertools.count():
        yield from _rows(TABLE.x, TABLE.y)


def _once() -> Iterator[Any]:
    return _rows(TABLE.x, TABLE.y)


SOURCES = [
    pytest.param(lambda: {"x": _dataset().batch(BATCH_SIZE)}, id="dataset, short last batch"),
    pytest.param(lambda: {"x": _dataset().batch(BATCH_SIZE, drop_remainder=True)}, id="dataset, fixed length"),
    pytest.param(lambda: {"x": _dataset().shuffle(50, seed=3).batch(BATCH_SIZE)}, id="dataset, shuffled anew"),
    pytest.param(lambda: {"x": _dataset(WEIGHTS).batch(BATCH_SIZE)}, id="dataset, sample weights"),
    pytest.param(
        lambda: {"x": _dataset().batch(BATCH_SIZE), "class_weight": {0: 0.5, 1: 3.0}}, id="dataset, class weights"
    ),
    pytest.param(
        lambda: {"x": _dataset().shuffle(50, seed=3).batch(BATCH_SIZE), "steps_per_epoch": 3},
        id="dataset, a part of it an epoch",
    ),
    pytest.param(lambda: {"x": _dataset().batch(BATCH_SIZE).repeat(), "steps_per_epoch": 5}, id="dataset without end"),
    pytest.param(lambda: {"x": _py_dataset()}, id="PyDataset"),
    pytest.param(lambda: {"x": _py_dataset(workers=2)}, id="PyDataset, two workers"),
    pytest.param(lambda: {"x": _py_dataset(), "class_weight": {0: 0.5, 1: 3.0}}, id="PyDataset, class weights"),
    pytest.param(lambda: {"x": _endless(), "steps_per_epoch": 4}, id="generator"),
    pytest.param(
        lambda: {"x": _rows(TABLE.x, TABLE.y, WEIGHTS), "steps_per_epoch": 7, "epochs": 1},
        id="generator, sample weights",
    ),
]


def _watched(build: Callable[..., Any] = _build, *commands: Any, epochs: int = EPOCHS, **data: Any) -> Watched:
    """Return a session on data of whatever kind, validated with the table's own rows."""
    chosen = settings(epochs=epochs, batch_size=BATCH_SIZE)
    given = {"x_validation": TABLE.x_validation, "y_validation": TABLE.y_validation, **data}
    job = Job(name="batches", settings=chosen, load=lambda *_: TrainingData(**given), build=build)
    return Watched(job, *commands)


def _slowly(watched: Watched) -> Watched:
    """Let every chunk seem to take a second, so that each is one step long."""
    ticks = itertools.count()
    watched.session._clock = lambda: float(next(ticks))
    return watched


def _fitted(build: Callable[..., Any] = _build, *, epochs: int = EPOCHS, **data: Any) -> tuple[Any, dict[str, Any]]:
    import keras

    keras.utils.set_random_seed(settings().seed)
    model = build()
    with warnings.catch_warnings():
        # Keras warns when data of unknown length comes to its end, as it must.
        warnings.simplefilter("ignore")
        validation = (TABLE.x_validation, TABLE.y_validation)
        told = model.fit(
            validation_data=validation,
            validation_batch_size=BATCH_SIZE,
            shuffle=False,
            verbose=0,
            epochs=epochs,
            **data,
        )
    return model, told.history


def _assert_equal(watched: Watched, model: Any, history: dict[str, Any]) -> None:
    ended = watched.all(events.EpochEnded)
    assert watched.one(events.RunEnded).completed, watched.all(events.RunFailed)
    for name, values in history.items():
        assert [np.float32(event.metrics[name]) for event in ended] == [np.float32(value) for value in values], name
    theirs = [np.asarray(variable) for variable in [*model.variables, *model.optimizer.variables]]
    assert all(np.array_equal(a, b) for a, b in zip(watched.state(), theirs, strict=True))


@pytest.mark.parametrize("source", SOURCES)
def test_training_on_batches_and_fit_give_the_same_bits(source: Callable[[], dict[str, Any]]) -> None:
    """Losses, metrics and every weight, seed states and moments included."""
    watched = _watched(**source()).run()
    _assert_equal(watched, *_fitted(**source()))


def test_a_py_dataset_is_told_of_its_epochs_as_by_fit() -> None:
    ours, theirs = _py_dataset(), _py_dataset()
    _watched(x=ours, epochs=2).run()
    _fitted(x=theirs, epochs=2)
    assert ours.told == theirs.told == ["end", "begin", "end", "begin", "end"]


def test_a_dataset_of_unknown_length_is_trained_on_to_its_end_in_every_epoch() -> None:
    """`fit` is told the length here: where it is not, its last call, which finds no batch, still counts as a step.

    That call draws a dropout mask and moves Adam's counter (Keras 3.15), which no batch ever was trained with.
    """
    import tensorflow as tf

    def some() -> Any:
        return _dataset().filter(lambda x, _: x[0] > 0).batch(BATCH_SIZE)

    batches = sum(1 for _ in some())
    watched = _watched(x=some()).run()
    _assert_equal(watched, *_fitted(x=some().apply(tf.data.experimental.assert_cardinality(batches))))


def test_a_dataset_of_unknown_length_is_shuffled_anew_as_by_fit() -> None:
    import keras

    def build(*_: Any) -> Any:
        model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy", jit_compile=False)
        return model

    def some() -> Any:
        return _dataset().shuffle(50, seed=3).filter(lambda x, _: x[0] > 0).batch(BATCH_SIZE)

    watched = _watched(build, x=some()).run()
    _, history = _fitted(build, x=some())
    for name, values in history.items():
        assert [event.metrics[name] for event in watched.all(events.EpochEnded)] == pytest.approx(values, rel=1e-6)


def test_a_generator_that_ends_is_trained_on_once() -> None:
    watched = _watched(epochs=1, x=_once()).run()
    _assert_equal(watched, *_fitted(epochs=1, x=_once(), steps_per_epoch=7))


def test_an_iterable_is_read_from_its_beginning_in_every_epoch() -> None:
    class Batches:
        def __iter__(self) -> Iterator[Any]:
            return ([*batch] for batch in _once())

    watched = _watched(x=Batches()).run()
    _assert_equal(watched, *_fitted(x=_dataset().batch(BATCH_SIZE)))


def test_class_weights_work_with_a_generator_too() -> None:
    weights = {0: 0.5, 1: 3.0}
    watched = _watched(x=_endless(), steps_per_epoch=7, class_weight=weights).run()
    _assert_equal(watched, *_fitted(x=_dataset().batch(BATCH_SIZE), class_weight=weights))


def test_a_model_that_runs_eagerly_is_trained_on_batches() -> None:
    def build(*_: Any) -> Any:
        return _build(run_eagerly=True)

    watched = _watched(build, epochs=2, x=_dataset().filter(lambda *_: True).batch(BATCH_SIZE)).run()
    _assert_equal(watched, *_fitted(build, epochs=2, x=_dataset().batch(BATCH_SIZE)))


def test_named_inputs_and_logs_of_a_custom_step_come_through() -> None:
    import keras

    class Own(keras.Model):  # type: ignore[misc]  # Keras has no types
        def train_step(self, data: Any) -> dict[str, Any]:
            logs: dict[str, Any] = super().train_step(data)
            return logs | {"largest": keras.ops.max(data[0]["x"])}

    def build(*_: Any) -> Any:
        inputs = keras.Input((6,), name="x")
        outputs = keras.layers.Dense(1)(keras.layers.Dropout(0.2)(inputs))
        model = Own({"x": inputs}, outputs)
        model.compile("adam", "mse", jit_compile=False)
        return model

    def named() -> Any:
        return _dataset().map(lambda x, y: ({"x": x}, y)).batch(BATCH_SIZE)

    validation: dict[str, Any] = {"x_validation": {"x": TABLE.x_validation}}
    watched = _watched(build, x=named(), **validation).run()
    keras.utils.set_random_seed(settings().seed)
    model = build()
    _assert_equal(watched, model, model.fit(named(), epochs=EPOCHS, verbose=0, shuffle=False).history)


@pytest.fixture
def through_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iterator_feed, "fits_on_device", lambda _nbytes: False)


def _as_memmap(tmp_path: Path) -> Any:
    path = tmp_path / "x.npy"
    np.save(path, TABLE.x)
    return np.load(path, mmap_mode="r")


@pytest.mark.parametrize("make_x", [lambda _: TABLE.x.astype(np.float64), _as_memmap], ids=["array", "memmap"])
def test_arrays_too_large_for_the_device_give_the_same_bits_through_the_host(
    make_x: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also with a batch size that changes at the second epoch."""
    x, change = make_x(tmp_path), SetKnob("batch_size", 24, epoch=2)
    resident = _watched(_build, change, x=x, y=TABLE.y, sample_weight=WEIGHTS).run()
    monkeypatch.setattr(iterator_feed, "fits_on_device", lambda _nbytes: False)
    hosted = _watched(_build, change, x=x, y=TABLE.y, sample_weight=WEIGHTS).run()

    assert "too large" in hosted.one(events.RunStarted).notes[-1]
    assert hosted.one(events.KnobApplied).value == 24
    told = [[event.metrics for event in watched.all(events.EpochEnded)] for watched in (hosted, resident)]
    assert told[0] == told[1]
    assert all(np.array_equal(a, b) for a, b in zip(hosted.state(), resident.state(), strict=True))
    started = [watched.one(events.RunStarted) for watched in (hosted, resident)]
    assert started[0].training_samples == started[1].training_samples == 100
    assert started[0].steps == started[1].steps == 7


class _File:
    """An array in a file, like one of h5py: it gives rows only in rising order, and says which were asked for."""

    shape, dtype, nbytes = TABLE.x.shape, TABLE.x.dtype, TABLE.x.nbytes

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __len__(self) -> int:
        return len(TABLE.x)

    def __getitem__(self, rows: Any) -> Any:
        assert list(rows) == sorted(rows)
        self.asked.append(rows)
        return TABLE.x[rows]

    def read_direct(self) -> None:
        """Only h5py has this."""


@pytest.mark.usefixtures("through_the_host")
def test_of_an_array_in_a_file_only_the_rows_of_a_batch_are_read_at_a_time() -> None:
    file = _File()
    watched = _watched(x=file, y=TABLE.y, epochs=1).run()
    plain = _watched(x=TABLE.x, y=TABLE.y, epochs=1).run()

    assert {len(rows) for rows in file.asked} == {1, BATCH_SIZE, 100 % BATCH_SIZE}
    assert all(np.array_equal(a, b) for a, b in zip(watched.state(), plain.state(), strict=True))


def test_a_device_that_is_full_sends_arrays_through_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    def full(*_: Any) -> Any:
        raise tf.errors.ResourceExhaustedError(None, None, "out of memory")

    monkeypatch.setattr(iterator_feed, "ResidentFeed", full)
    assert isinstance(feed_for(TrainingData(x=TABLE.x, y=TABLE.y)), HostFeed)


def test_what_fits_on_the_device_is_a_question_of_bytes() -> None:
    assert fits_on_device(1000)
    assert not fits_on_device(2**60)


def test_a_chunk_that_found_no_batch_says_nothing_of_the_pace() -> None:
    pacer = Pacer()
    pacer.took(1, 0.01)
    pacer.took(0, 0.5)
    assert pacer.next_steps() == 4


def test_a_slow_batch_ends_the_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is set to nothing here: every chunk must then end with its first step, however fast the steps are."""
    monkeypatch.setattr(iterator_feed, "LONGEST_CHUNK_SECONDS", 0.0)
    watched = _watched(x=_dataset().batch(BATCH_SIZE), epochs=1).run()
    assert [chunk.step for chunk in watched.all(events.ChunkEnded)] == [1, 2, 3, 4, 5, 6, 7]


def test_a_pause_in_the_middle_of_an_epoch_changes_nothing() -> None:
    watched = _slowly(_watched(x=_endless(), steps_per_epoch=5))
    ask = Pause(PauseAt.CHUNK)
    watched.on(events.ChunkEnded, lambda e: watched.session.send(ask) if (e.epoch, e.step) == (2, 2) else None)
    watched.start()

    paused = watched.wait_for(events.RunPaused)
    assert (paused.epoch, paused.step) == (2, 2)
    watched.session.send(Resume())
    assert watched.wait_for(events.RunEnded).completed
    straight = _watched(x=_endless(), steps_per_epoch=5).run()
    assert watched.session.join(60)
    assert all(np.array_equal(a, b) for a, b in zip(watched.state(), straight.state(), strict=True))


def test_a_pause_asked_for_in_the_last_chunk_holds_behind_the_validation() -> None:
    watched = _slowly(_watched(x=_dataset().filter(lambda *_: True).batch(BATCH_SIZE), epochs=2))
    ask = Pause(PauseAt.CHUNK)
    watched.on(events.ChunkEnded, lambda e: watched.session.send(ask) if e.epoch == 1 and e.step == e.steps else None)
    watched.on(events.RunPaused, lambda _: watched.session.send(Resume())).run()

    assert watched.one(events.RunPaused).step == 7
    kinds = [type(event) for event in watched.events]
    assert kinds.index(events.EpochEnded) < kinds.index(events.RunPaused)


def test_a_stop_in_the_middle_of_an_epoch_ends_the_run_and_the_workers() -> None:
    dataset = _py_dataset(workers=2, max_queue_size=1)
    watched = _slowly(_watched(x=dataset))
    watched.on(events.ChunkEnded, lambda e: watched.session.send(Stop("enough")) if e.step == 3 else None).run()

    assert watched.all(events.ChunkEnded)[-1].step == 3
    assert watched.one(events.RunEnded).reason == "enough"
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("Worker_")]


def test_a_loss_that_is_no_number_pauses_at_its_step() -> None:
    x = TABLE.x.copy()
    x[2 * BATCH_SIZE] = np.nan
    watched = _watched(x=_rows(x, TABLE.y), epochs=1)
    watched.on(events.RunPaused, lambda _: watched.session.send(Resume())).run()

    met = watched.one(events.LossBecameNonFinite)
    assert (met.epoch, met.step) == (1, 3)
    assert watched.one(events.EpochEnded).epoch == 1


def test_a_learning_rate_takes_effect_with_a_receipt_and_a_batch_size_is_refused_with_the_reason() -> None:
    changes = SetKnob("learning_rate", 0.5, epoch=2), SetKnob("batch_size", 8, epoch=2)
    watched = _watched(_build, *changes, x=_dataset().batch(BATCH_SIZE), epochs=2).run()

    receipt = watched.one(events.KnobApplied)
    assert (receipt.knob, receipt.value, receipt.epoch) == ("learning_rate", 0.5, 2)
    refusal = watched.one(events.KnobRefused)
    assert refusal.knob == "batch_size"
    assert "the batches come from a dataset that makes them itself" in refusal.reason


def test_the_batch_size_is_what_the_batches_turn_out_to_be() -> None:
    """It is shown, and the validation samples are looked at in batches of that size: a sum of losses tells."""
    import keras

    def build(*_: Any) -> Any:
        model = _build()
        model.compile("sgd", keras.losses.BinaryCrossentropy(reduction="sum"), jit_compile=False)
        return model

    watched = _watched(build, x=_dataset().batch(25), epochs=2).run()
    model: Any = watched.session.model
    expected = model.evaluate(TABLE.x_validation, TABLE.y_validation, batch_size=25, verbose=0, return_dict=True)[
        "loss"
    ]
    assert watched.all(events.EpochEnded)[-1].metrics["val_loss"] == pytest.approx(expected, rel=1e-5)
    offer = next(knob for knob in watched.one(events.RunStarted).knobs if knob.name == "batch_size")
    assert offer.value is None
    assert [event.knobs["batch_size"] for event in watched.all(events.EpochEnded)] == [25, 25]


def test_the_number_of_steps_is_open_until_the_first_epoch_has_told_it() -> None:
    watched = _slowly(_watched(x=_dataset().filter(lambda *_: True).batch(BATCH_SIZE), epochs=2)).run()

    assert watched.one(events.RunStarted).steps == 0
    assert [event.steps for event in watched.all(events.EpochStarted)] == [0, 7]
    first, second = ([e for e in watched.all(events.ChunkEnded) if e.epoch == epoch] for epoch in (1, 2))
    positions = [event.step / event.steps for event in first]
    assert positions == sorted(positions)
    assert all(position < 0.1 for position in positions[:-1])
    assert positions[-1] == 1
    assert {event.steps for event in second} == {7}
    curve = watched.session.snapshot().chunks["loss"]
    assert list(curve.epochs) == [1 + step / 7 for step in range(1, 8)]


def test_validation_batches_are_read_once_and_looked_at_as_arrays_are() -> None:
    """From a generator they can be read only once; the samples are followed by number all the same."""
    arrays = _watched(x=TABLE.x, y=TABLE.y).run()
    batches: dict[str, Any] = {"x_validation": _rows(TABLE.x_validation, TABLE.y_validation), "y_validation": None}
    read = _watched(x=TABLE.x, y=TABLE.y, **batches).run()

    told = [[event.metrics for event in watched.all(events.EpochEnded)] for watched in (read, arrays)]
    assert told[0] == told[1]
    assert read.one(events.RunStarted).validation_samples == 40
    assert len(read.all(events.SamplesScored)) == len(arrays.all(events.SamplesScored)) > 0


def test_validation_steps_bound_what_has_no_end() -> None:
    data = TrainingData(x=TABLE.x, y=TABLE.y, x_validation=_dataset().batch(10).repeat(), validation_steps=3)
    read = with_validation_arrays(data)
    assert np.array_equal(read.x_validation, TABLE.x[:30])
    assert np.array_equal(read.y_validation, TABLE.y[:30])


def test_validation_data_that_fills_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(iterator_feed, "fits_on_device", lambda nbytes: nbytes < 10_000)
    with pytest.raises(DataError, match="Give validation_steps"):
        with_validation_arrays(TrainingData(x=TABLE.x, y=TABLE.y, x_validation=_endless()))


def test_a_stop_is_heeded_while_validation_batches_are_read() -> None:
    def stop() -> None:
        raise StopRequested("enough")

    with pytest.raises(StopRequested):
        with_validation_arrays(TrainingData(x=TABLE.x, y=TABLE.y, x_validation=_endless()), stop)


def test_an_epoch_for_which_too_few_batches_came_says_so_and_the_next_one_fails() -> None:
    """`fit` warns, and then trains on the generator's first two batches again."""
    watched = _watched(x=_once(), steps_per_epoch=5).run()

    assert [event.metrics.keys() >= {"loss"} for event in watched.all(events.EpochEnded)] == [True, True]
    details = [event.detail for event in watched.all(events.PhaseChanged)]
    assert "epoch 2: only 2 of 5 batches came" in details
    failed = watched.one(events.RunFailed)
    assert (failed.kind, failed.epochs_done) == ("data", 2)
    assert "no batch for epoch 3" in failed.message


def _failing(batch: Callable[[], Any]) -> Iterator[Any]:
    yield from itertools.islice(_once(), 4)
    yield batch()


def _lost_file() -> Any:
    raise OSError("the disk is gone")


BAD_IN_MID_EPOCH = [
    pytest.param(lambda: _failing(_lost_file), "OSError: the disk is gone.", id="raises"),
    pytest.param(lambda: _failing(lambda: (TABLE.x[:3, :5], TABLE.y[:3])), r"shape (3, 5)", id="another shape"),
    pytest.param(lambda: _failing(lambda: (TABLE.x[:3],)), "tuple arity mismatch", id="no targets"),
    pytest.param(
        lambda: _dataset().map(lambda x, y: (_checked(x), y)).batch(BATCH_SIZE), "not a number", id="a mapped function"
    ),
]


def _checked(x: Any) -> Any:
    import tensorflow as tf

    return tf.debugging.check_numerics(tf.math.log(x + 1.5), "not a number")


@pytest.mark.parametrize(("x", "words"), BAD_IN_MID_EPOCH)
def test_data_that_fails_in_the_middle_of_an_epoch_is_told_in_a_sentence(x: Callable[[], Any], words: str) -> None:
    watched = _watched(x=x(), epochs=1).run()
    failed = watched.one(events.RunFailed)
    assert failed.kind == "data"
    assert failed.message.startswith("The data could not be read: ")
    assert words in failed.message
    assert "\n" not in failed.message
    assert watched.session.snapshot().phase is Phase.FAILED


def test_a_model_that_fails_on_batches_is_not_laid_to_the_data() -> None:
    import keras
    import tensorflow as tf

    def build(*_: Any) -> Any:
        inputs = keras.Input((6,))
        checked = keras.layers.Lambda(lambda x: tf.debugging.check_numerics(x, "broken model"))(inputs)
        model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(checked))
        model.compile("sgd", "binary_crossentropy", jit_compile=False)
        return model

    x = TABLE.x.copy()
    x[40] = np.nan
    failed = _watched(build, x=_rows(x, TABLE.y), x_validation=None, y_validation=None).run().one(events.RunFailed)
    assert failed.kind == "training"
    assert "broken model" in failed.message


def _no_batches() -> Any:
    import keras

    class Empty(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
        def __len__(self) -> int:
            return 0

    return Empty()


def _of_unknown_shape() -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_generator(_once, output_types=(tf.float32, tf.float32))


def _of_growing_shape() -> Any:
    import tensorflow as tf

    return tf.data.Dataset.range(8).map(lambda i: (tf.zeros([i]), i)).padded_batch(4)


BAD_FROM_THE_START = [
    pytest.param(lambda: {"x": _dataset().take(0).batch(4)}, "received an empty dataset", id="empty dataset"),
    pytest.param(lambda: {"x": _no_batches()}, "received an empty dataset", id="empty PyDataset"),
    pytest.param(lambda: {"x": iter(())}, "at least one batch", id="empty generator"),
    pytest.param(lambda: {"x": _dataset()}, "Call batch()", id="no batches"),
    pytest.param(lambda: {"x": _of_unknown_shape()}, "output_signature", id="unknown shape"),
    pytest.param(lambda: {"x": _dataset().batch(4).repeat()}, "Expected steps_per_epoch", id="no end"),
    pytest.param(lambda: {"x": _once(), "y": TABLE.y}, "within the batches, received them apart", id="targets apart"),
    pytest.param(lambda: {"x": _once(), "steps_per_epoch": 0}, "at least 1, received 0", id="no steps"),
    pytest.param(
        lambda: {"x": _rows(TABLE.x), "class_weight": {0: 2.0}}, "labels that class weights", id="weights of no class"
    ),
    pytest.param(
        lambda: {"x": _rows(TABLE.x, TABLE.y, WEIGHTS), "class_weight": {0: 2.0}}, "received both", id="both weights"
    ),
    pytest.param(lambda: {"x": iter([(1, 2, 3, 4)])}, "(x, y, sample_weight)", id="four parts"),
    pytest.param(
        lambda: {"x": TABLE.x, "y": TABLE.y, "steps_per_epoch": 3}, "no steps_per_epoch with arrays", id="arrays"
    ),
    pytest.param(
        lambda: {"x": TABLE.x, "y": TABLE.y, "validation_steps": 3}, "no validation_steps with arrays", id="validation"
    ),
    pytest.param(
        lambda: {"x": TABLE.x, "y": TABLE.y, "x_validation": _once()},
        "within the batches, received them apart",
        id="validation targets apart",
    ),
    pytest.param(
        lambda: {"x": TABLE.x, "y": TABLE.y, "x_validation": _dataset().batch(4).repeat(), "y_validation": None},
        "Expected validation_steps",
        id="validation without end",
    ),
    pytest.param(
        lambda: {"x": TABLE.x, "y": TABLE.y, "x_validation": iter(()), "y_validation": None},
        "at least one batch",
        id="empty validation",
    ),
    pytest.param(
        lambda: {"x": TABLE.x, "y": TABLE.y, "x_validation": _of_growing_shape(), "y_validation": None},
        "Pad them to one length",
        id="validation samples of many shapes",
    ),
]


@pytest.mark.parametrize(("data", "words"), BAD_FROM_THE_START)
def test_data_that_cannot_be_trained_on_is_refused_in_a_sentence(
    data: Callable[[], dict[str, Any]], words: str
) -> None:
    failed = _watched(**data()).run().one(events.RunFailed)
    assert failed.kind == "data"
    assert words in failed.message


def test_a_dataset_whose_filter_leaves_nothing_is_refused_when_that_shows() -> None:
    failed = _watched(x=_dataset().filter(lambda x, _: x[0] > 1e9).batch(4)).run().one(events.RunFailed)
    assert failed.kind == "data"
    assert "no batch for epoch 1" in failed.message


def test_a_chunk_of_batches_is_traced_once_for_all_epochs() -> None:
    """A dataset gives a new iterator for every epoch; the compiled call takes them all."""
    feed: Feed = feed_for(TrainingData(x=_dataset().batch(BATCH_SIZE)))
    model = _build()
    environment.build_model(model, feed.head())
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
