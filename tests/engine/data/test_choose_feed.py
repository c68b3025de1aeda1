"""The feed suits the data, and data that no feed can take is refused before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fitmon.engine import events
from fitmon.engine.data import choose_feed as feeds
from fitmon.engine.data.choose_feed import feed_for
from fitmon.engine.data.host_feed import HostFeed
from fitmon.engine.errors import DataError
from fitmon.engine.job import TrainingData
from tests.engine.data.batches import TABLE, WEIGHTS, dataset, once, py_dataset, rows, watched_on


def test_a_device_that_is_full_sends_arrays_through_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    def full(*_: Any) -> Any:
        raise tf.errors.ResourceExhaustedError(None, None, "out of memory")

    monkeypatch.setattr(feeds, "ResidentFeed", full)
    assert isinstance(feed_for(TrainingData(x=TABLE.x, y=TABLE.y)), HostFeed)


def _no_batches() -> Any:
    import keras

    class Empty(keras.utils.PyDataset):  # type: ignore[misc]  # Keras has no types
        def __len__(self) -> int:
            return 0

    return Empty()


def _of_unknown_shape() -> Any:
    import tensorflow as tf

    return tf.data.Dataset.from_generator(once, output_types=(tf.float32, tf.float32))


def _without_labels() -> Any:
    return dataset().map(lambda x, _: x).batch(4)


BAD = [
    pytest.param(lambda: {"x": dataset().take(0).batch(4)}, "The dataset is empty", id="empty dataset"),
    pytest.param(lambda: {"x": _no_batches()}, "The dataset is empty", id="empty PyDataset"),
    pytest.param(lambda: {"x": iter(())}, "at least one batch", id="empty generator"),
    pytest.param(lambda: {"x": dataset()}, "Call batch()", id="no batches"),
    pytest.param(lambda: {"x": _of_unknown_shape()}, "output_signature", id="unknown shape"),
    pytest.param(lambda: {"x": dataset().batch(4).repeat()}, "is infinite. Give steps_per_epoch.", id="no end"),
    pytest.param(lambda: {"x": once(), "y": TABLE.y}, "given separately from the batches", id="targets apart"),
    pytest.param(lambda: {"x": once(), "steps_per_epoch": 0}, "at least 1, received 0", id="no steps"),
    pytest.param(
        lambda: {"x": rows(TABLE.x, TABLE.y, WEIGHTS), "class_weight": {0: 2.0}},
        "cannot be combined",
        id="both weights",
    ),
    pytest.param(lambda: {"x": iter([(1, 2, 3, 4)])}, "(x, y, sample_weight)", id="four parts"),
    pytest.param(
        lambda: {"x": TABLE.x, "y": TABLE.y, "steps_per_epoch": 3}, "no steps_per_epoch with arrays", id="arrays"
    ),
]


@pytest.mark.parametrize(("data", "words"), BAD)
def test_data_that_cannot_be_trained_on_is_refused_in_a_sentence(
    data: Callable[[], dict[str, Any]], words: str
) -> None:
    with pytest.raises(DataError) as refused:
        feed_for(TrainingData(**data()))
    assert words in str(refused.value)


WITHOUT_LABELS = [
    pytest.param(lambda: TABLE.x, id="array"),
    pytest.param(lambda: rows(TABLE.x), id="generator"),
    pytest.param(_without_labels, id="dataset"),
    pytest.param(lambda: _without_labels().map(lambda x: (x,)), id="dataset of tuples"),
    pytest.param(lambda: py_dataset(labels=False), id="PyDataset"),
]


@pytest.mark.parametrize("x", WITHOUT_LABELS)
def test_class_weights_without_labels_are_refused_in_the_same_words_for_all_data(x: Callable[[], Any]) -> None:
    """Keras fails on a dataset with words about its own code, and forgets the weights of a PyDataset."""
    with pytest.raises(DataError) as refused:
        feed_for(TrainingData(x=x(), class_weight={0: 2.0}))
    assert str(refused.value) == "Class weights need labels, but the data has only inputs."


def test_a_run_on_data_that_no_feed_can_take_fails_with_that_sentence() -> None:
    failed = watched_on(x=dataset()).run().one(events.RunFailed)
    assert failed.kind == "data"
    assert "Call batch()" in failed.message
