"""A small table as batches of every kind, trained on by a session and by `fit`."""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fitmon.engine import events
from fitmon.engine.job import Job, Settings, TrainingData
from tests.engine.watching import Watched, settings, small_table

BATCH_SIZE = 16
EPOCHS = 2
TABLE = small_table()
VALIDATION = {"x_validation": TABLE.x_validation, "y_validation": TABLE.y_validation}
WEIGHTS = np.linspace(0.2, 2.0, 100, dtype=np.float32)


def build(_settings: Settings | None = None, _data: TrainingData | None = None, **options: Any) -> Any:
    """Return the smallest model that distinguishes orders and numbers of steps: its dropout draws a mask per step."""
    import keras

    layers = keras.layers
    model = keras.Sequential([keras.Input((6,)), layers.Dropout(0.3), layers.Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", jit_compile=False, **options)
    return model


def rows(*arrays: Any) -> Iterator[tuple[Any, ...]]:
    """Yield a table's batches, the last one short."""
    for first in range(0, len(arrays[0]), BATCH_SIZE):
        yield tuple(array[first : first + BATCH_SIZE] for array in arrays)


def once() -> Iterator[Any]:
    """Yield the training batches once."""
    return rows(TABLE.x, TABLE.y)


def endless() -> Iterator[Any]:
    """Yield the training batches endlessly."""
    for _ in itertools.count():
        yield from once()


def dataset(*more: Any) -> Any:
    """Return the training samples as a dataset, not yet batched."""
    import tensorflow as tf

    return tf.data.Dataset.from_tensor_slices((TABLE.x, TABLE.y, *more))


def py_dataset(*, labels: bool = True, **options: Any) -> Any:
    """Return the training batches as a PyDataset that shuffles between epochs and records the calls it gets."""
    import keras

    class Shuffling(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
        def __init__(self) -> None:
            super().__init__(**options)
            self.shape = (6,)  # Not an array's: datasets have attributes of their own.
            self.order = np.arange(100)
            self.random = np.random.default_rng(4)
            self.calls: list[str] = []

        def __len__(self) -> int:
            return math.ceil(100 / BATCH_SIZE)

        def __getitem__(self, index: int) -> tuple[Any, ...]:
            chosen = self.order[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
            return (TABLE.x[chosen], TABLE.y[chosen]) if labels else (TABLE.x[chosen],)

        def on_epoch_begin(self) -> None:
            self.calls.append("begin")

        def on_epoch_end(self) -> None:
            self.calls.append("end")
            self.random.shuffle(self.order)

    return Shuffling()


def watched_on(
    build: Callable[..., Any] = build, *commands: Any, epochs: int = EPOCHS, slow: bool = False, **data: Any
) -> Watched:
    """Return a session on data of whatever kind; a slow one has chunks of one step."""
    chosen = settings(epochs=epochs, batch_size=BATCH_SIZE)
    job = Job(name="batches", settings=chosen, load=lambda *_: TrainingData(**data), build=build)
    return Watched(job, *commands, **({"clock": slow_clock()} if slow else {}))


def slow_clock() -> Callable[[], float]:
    """Return a clock by which every chunk takes a second, so that each is one step long."""
    ticks = itertools.count()
    return lambda: float(next(ticks))


def fitted(build: Callable[..., Any] = build, *, epochs: int = EPOCHS, **data: Any) -> tuple[Any, dict[str, Any]]:
    """Return a model that `fit` has trained, and its history."""
    model = _fresh(build, str(getattr(data["x"], "element_spec", "")), "class_weight" in data)
    with warnings.catch_warnings():
        # Keras warns when data of unknown length comes to its end, as it must.
        warnings.simplefilter("ignore")
        report = model.fit(validation_batch_size=BATCH_SIZE, shuffle=False, verbose=0, epochs=epochs, **data)
    return model, report.history


def _fresh(make: Callable[..., Any], spec: str, weighted: bool) -> Any:
    """Return an untrained model; for the default builder, a reset one that was traced on such batches before."""
    import keras

    if make is not build:
        keras.utils.set_random_seed(settings().seed)
        return make()
    model, variables, values = _usual(spec, weighted)
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
    return model


@functools.cache
def _usual(_spec: str, _weighted: bool) -> tuple[Any, list[Any], list[Any]]:
    import keras

    keras.utils.set_random_seed(settings().seed)
    model = build()
    model.optimizer.build(model.trainable_variables)
    variables = [*model.variables, *model.optimizer.variables]
    return model, variables, [np.asarray(variable) for variable in variables]


def assert_equal(watched: Watched, model: Any, history: dict[str, Any]) -> None:
    """Compare losses, metrics and every variable with those of `fit`, bit by bit."""
    ended = watched.all(events.EpochEnded)
    assert watched.one(events.RunEnded).completed, watched.all(events.RunFailed)
    for name, values in history.items():
        assert [np.float32(event.metrics[name]) for event in ended] == [np.float32(value) for value in values], name
    theirs = [np.asarray(variable) for variable in [*model.variables, *model.optimizer.variables]]
    assert all(np.array_equal(a, b) for a, b in zip(watched.state(), theirs, strict=True))
