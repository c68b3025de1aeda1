"""Data that fails, or ends, in the middle of an epoch is reported in a sentence."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.events import Phase
from tests.engine.data.batches import BATCH_SIZE, TABLE, dataset, once, rows, watched_on

pytestmark = pytest.mark.slow


def test_an_epoch_with_too_few_batches_is_reported_and_the_next_one_fails() -> None:
    """`fit` warns, and then trains on the generator's first two batches again."""
    watched = watched_on(x=once(), steps_per_epoch=5, epochs=3).run()

    assert [event.metrics.keys() >= {"loss"} for event in watched.all(events.EpochEnded)] == [True, True]
    details = [event.detail for event in watched.all(events.PhaseChanged)]
    assert "epoch 2: received only 2 of 5 batches" in details
    failed = watched.one(events.RunFailed)
    assert (failed.kind, failed.epochs_done) == ("data", 2)
    assert "No batches for epoch 3" in failed.message


def _failing(batch: Callable[[], Any]) -> Iterator[Any]:
    yield from itertools.islice(once(), 4)
    yield batch()


def _lost_file() -> Any:
    raise OSError("the disk is gone")


def _checked(x: Any) -> Any:
    import tensorflow as tf

    return tf.debugging.check_numerics(tf.math.log(x + 1.5), "not a number")


BAD_IN_MID_EPOCH = [
    pytest.param(lambda: _failing(_lost_file), "OSError: the disk is gone.", id="raises"),
    pytest.param(lambda: _failing(lambda: (TABLE.x[:3, :5], TABLE.y[:3])), r"shape (3, 5)", id="another shape"),
    pytest.param(lambda: _failing(lambda: (TABLE.x[:3],)), "tuple arity mismatch", id="no targets"),
    pytest.param(
        lambda: dataset().map(lambda x, y: (_checked(x), y)).batch(BATCH_SIZE), "not a number", id="a mapped function"
    ),
]


@pytest.mark.parametrize(("x", "words"), BAD_IN_MID_EPOCH)
def test_data_that_fails_in_the_middle_of_an_epoch_is_reported_in_a_sentence(x: Callable[[], Any], words: str) -> None:
    watched = watched_on(x=x(), epochs=1).run()
    failed = watched.one(events.RunFailed)
    assert failed.kind == "data"
    assert failed.message.startswith("The data could not be read: ")
    assert words in failed.message
    assert "\n" not in failed.message
    assert watched.session.snapshot().phase is Phase.FAILED


def test_a_model_that_fails_on_batches_is_not_reported_as_bad_data() -> None:
    import keras
    import tensorflow as tf

    def broken(*_: Any) -> Any:
        inputs = keras.Input((6,))
        checked = keras.layers.Lambda(lambda x: tf.debugging.check_numerics(x, "broken model"))(inputs)
        model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(checked))
        model.compile("sgd", "binary_crossentropy", jit_compile=False)
        return model

    x = TABLE.x.copy()
    x[40] = np.nan
    failed = watched_on(broken, x=rows(x, TABLE.y)).run().one(events.RunFailed)
    assert failed.kind == "training"
    assert "broken model" in failed.message


def test_a_dataset_whose_filter_removes_everything_fails_in_the_first_epoch() -> None:
    failed = watched_on(x=dataset().filter(lambda x, _: x[0] > 1e9).batch(4)).run().one(events.RunFailed)
    assert failed.kind == "data"
    assert "No batches for epoch 1" in failed.message
