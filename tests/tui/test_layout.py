"""Where panels stand at which size."""

import pytest

from fitmon.tui.layout import Panel, Place, View, arrange


@pytest.mark.parametrize("width", [40, 41, 79, 80, 99, 100, 120, 200, 500])
@pytest.mark.parametrize("height", [10, 15, 16, 20, 24, 28, 40, 50, 120])
@pytest.mark.parametrize("view", list(View))
def test_panels_fill_the_screen_without_overlapping(width: int, height: int, view: View) -> None:
    for has_metric in (True, False):
        for has_notes in (True, False):
            places = arrange(width, height, view, has_metric, has_notes)
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
        (200, 50, {Panel.LOSS, Panel.ACCURACY, Panel.THRESHOLD, Panel.MEANING, Panel.CHANGES, Panel.LOG}),
        (80, 24, {Panel.LOSS, Panel.ACCURACY, Panel.MEANING}),
        (40, 10, {Panel.LOSS, Panel.MEANING}),
    ],
)
def test_the_overview_shows_as_much_as_there_is_room_for(width: int, height: int, panels: set[Panel]) -> None:
    assert set(arrange(width, height, View.OVERVIEW, True, True)) == panels | {Panel.HEADER, Panel.FOOTER}


@pytest.mark.parametrize(("width", "height"), [(39, 40), (120, 9), (1, 1)])
def test_too_small_a_terminal_shows_the_header_alone(width: int, height: int) -> None:
    assert set(arrange(width, height, View.OVERVIEW, True, True)) == {Panel.HEADER}
