"""How long chunks are, what order samples have, and which arrays are refused."""

from __future__ import annotations

import numpy as np
import pytest

from fitmon.engine.data.feed import ResidentFeed, epoch_order, weights_for_classes
from fitmon.engine.errors import DataError
from fitmon.engine.graph import Pacer

pytestmark = pytest.mark.slow


def test_chunks_grow_to_a_tenth_of_a_second_and_no_faster_than_fourfold() -> None:
    pacer = Pacer()
    lengths = []
    for _ in range(8):
        steps = pacer.next_steps()
        lengths.append(steps)
        pacer.took(steps, steps * 0.001)
    assert lengths == [1, 4, 16, 64, 100, 100, 100, 100]


def test_chunks_shrink_at_once_when_steps_become_slow_and_never_below_one_step() -> None:
    pacer = Pacer()
    for _ in range(8):
        pacer.took(pacer.next_steps(), pacer.next_steps() * 0.001)
    pacer.took(100, 100.0)
    assert pacer.next_steps() == 1
    pacer.took(1, 50.0)
    assert pacer.next_steps() == 1


def test_every_epoch_has_an_order_of_its_own_that_depends_on_the_seed_alone() -> None:
    orders = {(seed, epoch): epoch_order(1000, seed, epoch).tolist() for seed in (0, 1) for epoch in (1, 2, 3)}
    assert all(sorted(order) == list(range(1000)) for order in orders.values())
    assert len({tuple(order) for order in orders.values()}) == 6
    assert epoch_order(1000, 1, 3).tolist() == orders[1, 3]


def test_the_order_is_that_of_the_published_generator() -> None:
    """Philox keyed by (seed, epoch); a change would make every earlier run impossible to repeat."""
    key = np.array([5, 7], dtype=np.uint64)
    expected = np.random.Generator(np.random.Philox(key=key)).permutation(50)
    assert epoch_order(50, 5, 7).tolist() == expected.tolist()


def test_inputs_and_targets_of_different_length_are_refused() -> None:
    with pytest.raises(DataError, match=r"one length, received lengths \[3, 4\]"):
        ResidentFeed(np.zeros((3, 2)), np.zeros(4))


def test_no_samples_at_all_are_refused() -> None:
    with pytest.raises(DataError, match="at least one sample"):
        ResidentFeed(np.zeros((0, 2)), np.zeros(0))


def test_sample_and_class_weights_together_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be combined"):
        weights_for_classes(np.zeros(3), np.ones(3), {0: 2.0})
