"""The table says what is listed, formats the rows in sight, and keeps the most telling columns."""

import math
from dataclasses import replace

import numpy as np
import pytest

from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import score_probabilities
from fitmon.text.roles import Role
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.sample_browser import SampleBrowser
from fitmon.tui.drawing.sample_table import draw_table
from tests.tui.sample_observations import browsing, observed, random_scores, two_classes

NAMES = ("no", "yes")
FIRST = two_classes(0.4, 0.9, 0.7, labels=(1, 1, 0))
SECOND = two_classes(0.6, 0.875, 0.75, labels=(1, 1, 0))


def lines(browser: SampleBrowser, names: tuple[str, ...] = NAMES, width: int = 120, height: int = 12) -> list[str]:
    return [text_of(line) for line in draw_table(browser, names, width, height)]


def table(observation: Observation, names: tuple[str, ...] = NAMES, width: int = 120, threshold: float = 0.5) -> str:
    return "\n".join(lines(browsing(observation, threshold), names, width))


def test_a_row_shows_all_facts_of_a_sample() -> None:
    shown = lines(browsing(observed(FIRST, SECOND)))
    assert [" ".join(line.strip("│ ").split()) for line in shown[1:4]] == [
        "index true predicted p(true) margin loss change crossings kind",
        "▸ 2 ✗ no yes 0.2500 −0.5000 1.3863 ↓ 0.0500 0 too early",
        "0 ✓ yes yes 0.6000 +0.2000 0.5108 ↑ 0.2000 1 too early",
    ]


def test_columns_are_aligned() -> None:
    shown = lines(browsing(observed(random_scores(2_000, 3), random_scores(2_000, 3, seed=1))), ("a", "bb", "c"))
    ends = {line.index(line.split()[7]) for line in shown[2:-1]}
    assert len(ends) == 1


@pytest.mark.parametrize(
    ("keys", "heading"),
    [
        ((), "worst first: 3 samples"),
        (("order",), "nearest to the threshold first: 3 samples"),
        (("filter",), "worst first · wrong only: 1 of 3"),
        (("filter", "filter"), "worst first · newly crossed: 1 of 3"),
        (("filter", "class"), "worst first · wrong only · class no: 1 of 3"),
        (("class", "class"), "worst first · class yes: 2 of 3"),
    ],
)
def test_the_heading_shows_order_filters_and_count(keys: tuple[str, ...], heading: str) -> None:
    browser = browsing(observed(FIRST, SECOND))
    for key in keys:
        {"order": browser.next_order, "filter": browser.next_filter, "class": browser.next_class}[key]()
    assert f" {heading} " in lines(browser)[0]


def test_counts_have_thousands_separators_but_an_index_has_not() -> None:
    browser = browsing(observed(random_scores(12_000, 3)))
    browser.next_order()
    browser.next_order()
    browser.next_order()
    browser.go_last()
    shown = lines(browser, ())
    assert "by index: 12,000 samples" in shown[0]
    assert "row 12,000" in shown[0]
    assert shown[-2].startswith("│▸ 11999  ")


def test_a_narrow_heading_still_shows_the_count() -> None:
    browser = browsing(observed(FIRST, SECOND))
    browser.next_filter()
    browser.next_class()
    assert "wrong only · class no: 1 of 3" in lines(browser, width=40)[0]
    assert "worst" not in lines(browser, width=40)[0]


@pytest.mark.parametrize(
    ("filters", "why"),
    [
        (2, "no sample crossed in this epoch"),
        (3, "no sample lies within 0.1 of the threshold"),
        (4, "samples are classified after 3 epochs"),
    ],
)
def test_an_empty_list_says_why(filters: int, why: str) -> None:
    scores = two_classes(0.9, 0.8, 0.1, labels=(1, 1, 0))
    browser = browsing(observed(scores, scores))
    for _ in range(filters):
        browser.next_filter()
    assert why in "\n".join(lines(browser))


def test_an_empty_list_of_a_class_names_it() -> None:
    browser = browsing(observed(*[two_classes(0.9, 0.8, 0.7, labels=(1, 1, 0))] * 4))
    browser.next_class()
    browser.next_class()
    browser.next_filter()
    assert "no sample in class yes is misclassified" in "\n".join(lines(browser))
    for _ in range(3):
        browser.next_filter()
    assert "no sample in class yes is suspect" in "\n".join(lines(browser))


def test_without_an_earlier_epoch_nothing_can_have_crossed() -> None:
    browser = browsing(observed(FIRST))
    browser.next_filter()
    browser.next_filter()
    assert "no earlier epoch to compare with" in "\n".join(lines(browser))
    assert "change" not in lines(browsing(observed(FIRST)))[1]


def test_the_model_before_training_has_no_epoch_and_no_kind() -> None:
    text = table(observed(FIRST, first_epoch=0))
    assert "before training" in text
    assert "kind" not in text


def test_the_column_of_the_order_is_dropped_last() -> None:
    browser = browsing(observed(FIRST, SECOND))
    assert "loss" in lines(browser, width=50)[1]
    browser.next_order()
    assert "margin" in lines(browser, width=50)[1]
    browser.next_order()
    assert "change" in lines(browser, width=50)[1]
    assert "loss" not in lines(browser, width=50)[1]


def test_the_narrowest_table_still_distinguishes_right_and_wrong() -> None:
    header = lines(browsing(observed(FIRST, SECOND)), width=40)[1]
    assert header.strip("│ ").split() == ["index", "true", "predicted", "p(true)"]
    assert "✗" in table(observed(FIRST, SECOND), width=40)


def test_the_selected_row_has_a_mark_and_a_style_and_wrong_ones_a_sign() -> None:
    rows = draw_table(browsing(observed(FIRST, SECOND)), NAMES, 120, 12)
    assert ("▸", Role.MARK) in rows[2]
    assert any(role is Role.STRONG for _, role in rows[2])
    assert any("✗" in text and role is Role.BAD for text, role in rows[2])
    assert any("✓" in text and role is Role.GOOD for text, role in rows[3])
    assert not any(role is Role.STRONG for _, role in rows[3])


def test_the_threshold_of_the_view_decides_what_is_predicted() -> None:
    browser = browsing(observed(FIRST, SECOND), threshold=0.7)
    wrong = [line for line in lines(browser) if "✗" in line]
    assert [line.split()[1] for line in (line.replace("▸", " ") for line in wrong)] == ["2", "0"]
    assert "crossings and kind: at the run's threshold 0.5" in "\n".join(lines(browser))
    assert "at the run's threshold" not in table(observed(FIRST, SECOND))


def test_a_nan_prediction_shows_dashes() -> None:
    text = table(observed(*[two_classes(math.nan, 0.9, labels=(1, 1))] * 4))
    assert "nan" not in text.lower()
    assert "▸     0  ✗  yes   –                –        –         –         –          0  too early" in text


def test_an_infinite_loss_is_shown_as_such() -> None:
    assert " inf " in table(observed(two_classes(0.0, 0.9, labels=(1, 1))))


def test_several_labels_a_sample_are_listed_one_by_one_by_the_name_of_the_label() -> None:
    scores = replace(two_classes(0.1, 0.9, 0.2, 0.8, labels=(1, 1, 0, 0)), labels=2)
    browser = browsing(observed(scores))
    shown = lines(browser, ("cat", "dog"))
    assert "4 labels" in shown[0]
    assert shown[1].split()[1:5] == ["index", "label", "true", "predicted"]
    assert [line.replace("▸", " ").split()[1:6] for line in shown[2:4]] == [
        ["0", "cat", "✗", "1", "0"],
        ["1", "dog", "✗", "0", "1"],
    ]
    browser.next_class()
    assert "label cat: 2 of 4" in lines(browser, ("cat", "dog"))[0]


def test_names_are_clipped_and_cannot_control_the_terminal() -> None:
    hostile = ("\x1b[2J[bold]no[/bold]\x1b]0;title\x07", "y" * 5_000)
    browser = browsing(observed(FIRST, SECOND))
    browser.next_class()
    text = "\n".join(lines(browser, hostile))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "[bold]no" in text
    assert "yyyyyyyyyyyyyy" not in text


def test_names_that_clipping_makes_equal_are_preceded_by_their_number() -> None:
    text = table(observed(FIRST, SECOND), ("a species of iris called setosa", "a species of iris called virginica"))
    assert "0 a species" in text
    assert "1 a species" in text


def test_columns_stay_aligned_with_wide_characters() -> None:
    rows = draw_table(browsing(observed(FIRST, SECOND)), ("猫" * 20, "いいえ"), 120, 12)
    assert {width_of(line) for line in rows} == {120}


OBSERVATIONS = {
    "two classes": observed(*[random_scores(300, 2, seed) for seed in range(5)]),
    "thousands of classes": observed(random_scores(300, 5_000), random_scores(300, 5_000, seed=1)),
    "one sample": observed(two_classes(0.5, labels=(1,))),
    "one class": observed(two_classes(0.4, 0.6, 0.7, labels=(1, 1, 1))),
    "no numbers": observed(two_classes(math.nan, math.nan, labels=(1, 0))),
    "no losses": observed(score_probabilities(np.array([0.1, 0.9]), np.array([1, 1]))),
}


@pytest.mark.parametrize("observation", OBSERVATIONS.values(), ids=OBSERVATIONS.keys())
@pytest.mark.parametrize("size", [(40, 7), (40, 10), (54, 20), (80, 20), (120, 36), (200, 50), (5, 2), (1, 1)])
@pytest.mark.parametrize("filters", [0, 1, 4])
def test_no_size_breaks_the_table(observation: Observation, size: tuple[int, int], filters: int) -> None:
    browser = browsing(observation, 0.3)
    for _ in range(filters):
        browser.next_filter()
    browser.go_last()
    names = tuple(f"class number {number}" for number in range(5_000))
    rows = draw_table(browser, names, *size)
    assert len(rows) == size[1]
    assert {width_of(line) for line in rows} == {size[0]}
    assert not any("nan" in text_of(line) for line in rows)
