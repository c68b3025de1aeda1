"""Where panels stand at which size."""

from itertools import product

import pytest

from fitmon.tui.layout import Panel, Place, View, arrange

WANTED: tuple[dict[Panel, int], ...] = (
    {Panel.MEANING: 3, Panel.CHANGES: 3, Panel.LOG: 0},
    {Panel.MEANING: 40, Panel.CHANGES: 60, Panel.LOG: 8},
    {Panel.MEANING: 40, Panel.CHANGES: 60, Panel.LOG: 8, Panel.THRESHOLD: 5},
    {Panel.MEANING: 3, Panel.CHANGES: 3, Panel.LOG: 0, Panel.THRESHOLD: 5},
)


@pytest.mark.parametrize("width", [40, 41, 79, 80, 99, 100, 120, 200, 500])
@pytest.mark.parametrize("height", [10, 15, 16, 20, 24, 28, 40, 50, 120])
@pytest.mark.parametrize("view", list(View))
def test_panels_fill_the_screen_without_overlapping(width: int, height: int, view: View) -> None:
    for wanted in (None, {}, *WANTED):
        for has_metric, has_notes in product((True, False), repeat=2):
            places = arrange(width, height, view, has_metric, has_notes, wanted=wanted)
            assert sum(place.width * place.height for place in places.values()) == width * height
            cells = [(x, y) for place in places.values() for x, y in corners(place)]
            assert len(cells) == len(set(cells))
            assert all(0 <= x < width and 0 <= y < height for x, y in cells)


def corners(place: Place) -> set[tuple[int, int]]:
    right, bottom = place.x + place.width - 1, place.y + place.height - 1
    return {(place.x, place.y), (right, place.y), (place.x, bottom), (right, bottom)}


@pytest.mark.parametrize(
    ("width", "height", "panels"),
    [
        (120, 40, {Panel.LOSS, Panel.ACCURACY, Panel.THRESHOLD, Panel.MEANING, Panel.CHANGES}),
        (200, 50, {Panel.LOSS, Panel.ACCURACY, Panel.THRESHOLD, Panel.MEANING, Panel.CHANGES}),
        (80, 24, {Panel.LOSS, Panel.ACCURACY, Panel.MEANING}),
        (40, 10, {Panel.LOSS, Panel.MEANING}),
    ],
)
def test_the_overview_shows_as_much_as_there_is_room_for(width: int, height: int, panels: set[Panel]) -> None:
    assert set(arrange(width, height, View.OVERVIEW, True, True)) == panels | {Panel.HEADER, Panel.FOOTER}


@pytest.mark.parametrize(("width", "height"), [(39, 40), (120, 9), (1, 1)])
def test_too_small_a_terminal_shows_the_header_alone(width: int, height: int) -> None:
    assert set(arrange(width, height, View.OVERVIEW, True, True)) == {Panel.HEADER}


def heights(wanted: dict[Panel, int], size: tuple[int, int] = (200, 50)) -> dict[Panel, int]:
    return {panel: place.height for panel, place in arrange(*size, View.OVERVIEW, True, False, wanted=wanted).items()}


def test_the_log_is_in_the_overview_only_if_it_has_something_to_say() -> None:
    assert Panel.LOG not in heights({Panel.LOG: 0})
    assert heights({Panel.LOG: 4})[Panel.LOG] == 4
    assert Panel.LOG not in heights({Panel.LOG: 4}, (100, 28))


def test_panels_get_what_they_need_and_the_samples_get_the_rest() -> None:
    short = heights({Panel.MEANING: 7, Panel.CHANGES: 6})
    long = heights({Panel.MEANING: 10, Panel.CHANGES: 12})
    assert (short[Panel.MEANING], short[Panel.CHANGES]) == (7, 6)
    assert (long[Panel.MEANING], long[Panel.CHANGES]) == (10, 12)
    assert short[Panel.THRESHOLD] == 46 - 7 - 6
    greedy = heights({Panel.MEANING: 99, Panel.CHANGES: 99})
    assert greedy[Panel.THRESHOLD] >= 46 // 2 - 1


def test_without_samples_to_show_the_other_panels_get_their_rows() -> None:
    places = heights({Panel.THRESHOLD: 5, Panel.MEANING: 15, Panel.CHANGES: 30})
    assert (places[Panel.THRESHOLD], places[Panel.MEANING], places[Panel.CHANGES]) == (5, 15, 26)
