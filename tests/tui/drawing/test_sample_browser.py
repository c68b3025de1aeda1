"""The chosen sample stays chosen while epochs come, and the keys move it within what is listed."""

import pytest

from fitmon.tui.drawing.sample_browser import SampleBrowser
from fitmon.tui.drawing.sample_order import Only, Order
from tests.tui.sample_observations import browsing, observed, random_scores, two_classes

FIRST = two_classes(0.1, 0.2, 0.3, 0.4, labels=(1, 1, 1, 1))
SECOND = two_classes(0.4, 0.9, 0.2, 0.1, labels=(1, 1, 1, 1))


def test_the_worst_is_chosen_at_first_and_the_keys_move_from_there() -> None:
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
def test_the_ends_of_the_list_hold(rows: int, expected: int) -> None:
    browser = browsing(observed(FIRST))
    browser.move(rows)
    assert browser.chosen() == expected


def test_a_page_is_as_long_as_what_is_in_sight() -> None:
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


def test_a_new_epoch_keeps_the_chosen_sample_where_it_is_still_listed() -> None:
    browser = browsing(observed(FIRST))
    browser.move(3)
    browser.show(observed(FIRST, SECOND), 0.5)
    assert (browser.chosen(), browser.row) == (3, 0)


def test_a_new_epoch_keeps_the_row_where_the_sample_is_no_longer_listed() -> None:
    browser = browsing(observed(FIRST))
    browser.next_filter()
    assert browser.selection.only is Only.WRONG
    browser.move(1)
    browser.show(observed(FIRST, SECOND), 0.5)
    assert browser.indices().tolist() == [3, 2, 0]
    assert (browser.chosen(), browser.row) == (2, 1)


def test_a_moved_threshold_keeps_the_chosen_sample() -> None:
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


def test_the_orders_and_filters_come_round() -> None:
    browser = browsing(observed(FIRST))
    begin = browser.selection
    for _ in Order:
        browser.next_order()
    for _ in Only:
        browser.next_filter()
    assert browser.selection == begin


def test_the_classes_that_have_samples_come_round_both_ways() -> None:
    browser = browsing(observed(two_classes(0.1, 0.2, 0.3, labels=(1, 0, 1))))
    seen = []
    for _ in range(3):
        browser.next_class()
        seen.append(browser.selection.class_number)
    assert seen == [0, 1, None]
    browser.next_class(-1)
    assert browser.selection.class_number == 1
    assert browser.indices().tolist() == [0, 2]


def test_with_nothing_listed_no_key_does_harm() -> None:
    for browser in (SampleBrowser(), browsing(observed(two_classes(labels=())))):
        for key in (browser.go_first, browser.go_last, browser.next_order, browser.next_filter, browser.next_class):
            key()
            assert browser.chosen() is None
        browser.move(1)
        browser.page(-1)
        assert (browser.row, browser.first_row(5), len(browser.indices())) == (0, 0, 0)


def test_the_order_is_worked_out_once_for_an_epoch_and_not_for_a_move() -> None:
    browser = browsing(observed(random_scores(50, 3)))
    first = browser.indices()
    browser.move(3)
    browser.show(browser.observation, 0.5)
    assert browser.indices() is first
    browser.show(observed(random_scores(50, 3, seed=1)), 0.5)
    assert browser.indices() is not first
