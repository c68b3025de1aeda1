"""Whether outputs are probabilities or logits is seen from their values, of any shape and in any number."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from fitmon.engine.evaluation.output_kinds import kind_of_outputs
from fitmon.engine.job import Job, TrainingData
from tests.engine.watching import Watched, settings

RANDOM = np.random.default_rng(11)


def logits(rows: int, columns: int) -> Any:
    return RANDOM.normal(size=(rows, columns)).astype(np.float32)


def test_softmax_rows_are_probabilities_and_raw_outputs_are_logits() -> None:
    raw = logits(200, 5)
    shares = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    assert kind_of_outputs(shares, two_classes=False) == "probabilities"
    assert kind_of_outputs(raw, two_classes=False) == "logits"
    assert kind_of_outputs(shares[:20], two_classes=False) == "", "too few to say"


def test_logits_of_a_model_that_learned_nothing_are_not_taken_for_probabilities() -> None:
    near_the_class_frequencies = 0.4 + 0.1 * logits(500, 1)
    assert kind_of_outputs(near_the_class_frequencies, two_classes=True) == ""
    learned = 1 / (1 + np.exp(-6 * logits(500, 1)))
    assert kind_of_outputs(learned, two_classes=True) == "probabilities"


def findings_of(build: Any, y: Any) -> list[str]:
    x = RANDOM.normal(size=(96, 4, 4, 1)).astype(np.float32)
    data = TrainingData(x=x, y=y(x), x_validation=x[:48], y_validation=y(x[:48]))
    job = Job(
        name="outputs",
        settings=settings(batch_size=32, epochs=1),
        load=lambda *_: data,
        build=lambda *_: build(),
    )
    (ended,) = Watched(job).run().all(events.EpochEnded)
    return [finding.sentence for finding in ended.findings or () if finding.name == "output_mismatch"]


@pytest.mark.slow
def test_a_hidden_softmax_before_a_loss_from_logits_is_found_for_pixels() -> None:
    import keras

    def softmax(values: Any) -> Any:
        exponentials = keras.ops.exp(values)
        return exponentials / keras.ops.sum(exponentials, axis=-1, keepdims=True)

    def build() -> Any:
        outputs = [keras.layers.Conv2D(3, 1), keras.layers.Lambda(softmax)]
        model = keras.Sequential([keras.Input((4, 4, 1)), *outputs])
        model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
        return model

    (sentence,) = findings_of(build, lambda x: (x[..., 0] > 0).astype(np.int64) + (x[..., 0] > 1))
    assert "expects raw outputs, but the outputs are probabilities already" in sentence


@pytest.mark.slow
def test_logits_before_a_loss_of_probabilities_are_found_in_one_of_two_outputs() -> None:
    import keras

    def build() -> Any:
        inputs = keras.Input((4, 4, 1))
        flat = keras.layers.Flatten()(inputs)
        raw = keras.layers.Lambda(lambda values: 3 * values)(keras.layers.Dense(3)(flat))
        outputs = {"kind": keras.layers.Identity(name="kind")(raw), "mean": keras.layers.Dense(1, name="mean")(flat)}
        model = keras.Model(inputs, outputs)
        model.compile("sgd", {"kind": "sparse_categorical_crossentropy", "mean": "mse"}, jit_compile=False)
        return model

    def y(x: Any) -> dict[str, Any]:
        mean = x.mean(axis=(1, 2, 3))
        return {"kind": (mean > 0).astype(np.int64) + (mean > 0.2), "mean": mean[:, None]}

    (sentence,) = findings_of(build, y)
    assert sentence.startswith("Output 'kind': sparse_categorical_crossentropy expects probabilities")
