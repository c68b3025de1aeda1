"""Training and validation are compared by their distributions, against chance."""

from __future__ import annotations

import numpy as np
import pytest

from fitmon.engine.diagnosis.differences import differences, scales_apart, zeros_apart

RANDOM = np.random.default_rng(4)


def table(rows: int, columns: int = 6, scale: float = 1.0, shift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(rows).normal(shift, scale, (rows, columns))


def test_random_splits_do_not_differ_whatever_their_sizes_and_tails() -> None:
    draws = (
        RANDOM.normal,
        RANDOM.standard_cauchy,
        lambda size: RANDOM.lognormal(0, 2, size),
        lambda size: RANDOM.binomial(1, 0.03, size),
    )
    found = [
        differences(draw(size=(training, 8)), draw(size=(validation, 8)))
        for draw in draws
        for training, validation in ((1_000, 8), (1_000, 30), (300, 100), (20, 20))
        for _ in range(10)
    ]
    assert not any(found)


@pytest.mark.parametrize(
    ("scale", "shift", "differs"),
    [(1.0, 0.0, False), (2.0, 0.0, False), (5.0, 0.0, True), (0.1, 0.0, True), (1.0, 3.0, True), (1.0, 0.5, False)],
)
def test_another_scale_or_mean_is_a_difference(scale: float, shift: float, differs: bool) -> None:
    found = differences(table(1_000), table(400, scale=scale, shift=shift))
    assert bool(found) is differs
    assert all(scales_apart(difference) for difference in found)


def test_the_feature_that_differs_is_named_with_the_numbers_of_both_sides() -> None:
    validation = table(400)
    validation[:, 2] *= 100
    (found,) = differences(table(1_000), validation, ("a", "b", "income", "d", "e", "f"))
    assert found.what == "income"
    assert found.training_scale == pytest.approx(1, abs=0.1)
    assert found.validation_scale == pytest.approx(100, rel=0.1)
    (unnamed,) = differences(table(1_000), validation)
    assert unnamed.what == "feature 2"


def test_images_are_compared_as_a_whole() -> None:
    images = RANDOM.uniform(0, 1, (300, 8, 8, 1))
    (found,) = differences(images[:200], 255 * images[200:])
    assert found.what == "the inputs"
    assert (found.training_high, found.validation_high) == pytest.approx((1, 255), rel=0.01)
    assert not differences(images[:200], images[200:])


def test_missing_values_filled_with_zeros_on_one_side_are_a_difference() -> None:
    validation = table(400, shift=2.0)
    validation[:280, 1] = 0
    (found,) = differences(table(1_000, shift=2.0), validation)
    assert zeros_apart(found)
    assert found.validation_zeros == pytest.approx(0.7)


def test_texts_and_a_few_rows_are_not_compared() -> None:
    assert not differences(np.array([["a"], ["b"]] * 20), np.array([["c"]] * 20))
    assert not differences(table(5), table(5, scale=100))
    assert not differences(table(50), None)


def test_several_inputs_are_compared_one_by_one() -> None:
    one, other = table(100), table(100, 3)
    assert len(differences({"a": one, "b": other}, {"a": one, "b": 50 * other})) == 3
