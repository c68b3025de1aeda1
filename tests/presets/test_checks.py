"""Arrays that would train into nonsense are refused in words."""

from typing import Any

import numpy as np
import pytest

from fitmon.engine.errors import DataError
from fitmon.presets.checks import checked_labels, one_hot, require_numbers, require_same_length


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([0, 9, 10]), "Expected labels in 0..9, received 10 (row 2 of y in FILE)."),
        (np.array([3, -1]), "Expected labels in 0..9, received -1 (row 1 of y in FILE)."),
        (np.array([0.5]), "Expected labels in 0..9, received 0.5 (row 0 of y in FILE)."),
        (np.array([1.0, np.nan]), "Expected finite numbers in y in FILE, received NaN or infinity (row 1)."),
        (np.array(["7"]), "Expected numbers in y in FILE, received values of type <U1."),
        (np.eye(10), "Expected one label per row in y in FILE, received the shape (10, 10)."),
        (np.array(3), "Expected one label per row in y in FILE, received the shape ()."),
    ],
)
def test_labels_that_are_not_class_numbers_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(DataError) as refusal:
        checked_labels(labels, classes=10, name="y in FILE")
    assert str(refusal.value) == message


def test_labels_may_be_a_column_and_whole_floats() -> None:
    assert checked_labels(np.array([[1.0], [2.0]]), classes=3, name="y").tolist() == [1, 2]


def test_labels_become_columns() -> None:
    assert one_hot(np.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_large_finite_numbers_are_no_infinity() -> None:
    require_numbers(np.full(10, 3e38, np.float32), name="x")


@pytest.mark.parametrize("row", [0, 4095, 4096, 9999])
def test_a_non_finite_value_in_any_block_is_reported_with_its_row(row: int) -> None:
    values = np.full((10_000, 2), 1e308)
    require_numbers(values, name="x")
    values[row, 1] = -np.inf
    with pytest.raises(DataError, match=rf"^Expected finite numbers in x, received NaN or infinity \(row {row}\)\.$"):
        require_numbers(values, name="x")


def test_every_input_needs_its_label() -> None:
    with pytest.raises(DataError, match=r"Expected as many labels as inputs in FILE, received 2 for 3."):
        require_same_length(np.zeros(3), np.zeros(2), name="FILE")


def test_no_samples_are_no_data() -> None:
    with pytest.raises(DataError, match=r"There are no samples in FILE."):
        require_same_length(np.zeros(0), np.zeros(0), name="FILE")
