"""The curves that rules read: complete, aligned with the epochs, and never changed once returned."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fitmon.engine.diagnosis.curves import MIN_CAPACITY, EpochCurves
from fitmon.engine.record.series import Curve


def test_a_value_is_at_its_epoch_and_nan_where_there_is_none() -> None:
    curves = EpochCurves()
    curves.append({"loss": 3.0})
    curves.append({"loss": 2.0, "rise": 0.5})
    curves.append({"loss": 1.0})
    views = curves.views()
    np.testing.assert_array_equal(views["loss"], [3.0, 2.0, 1.0])
    np.testing.assert_array_equal(views["rise"], [math.nan, 0.5, math.nan])


def test_what_was_handed_out_neither_changes_nor_can_be_changed() -> None:
    curves = EpochCurves()
    curves.append({"loss": 1.0})
    early = curves.views()["loss"]
    for epoch in range(3 * MIN_CAPACITY):
        curves.append({"loss": float(epoch)})
    np.testing.assert_array_equal(early, [1.0])
    with pytest.raises(ValueError, match="read-only"):
        early[0] = 2.0
    assert len(curves.views()["loss"]) == 3 * MIN_CAPACITY + 1


def test_curves_are_read_from_a_record_up_to_the_epoch_rewound_to() -> None:
    epochs = np.arange(1.0, 201.0)
    record = {"loss": Curve(epochs, 1 / epochs), "rise": Curve(epochs[99:], epochs[99:])}
    curves = EpochCurves.of(record, 150)
    curves.append({"loss": 7.0})
    views = curves.views()
    np.testing.assert_array_equal(views["loss"], [*(1 / epochs[:150]), 7.0])
    np.testing.assert_array_equal(views["rise"][99:], [*epochs[99:150], math.nan])
    assert np.isnan(views["rise"][:99]).all()
