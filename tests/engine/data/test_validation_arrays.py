"""Validation batches become arrays once, before the training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.data import validation_arrays
from fitmon.engine.data.validation_arrays import with_validation_arrays
from fitmon.engine.errors import DataError, StopRequested
from fitmon.engine.job import TrainingData
from tests.engine.data.batches import TABLE, VALIDATION, dataset, endless, once, rows, watched_on

pytestmark = pytest.mark.slow


def _data(x_validation: Any, **more: Any) -> TrainingData:
    return TrainingData(x=TABLE.x, y=TABLE.y, x_validation=x_validation, **more)


def test_validation_batches_are_read_once_and_used_like_arrays() -> None:
    """From a generator they can be read only once; the samples are followed by number all the same."""
    arrays = watched_on(x=TABLE.x, y=TABLE.y, **VALIDATION).run()
    batches = rows(TABLE.x_validation, TABLE.y_validation)
    read = watched_on(x=TABLE.x, y=TABLE.y, x_validation=batches).run()

    metrics = [[event.metrics for event in watched.all(events.EpochEnded)] for watched in (read, arrays)]
    assert metrics[0] == metrics[1]
    assert read.one(events.RunStarted).validation_samples == 40
    assert len(read.all(events.SamplesScored)) == len(arrays.all(events.SamplesScored)) > 0


def test_validation_steps_bound_what_has_no_end() -> None:
    read = with_validation_arrays(_data(dataset().batch(10).repeat(), validation_steps=3))
    assert np.array_equal(read.x_validation, TABLE.x[:30])
    assert np.array_equal(read.y_validation, TABLE.y[:30])


def test_validation_data_that_fills_the_memory_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(validation_arrays, "fits_on_device", lambda nbytes: nbytes < 10_000)
    with pytest.raises(DataError, match="Give validation_steps"):
        with_validation_arrays(_data(endless()))


def test_a_stop_ends_the_reading_of_validation_batches() -> None:
    def stop() -> None:
        raise StopRequested("enough")

    with pytest.raises(StopRequested):
        with_validation_arrays(_data(endless()), stop)


def _of_growing_shape() -> Any:
    import tensorflow as tf

    return tf.data.Dataset.range(8).map(lambda i: (tf.zeros([i]), i)).padded_batch(4)


BAD = [
    pytest.param(lambda: _data(TABLE.x_validation, validation_steps=3), "no validation_steps with arrays", id="arrays"),
    pytest.param(
        lambda: _data(once(), y_validation=TABLE.y_validation),
        "given separately from the batches",
        id="targets apart",
    ),
    pytest.param(lambda: _data(dataset().batch(4).repeat()), "is infinite. Give validation_steps.", id="no end"),
    pytest.param(lambda: _data(iter(())), "at least one batch", id="empty"),
    pytest.param(lambda: _data(_of_growing_shape()), "Pad them to one length", id="samples of many shapes"),
]


@pytest.mark.parametrize(("data", "words"), BAD)
def test_data_that_cannot_be_validated_with_is_refused_in_a_sentence(
    data: Callable[[], TrainingData], words: str
) -> None:
    with pytest.raises(DataError) as refused:
        with_validation_arrays(data())
    assert words in str(refused.value)


def test_a_run_on_data_that_cannot_be_validated_with_fails_with_that_sentence() -> None:
    failed = watched_on(x=TABLE.x, y=TABLE.y, x_validation=iter(())).run().one(events.RunFailed)
    assert failed.kind == "data"
    assert "at least one batch" in failed.message
