"""The probabilities of all classes of a sample are bars, and say without color which class is true and predicted."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fitmon.engine.insight.observer import Observation, Observer
from fitmon.engine.insight.scores import score_probabilities
from fitmon.text.roles import Role
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.chosen_sample import ChosenSample
from fitmon.tui.drawing.sample_probabilities import draw_probabilities
from tests.tui.sample_observations import observed, two_classes


def of_classes(*probabilities: float, label: int) -> Observation:
    shares = np.array([probabilities], dtype=np.float32)
    scores = score_probabilities(shares, np.array([label]))
    return Observer(1, 0.5).observe(scores, 1, probabilities=shares)


def drawn(
    observation: Observation,
    width: int = 40,
    height: int = 12,
    *,
    entry: int = 0,
    threshold: float = 0.5,
    names: tuple[str, ...] = ("cat", "dog", "bird"),
) -> list[str]:
    chosen = ChosenSample(observation, threshold, entry, None, names)
    return [text_of(line) for line in draw_probabilities(chosen, width, height)]


def test_every_class_has_a_bar_in_class_order_with_the_true_and_the_predicted_one_marked() -> None:
    heading, *lines = drawn(of_classes(0.25, 0.7, 0.05, label=0))
    assert heading == "probabilities  ✓ true ✗ predicted"
    assert [line.split()[0] for line in lines] == ["✓", "✗", "bird"]
    assert [line.split()[-1] for line in lines] == ["0.2500", "0.7000", "0.0500"]
    lengths = [line.count("━") * 2 + line.count("╸") for line in lines]
    assert lengths == pytest.approx([0.25 * 52, 0.7 * 52, 0.05 * 52], abs=1)


def test_a_right_prediction_has_one_mark() -> None:
    heading, *lines = drawn(of_classes(0.8, 0.1, 0.1, label=0))
    assert heading == "probabilities  ✓ true, predicted"
    assert "".join(lines).count("✓") == 1
    assert "✗" not in "".join(lines)


def test_two_classes_follow_the_threshold() -> None:
    observation = observed(two_classes(0.6, labels=(1,)))
    names = ("no", "yes")
    assert [line[0] for line in drawn(observation, names=names)[1:]] == [" ", "✓"]
    assert [line[0] for line in drawn(observation, names=names, threshold=0.7)[1:]] == ["✗", "✓"]
    assert [line.split()[-1] for line in drawn(observation, names=names)[1:]] == ["0.4000", "0.6000"]


def test_several_labels_show_which_apply_and_which_are_wrong() -> None:
    scores = replace(two_classes(0.9, 0.8, 0.2, 0.1, 0.4, 0.7, labels=(1, 0, 0, 1, 1, 1)), labels=3)
    heading, *lines = drawn(observed(scores), entry=4)
    assert heading == "labels  ✓ applies ✗ wrong"
    assert [line.split()[-1] for line in lines] == ["0.1000", "0.4000", "0.7000"], "those of the second sample"
    assert [line[0] for line in lines] == ["✗", "✗", "✓"]


def test_of_many_classes_the_true_the_predicted_and_the_most_probable_are_shown() -> None:
    shares = np.full(1000, 1e-4, dtype=np.float32)
    shares[[17, 500, 900]] = 0.5, 0.2, 0.1
    lines = drawn(of_classes(*shares.tolist(), label=3), height=6, names=())
    assert [line.split()[-3 if line[0] == " " else 1] for line in lines[1:5]] == ["3", "17", "500", "900"]
    assert lines[5] == "and 996 more, at most 0.0001"


def test_nan_and_unknown_probabilities_are_never_shown_as_numbers() -> None:
    lines = drawn(of_classes(math.nan, math.nan, math.nan, label=0))
    assert all(line.endswith("–") for line in lines[1:])
    unknown = score_probabilities(np.full((1, 3), 1 / 3, dtype=np.float32), np.array([0]))
    assert drawn(Observer(1, 0.5).observe(unknown, 1)) == []


def test_names_cannot_control_the_terminal() -> None:
    assert "\x1b" not in "".join(drawn(of_classes(0.5, 0.5, label=0), names=("\x1b[2Ja", "b")))


@pytest.mark.parametrize("width", [1, 12, 13, 14, 20, 24, 40, 200])
@pytest.mark.parametrize("height", [0, 1, 3, 4, 9, 40])
def test_no_size_is_exceeded(width: int, height: int) -> None:
    for classes in (2, 3, 10, 300):
        observation = of_classes(*[1 / classes] * classes, label=1)
        chosen = ChosenSample(observation, 0.5, 0, None, ("a rather long name of a class",) * classes)
        rows = draw_probabilities(chosen, width, height)
        assert len(rows) <= height
        assert all(width_of(line) <= width for line in rows)
        assert all(isinstance(role, Role) for line in rows for _, role in line)
