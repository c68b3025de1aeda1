"""NaN in batches that come from outside is found in passing, on every processor, and is as strong as a NaN loss."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.data.feed import ResidentFeed
from fitmon.engine.data.host_feed import HostFeed
from fitmon.engine.data.iterator_feed import IteratorFeed
from fitmon.engine.job import Settings, TrainingData
from fitmon.engine.keras_internals import build_model
from fitmon.engine.training.loop import TrainingLoop
from tests.engine.watching import Watched, settings, small_table, table_job

pytestmark = pytest.mark.slow

BATCH = 16


def _build(_chosen: Settings, _data: TrainingData | None = None) -> Any:
    """Return a model that trains on zeros in place of NaN, as the fused Dense and relu of some processors does."""
    import keras

    class NanToZero(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
        def call(self, inputs: Any) -> Any:
            return keras.ops.where(keras.ops.isfinite(inputs), inputs, 0.0)

    model = keras.Sequential([keras.Input((6,)), NanToZero(), keras.layers.Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", jit_compile=False)
    return model


def _dataset() -> Any:
    import tensorflow as tf

    table = small_table()
    x = table.x.copy()
    x[[3, 70], 1], x[70, 2] = np.nan, np.inf
    return tf.data.Dataset.from_tensor_slices((x, table.y)).batch(BATCH)


def test_a_dataset_with_nan_in_it_is_reported_though_its_loss_stays_finite() -> None:
    table = small_table()
    data = TrainingData(x=_dataset(), x_validation=table.x_validation, y_validation=table.y_validation)
    watched = Watched(table_job(_build, settings(epochs=2), data)).run()

    assert all(np.isfinite(ended.metrics["loss"]) for ended in watched.all(events.EpochEnded))
    details = [event.detail for event in watched.all(events.PhaseChanged)]
    assert details.count("epoch 1: the training inputs have NaN or infinite values") == 1
    strongest = watched.session.snapshot().findings[0]
    assert strongest.name == "non_finite_features"
    assert "3" in strongest.sentence, "counted once, not once an epoch"
    assert "training inputs" in strongest.sentence


@pytest.mark.parametrize("kind", ["iterator", "host"])
def test_a_chunk_counts_what_is_not_finite_in_each_part(kind: str) -> None:
    import tensorflow as tf

    table = small_table()
    x, y, weight = table.x.copy(), table.y.copy(), np.ones(len(table.y), np.float32)
    x[:2, 0], y[5], weight[[6, 7]] = np.nan, np.nan, np.inf
    if kind == "host":
        feed: Any = HostFeed(x, y, weight)
    else:
        feed = IteratorFeed(tf.data.Dataset.from_tensor_slices((x, y, weight)).batch(BATCH))
    model = _build(settings())
    build_model(model, feed.head())
    loop = TrainingLoop(model, feed)
    source = feed.begin_epoch(1, seed=0, batch_size=BATCH)
    step, found = 0, dict[str, int]()
    while step < len(x) // BATCH + 1:
        chunk = loop.run_chunk(source, step, step + 2, BATCH, stop_at_non_finite=False)
        step = chunk.step
        for part, count in chunk.non_finite_data.items():
            found[part] = found.get(part, 0) + count
        if chunk.exhausted:
            break
    assert found == {"training inputs": 2, "training targets": 1, "training sample weights": 2}


def test_arrays_on_the_device_are_searched_before_and_not_again() -> None:
    table = small_table()
    feed = ResidentFeed(table.x, table.y)
    assert not feed.unsearched
