"""A line for each class: what is found of it, what is right of its answers, and a bar."""

import re
from dataclasses import replace

import numpy as np
import pytest

from fitmon.engine.insight.confusion import ClassMeasures
from fitmon.engine.insight.scores import score_probabilities
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.class_bars import class_labels, class_name, draw_class_bars, measure_labels


def measured(support: int, answered: int, found: int) -> ClassMeasures:
    return ClassMeasures(support=support, answered=answered, found=found)


def drawn(*measures: ClassMeasures, names: tuple[str, ...] = (), width: int = 70, height: int = 14) -> list[str]:
    return [text_of(line) for line in draw_class_bars(measures, names, width, height)]


def test_recall_precision_f1_and_support_are_below_their_headings() -> None:
    lines = drawn(measured(1200, 1000, 900), names=("cat",))
    assert lines[1].split("│")[1].split() == ["class", "samples", "recall", "precision", "F1", "0.8", "1"]
    assert lines[2].split("│")[1].split()[:5] == ["cat", "1,200", "0.750", "0.900", "0.818"]
    for heading, value in (("samples", "1,200"), ("recall", "0.750"), ("precision", "0.900"), ("F1", "0.818")):
        assert lines[1].index(heading) + len(heading) == lines[2].index(value) + len(value)


@pytest.mark.parametrize(
    ("found", "start", "filled"),
    [
        ((98, 99), "0.98", [0.0, 0.5]),
        ((90, 95), "0.9", [0.0, 0.5]),
        ((75, 100), "0.5", [0.5, 1.0]),
        ((0, 40), "0", [0, 0.4]),
    ],
)
def test_bars_start_at_a_round_value_that_the_axis_names(
    found: tuple[int, int], start: str, filled: list[float]
) -> None:
    lines = drawn(*(measured(100, 100, each) for each in found), width=85)
    assert lines[1].split("│")[1].split()[-2:] == [start, "1"]
    for line, part in zip(lines[2:4], filled, strict=True):
        bar = re.sub("[^━╸─]", "", line)
        assert bar.count("━") + bar.count("╸") / 2 == pytest.approx(max(part * len(bar), 0.5), abs=0.5)


def test_classes_between_0_9_and_1_are_told_apart_by_their_bars() -> None:
    lines = drawn(*(measured(1000, 1000, 900 + 10 * place) for place in range(11)), height=16, width=85)
    lengths = [line.count("━") * 2 + line.count("╸") for line in lines[2:13]]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) == len(lengths)


def test_few_classes_are_in_label_order() -> None:
    lines = drawn(measured(10, 10, 9), measured(10, 10, 1), names=("good", "bad"))
    assert "worst" not in lines[0]
    assert [line.split()[1] for line in lines[2:4]] == ["good", "bad"]


def test_more_classes_than_rows_show_the_worst_and_how_many_more() -> None:
    measures = [measured(100, 100, 100 - place) for place in range(30)]
    lines = drawn(*measures, height=7)
    assert "worst F1 first" in lines[0]
    assert [line.split()[1] for line in lines[2:5]] == ["29", "28", "27"]
    assert "and 27 more classes, F1 from 0.740" in lines[5]


def test_a_class_without_samples_and_one_never_predicted_are_described_in_words() -> None:
    lines = drawn(measured(0, 0, 0), measured(0, 3, 0), measured(8, 0, 0))
    assert "no samples " in lines[2]
    assert "none, predicted 3×" in lines[3]
    assert "0.000 never predicted" in lines[4]
    assert "nan" not in "".join(lines)


def test_classes_without_samples_come_last_however_many_there_are() -> None:
    lines = drawn(*[measured(0, 0, 0)] * 20, measured(10, 10, 5), height=6)
    assert lines[2].split()[1] == "20"
    assert "and 19 more classes without samples" in lines[4]


def test_of_equally_bad_classes_the_largest_comes_first() -> None:
    lines = drawn(*[measured(1 + place, 0, 0) for place in range(12)], height=6)
    assert lines[2].split()[1] == "11"


def test_labels_are_counted_one_by_one_at_the_threshold() -> None:
    probability = np.array([0.9, 0.2, 0.8, 0.6, 0.4, np.nan], dtype=np.float32)  # three samples of two labels
    scores = replace(score_probabilities(probability, np.array([1, 0, 0, 1, 1, 1])), labels=2)
    assert measure_labels(scores, 0.5) == (measured(2, 2, 1), measured(1, 1, 1))
    assert measure_labels(scores, 0.7) == (measured(2, 2, 1), measured(1, 0, 0))


def test_clipped_names_include_their_number() -> None:
    assert class_labels(("cat", "dog"), [1, 0], 5) == ["dog  ", "cat  "]
    assert class_labels(("versicolor", "dog"), [0, 1], 6) == ["0 ver…", "1 dog "]
    assert class_labels(("versicolor", "dog"), [0, 1], 3) == ["0  ", "1  "]


def test_a_class_without_a_usable_name_goes_by_its_number() -> None:
    assert class_name(("", " \t", "\x1b[31mred"), 0) == "0"
    assert class_name(("", " \t", "\x1b[31mred"), 1) == "1"
    assert class_name(("", " \t", "\x1b[31mred"), 2) == "red"
    assert class_name((), 7) == "7"


def test_every_size_is_filled_exactly() -> None:
    measures = [measured(place, place // 2, place // 3) for place in range(15)]
    names = tuple(f"名前 number {place}" for place in range(15))
    for width in range(1, 90, 3):
        for height in range(1, 20):
            rows = draw_class_bars(measures, names, width, height)
            assert len(rows) == height
            assert {width_of(line) for line in rows} == {width}
