"""Cursor and zoom always stay within the epochs there are."""

import random

from fitmon.tui.chart_view import ChartView


def test_the_cursor_begins_at_the_newest_epoch_of_the_branch_and_moves_by_one() -> None:
    view = ChartView().moved("left", 12, 10)
    assert view.cursor == 10
    assert view.moved("left", 12, 10).cursor == 9
    assert view.moved("right", 12, 10).cursor == 11, "of another branch"
    assert view.moved("home", 12, 10).cursor == 1
    assert view.moved("end", 12, 10).cursor == 12
    assert view.moved("home", 12, 10).moved("left", 12, 10).cursor == 1


def test_the_cursor_is_left_beyond_the_newest_epoch() -> None:
    assert ChartView(cursor=12).moved("right", 12, 10).cursor is None
    assert ChartView().moved("right", 12, 10).cursor is None


def test_zoom_shows_the_last_epochs_and_follows_the_newest() -> None:
    view = ChartView().zoomed("plus", 100)
    assert view.shown(100) == (50, 100)
    assert view.shown(120) == (70, 120)
    assert view.zoomed("plus", 100).shown(100) == (75, 100)
    assert view.zoomed("minus", 100) == ChartView()
    assert view.zoomed("plus", 100).zoomed("0", 100) == ChartView()


def test_zoom_is_around_the_cursor_and_the_cursor_pans() -> None:
    view = ChartView(cursor=40).zoomed("plus", 100).zoomed("plus", 100)
    assert view.shown(100) == (27, 52)
    for _ in range(30):
        view = view.moved("left", 100, 100)
    assert view.cursor == 10
    assert view.shown(100) == (9, 34)
    assert view.moved("end", 100, 100).shown(100) == (75, 100)
    assert view.without_cursor().shown(100) == (75, 100)


def test_no_keys_lead_out_of_the_epochs() -> None:
    chance, view, newest = random.Random(0), ChartView(), 1  # noqa: S311
    for _ in range(20_000):
        key = chance.choice(("left", "right", "home", "end", "plus", "minus", "0", "more"))
        if key == "more":
            newest += 1
        elif key in {"plus", "minus", "0"}:
            view = view.zoomed(key, newest)
        else:
            view = view.moved(key, newest, chance.choice((newest, max(1, newest - 3))))
        first, last = view.shown(newest)
        assert 0 <= first < last <= newest
        assert view.cursor is None or 1 <= view.cursor <= newest
        if key in {"left", "right", "home", "end"} and view.cursor is not None:
            assert first < view.cursor <= last
