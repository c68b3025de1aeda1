"""The chosen sample stays chosen while epochs come, and the keys move it within what is listed."""

import pytest

from fitmon.tui.drawing.sample_browser import SampleBrowser
from fitmon.tui.drawing.sample_order import Only, Order
from tests.tui.sample_observations import browsing, observed, random_scores, two_classes

FIRST = two_classes(0.1, 0.2, 0.3, 0.4, labels=(1, 1, 1, 1))
SECOND = two_classes(0.4, 0.9, 0.2, 0.1, labels=(1, 1, 1, 1))


def test_the_worst_is_selected_first_and_the_keys_move_from_there() -> None:
    browser = browsing(observed(FIRST))
    assert browser.chosen() == 0
    browser.move(2)
    assert (browser.chosen(), browser.row) == (2, 2)
    browser.move(-1)
    assert browser.chosen() == 1
    browser.go_last()
    assert browser.chosen() == 3
    browser.go_first()
    assert browser.chosen() == 0


@pytest.mark.parametrize(("rows", "expected"), [(100, 3), (-100, 0)])
def test_the_selection_stops_at_the_ends_of_the_list(rows: int, expected: int) -> None:
    browser = browsing(observed(FIRST))
    browser.move(rows)
    assert browser.chosen() == expected


def test_a_page_is_as_long_as_the_visible_rows() -> None:
    browser = browsing(observed(random_scores(100, 3)))
    assert browser.first_row(20) == 0
    browser.page(2)
    assert browser.row == 40
    assert browser.first_row(20) == 21
    browser.page(-1)
    assert browser.row == 20


def test_scrolling_moves_only_as_far_as_it_must() -> None:
    browser = browsing(observed(random_scores(100, 3)))
    browser.move(30)
    assert browser.first_row(10) == 21
    browser.move(-5)
    assert browser.first_row(10) == 21
    browser.move(-10)
    assert browser.first_row(10) == 15
    browser.go_last()
    assert browser.first_row(10) == 90
    assert browser.first_row(40) == 60


def test_after_a_new_epoch_a_sample_that_is_still_listed_stays_selected() -> None:
    browser = browsing(observed(FIRST))
    browser.move(3)
    browser.show(observed(FIRST, SECOND), 0.5)
    assert (browser.chosen(), browser.row) == (3, 0)


def test_after_a_new_epoch_the_row_stays_selected_if_its_sample_is_no_longer_listed() -> None:
    browser = browsing(observed(FIRST))
    browser.next_filter()
    assert browser.selection.only is Only.WRONG
    browser.move(1)
    browser.show(observed(FIRST, SECOND), 0.5)
    assert browser.indices().tolist() == [3, 2, 0]
    assert (browser.chosen(), browser.row) == (2, 1)


def test_after_a_threshold_change_the_sample_stays_selected() -> None:
    browser = browsing(observed(FIRST))
    browser.next_filter()
    browser.move(3)
    browser.show(observed(FIRST), 0.35)
    assert browser.indices().tolist() == [0, 1, 2]
    browser.show(browser.observation, 0.5)
    assert browser.indices().tolist() == [0, 1, 2, 3]


def test_another_order_or_filter_starts_at_its_top() -> None:
    browser = browsing(observed(FIRST))
    browser.move(2)
    browser.next_order()
    assert browser.selection.order is Order.NEAREST
    assert (browser.chosen(), browser.row) == (3, 0)


def test_orders_and_filters_cycle() -> None:
    browser = browsing(observed(FIRST))
    begin = browser.selection
    for _ in Order:
        browser.next_order()
    for _ in Only:
        browser.next_filter()
    assert browser.selection == begin


def test_classes_with_samples_cycle_in_both_directions() -> None:
    browser = browsing(observed(two_classes(0.1, 0.2, 0.3, labels=(1, 0, 1))))
    seen = []
    for _ in range(3):
        browser.next_class()
        seen.append(browser.selection.class_number)
    assert seen == [0, 1, None]
    browser.next_class(-1)
    assert browser.selection.class_number == 1
    assert browser.indices().tolist() == [0, 2]


def test_keys_are_harmless_in_an_empty_list() -> None:
    for browser in (SampleBrowser(), browsing(observed(two_classes(labels=())))):
        for key in (browser.go_first, browser.go_last, browser.next_order, browser.next_filter, browser.next_class):
            key()
            assert browser.chosen() is None
        browser.move(1)
        browser.page(-1)
        assert (browser.row, browser.first_row(5), len(browser.indices())) == (0, 0, 0)


def test_samples_are_sorted_once_per_epoch_and_not_per_move() -> None:
    browser = browsing(observed(random_scores(50, 3)))
    first = browser.indices()
    browser.move(3)
    browser.show(browser.observation, 0.5)
    assert browser.indices() is first
    browser.show(observed(random_scores(50, 3, seed=1)), 0.5)
    assert browser.indices() is not first
