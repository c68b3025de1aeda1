"""What is wrong with the values of the data is said before the first epoch, whatever the loss makes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from fitmon.engine import events
from tests.engine.watching import Watched, build_table_model, settings, small_table, table_job

pytestmark = pytest.mark.slow


def _started(**changes: Any) -> events.RunStarted:
    data = replace(small_table(), **changes)
    job = table_job(build_table_model, settings(epochs=1), data)
    return Watched(job, stop_when_non_finite=True).run().one(events.RunStarted)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("x", "training inputs"),
        ("y", "training targets"),
        ("x_validation", "validation inputs"),
        ("y_validation", "validation targets"),
    ],
)
def test_nan_in_arrays_is_noted_before_the_first_epoch(part: str, name: str) -> None:
    values = np.array(getattr(small_table(), part), dtype=np.float32)
    values.reshape(-1)[:3] = np.nan, np.inf, np.nan
    started = _started(**{part: values})
    assert started.notes == (
        f"The {name} have 3 NaN or infinite values; the model may silently treat such values as 0.",
    )
    assert started.facts
    assert started.facts.non_finite_parts == {name: 3}


def test_nan_in_sample_weights_is_noted() -> None:
    weights = np.ones(len(small_table().x), np.float32)
    weights[0] = np.nan
    (note,) = _started(sample_weight=weights).notes
    assert note.startswith("The training sample weights have 1 NaN or infinite value;")


def test_clean_data_has_no_note() -> None:
    assert _started().notes == ()
