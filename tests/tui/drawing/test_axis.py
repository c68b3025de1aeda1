"""Axes have round labels that can be told apart."""

import random

import pytest

from fitmon.tui.drawing.axis import epoch_axis, power_axis, time_axis, value_axis


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0", "0.5", "1.0"]),
        (0.02, 0.31, ["0", "0.2", "0.4"]),
        (90, 310, ["100", "200", "300"]),
        (-1, 1, ["-1", "0", "1"]),
        (0.93, 0.985, ["0.94", "0.96", "0.98"]),
    ],
)
def test_the_value_axis_has_round_numbers(low: float, high: float, labels: list[str]) -> None:
    assert set(labels) <= {label for _, label in value_axis(low, high, 9).ticks}


def test_every_value_axis_holds_its_values_and_has_distinct_labels() -> None:
    chance = random.Random(0)  # noqa: S311
    for _ in range(3000):
        low = chance.choice((-1, 0, 1)) * 10 ** chance.uniform(-12, 12)
        high, rows = low + 10 ** chance.uniform(-12, 12), chance.randrange(1, 60)
        axis = value_axis(low, high, rows)
        assert axis.low <= low <= high <= axis.high
        labels = [label for _, label in axis.ticks]
        assert len(set(labels)) == len(labels), (low, high, rows)
        assert all(0 <= share <= 1 for share, _ in axis.ticks)
        assert len(labels) >= 2 or rows < 4, (low, high, rows)


@pytest.mark.parametrize("value", [0.0, 5.0, -3e-7, 1e300, 5e-324, 1e-290])
def test_a_level_line_has_an_axis_around_it(value: float) -> None:
    axis = value_axis(value, value, 9)
    assert 0.3 < axis.share(value) < 0.7
    assert len({label for _, label in axis.ticks}) >= 2


def test_a_logarithmic_axis_names_powers_or_1_2_5_and_at_least_two_values() -> None:
    assert [label for _, label in power_axis(1e-3, 1, 9).ticks] == ["1e-3", "0.01", "0.1", "1"]
    assert [label for _, label in power_axis(0.05, 2, 14).ticks] == ["0.05", "0.1", "0.2", "0.5", "1", "2"]
    assert len(power_axis(0.31, 0.34, 9).ticks) >= 2
    assert len(power_axis(1e-300, 1e300, 9).ticks) >= 2


def test_the_epoch_axis_has_whole_epochs_only() -> None:
    for last in (1, 2, 7, 40, 1000, 123_456):
        axis = epoch_axis(0, last, 60)
        labels = [label for _, label in axis.ticks]
        assert all(label == str(round(share * last)) for share, label in axis.ticks)
        assert sum(map(len, labels)) + 2 * len(labels) <= 62
        assert len(labels) >= 2


@pytest.mark.parametrize(
    ("last", "some"),
    [(0.01, "0.004s"), (1.3, "0.5s"), (40, "0:20"), (400, "2:00"), (40_000, "6:00:00"), (1e7, "50d00:00")],
)
def test_the_time_axis_has_round_times(last: float, some: str) -> None:
    assert some in [label for _, label in time_axis(0, last, 40).ticks]
