"""Labels of batches are counted in passing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.data.label_order import LabelCounts
from fitmon.engine.job import Job, TrainingData
from tests.engine.watching import Watched, settings

pytestmark = pytest.mark.slow

LABELS = np.repeat(np.arange(3), 20)


def test_pairs_agree_by_hand() -> None:
    counts = LabelCounts(np.array([2, 2]), pairs=4, pairs_alike=4, others=0)
    within, overall = counts.agreement or (0, 0)
    assert within == 1
    assert overall == pytest.approx((2 + 2) / 12)
    assert LabelCounts(np.array([2, 2]), pairs=4, pairs_alike=4, others=1).agreement is None


def facts_of(labels: Any, *, order: Any, loss: str = "sparse_categorical_crossentropy", units: int = 3) -> Any:
    """Train one epoch on batches in an order, and return what is known of their labels."""
    import keras
    import tensorflow as tf

    x = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    batches = tf.data.Dataset.from_tensor_slices((x[order], labels[order])).batch(10)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(units, "softmax" if units > 1 else None)])
    model.compile("sgd", loss, jit_compile=False)
    data = TrainingData(x=batches, x_validation=x, y_validation=labels)
    job = Job(name="job", settings=settings(epochs=1), load=lambda *_: data, build=lambda *_: model)
    watched = Watched(job).run()
    (ended,) = watched.all(events.EpochEnded)
    return {finding.name: finding.sentence for finding in ended.findings or ()}


@pytest.mark.parametrize(
    ("labels", "loss"),
    [(LABELS, "sparse_categorical_crossentropy"), (np.eye(3)[LABELS], "categorical_crossentropy")],
    ids=["numbers", "one-hot"],
)
def test_sorted_batches_are_found_and_shuffled_ones_are_not(labels: Any, loss: str) -> None:
    in_order, shuffled = np.arange(60), np.random.default_rng(1).permutation(60)
    found = facts_of(labels, order=in_order, loss=loss)
    assert "in 100% of all pairs, two of the whole epoch in 32%" in found["sorted_labels"]
    assert "sorted_labels" not in facts_of(labels, order=shuffled, loss=loss)


def test_quantities_are_no_labels() -> None:
    quantities = np.sort(np.random.default_rng(2).normal(size=60)).astype(np.float32)
    assert "sorted_labels" not in facts_of(quantities, order=np.arange(60), loss="mse", units=1)
