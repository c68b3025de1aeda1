"""iris can be split as its tutorial split it, by Keras's own `validation_split`: what that does to a sorted file."""

from __future__ import annotations

import numpy as np
import pytest

from fitmon.engine.errors import UsageError
from fitmon.engine.job import TrainingData
from fitmon.presets import PRESETS, preset_named


def _data(split: str | None) -> TrainingData:
    job = preset_named("iris").job(split=split)
    return job.load(job.settings, lambda _: None)


def test_the_last_fifth_of_the_file_is_of_one_class() -> None:
    data = _data("last")
    assert data.y.sum(axis=0).tolist() == [50, 50, 20]
    assert data.y_validation.sum(axis=0).tolist() == [0, 0, 30]


def test_it_is_what_keras_takes_in_file_order() -> None:
    from keras.src.trainers.data_adapters.array_slicing import train_validation_split
    from sklearn.datasets import load_iris

    table, data = load_iris(), _data("last")
    (first, _), (last, labels) = train_validation_split((table.data, table.target), 0.2)
    assert data.x_validation_original == pytest.approx(last)
    assert np.array_equal(data.y_validation.argmax(axis=1), labels)
    assert data.x == pytest.approx((first - first.mean(axis=0)) / first.std(axis=0), abs=1e-6)


def test_a_stratified_split_is_the_preset_s_own() -> None:
    assert np.array_equal(_data("stratified").x, _data(None).x)
    assert not np.array_equal(_data("stratified").x, _data("last").x)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_split_that_a_preset_does_not_have_is_refused(preset: str) -> None:
    names = "stratified, last" if preset == "iris" else "stratified"
    with pytest.raises(UsageError, match=f"Expected the split to be one of {names}; received 'first'."):
        preset_named(preset).job(split="first")
