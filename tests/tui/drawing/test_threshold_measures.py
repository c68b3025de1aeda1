"""Measures, confusion matrix and context of two classes, by hand."""

import numpy as np
import pytest

from fitmon.engine.insight.baseline import Baseline, measure_baseline
from fitmon.engine.insight.scores import score_probabilities
from fitmon.engine.insight.threshold_choice import ConfusionCounts
from fitmon.text.roles import Role
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.threshold_confusion import confusion_rows
from fitmon.tui.drawing.threshold_context import context_rows
from fitmon.tui.drawing.threshold_measures import Measure, measure_rows

COUNTS = ConfusionCounts(true_positive=1_234, false_positive=56, false_negative=7, true_negative=89_000)


def test_measures_are_in_columns_with_the_longest_wording_that_fits() -> None:
    measures = [Measure("F1", "0.5000", ("of precision and recall", "of both")), Measure("accuracy", "1e-3")]
    assert [text_of(line).rstrip() for line in measure_rows(measures, 60)] == [
        " F1        0.5000  of precision and recall",
        " accuracy    1e-3",
    ]
    assert text_of(measure_rows(measures, 30)[0]) == " F1        0.5000  of both"
    assert measure_rows([], 30) == []


def test_a_row_of_the_matrix_is_a_true_class_and_a_column_a_prediction() -> None:
    rows = confusion_rows(COUNTS, ("no", "yes"), 58)
    assert [text_of(line) for line in rows] == [
        " true ↓ predicted →      no     yes",
        " no                  89,000      56",
        " yes                      7   1,234",
    ]
    assert [role for _, role in rows[1]] == [Role.FAINT, Role.GOOD, Role.BAD]
    assert [role for _, role in rows[2]] == [Role.FAINT, Role.BAD, Role.GOOD]


@pytest.mark.parametrize("names", [("no", "yes"), ("a" * 90, "b" * 90), ("否" * 40, "是"), ("", "")])
@pytest.mark.parametrize("width", [1, 20, 33, 36, 44, 58, 200])
def test_the_matrix_fits_its_width_or_is_left_out(names: tuple[str, str], width: int) -> None:
    rows = confusion_rows(COUNTS, names, width)
    assert (len(rows) == 3) == (width >= 36), "18 for the corner, 6 for 89,000 twice, and the gaps"
    assert all(width_of(line) <= width for line in rows)
    assert len({width_of(line) for line in rows}) <= 1


def test_several_classes_have_no_matrix_here() -> None:
    assert confusion_rows(None, ("a", "b"), 58) == []


def baseline(*labels: int) -> Baseline:
    return measure_baseline(score_probabilities(np.full(len(labels), 0.5, np.float32), np.array(labels)), 0.5)


def words(found: Baseline, right: int) -> list[str]:
    return [text_of(line).rstrip() for line in context_rows(found, right, "no", 58)]


def test_an_accuracy_is_compared_with_the_majority_class_and_with_chance() -> None:
    balanced = baseline(*[0] * 50, *[1] * 50)
    assert words(balanced, 95) == [
        " baseline  0.5000  always predicting no",
        " 95% band  0.8882  to 0.9785: noise of 100 samples",
    ], "Wilson's interval of 95 of 100"
    assert words(balanced, 55)[-1] == " within the noise of the baseline"
    assert words(balanced, 20)[-1] == " worse than the baseline"


def test_one_sample_and_one_class_are_named_as_such() -> None:
    assert words(baseline(0, 0, 0), 3) == [" all samples are of class no: accuracy says little"]
    assert words(baseline(0), 1) == [" all samples are of class no: accuracy says little"]
