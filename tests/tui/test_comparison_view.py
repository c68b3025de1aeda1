"""The user's choices in a comparison: selection, hidden curves, cursor and zoom."""

from __future__ import annotations

from pathlib import Path

import pytest

from fitmon.engine.runs.compared_runs import read_runs
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.tui.comparison_layout import arrange_comparison
from fitmon.tui.comparison_view import ComparisonView
from tests.engine.runs.made_up_runs import epoch, rewound, trained
from tests.engine.training.run_owners import write_journal


@pytest.fixture
def folders(tmp_path: Path) -> list[RunFolder]:
    return [trained(tmp_path, name, [0.5] * epochs) for name, epochs in (("a", 4), ("b", 10), ("c", 7))]


@pytest.fixture
def view(folders: list[RunFolder]) -> ComparisonView:
    view = ComparisonView()
    view.update(read_runs(folders))
    return view


def _marks(view: ComparisonView, *, shown: bool = False) -> str:
    return "".join(row.mark for row in view.frame().rows if row.shown or not shown)


def test_marks_and_selection_stay_with_their_runs_when_rows_are_filtered_sorted_or_added(
    tmp_path: Path, view: ComparisonView, folders: list[RunFolder]
) -> None:
    view.select(2)
    view.filter = "c"
    assert (_marks(view), view.frame().selected) == ("3", 0)
    view.filter = ""
    view.update(read_runs([rewound(tmp_path, "first"), *folders]))
    assert _marks(view) == "45123"
    assert view.frame().row is not None
    assert view.frame().rows[view.frame().selected].mark == "3"


def test_curves_are_hidden_one_by_one_or_all_others(view: ComparisonView) -> None:
    view.move(1)
    view.toggle()
    assert _marks(view, shown=True) == "13"
    view.toggle()
    view.toggle_others()
    assert _marks(view, shown=True) == "2"
    view.toggle_others()
    assert _marks(view, shown=True) == "123"


def test_the_epochs_are_those_of_the_curves_that_are_shown(view: ComparisonView, folders: list[RunFolder]) -> None:
    assert (view.frame().first, view.frame().last) == (1, 10)
    view.toggle_others()
    assert (view.frame().first, view.frame().last) == (1, 4)
    write_journal(folders[0], epoch(5, 0.4))
    view.update(read_runs(folders))
    assert (view.frame().first, view.frame().last) == (1, 5)


def test_the_cursor_appears_at_an_end_stays_among_the_epochs_and_takes_a_zoomed_chart_along(
    view: ComparisonView,
) -> None:
    view.move_cursor(-1)
    assert view.frame().cursor == 10
    view.move_cursor(5)
    assert view.frame().cursor == 10
    view.zoom(0.5)
    assert (view.frame().first, view.frame().last) == (5, 10)
    view.move_cursor(-8)
    assert (view.frame().cursor, view.frame().first, view.frame().last) == (2, 2, 7)
    view.zoom(4.0)
    assert not view.frame().zoomed
    view.cursor = None
    view.move_cursor(1)
    assert view.frame().cursor == 1


def test_zooming_in_ends_at_two_epochs_and_shows_the_newest_ones_without_a_cursor(view: ComparisonView) -> None:
    for _ in range(9):
        view.zoom(0.5)
    assert (view.frame().first, view.frame().last) == (8, 10)
    view.show_all_epochs()
    assert (view.frame().first, view.frame().last) == (1, 10)


def test_every_metric_is_drawn_in_turn(view: ComparisonView) -> None:
    metrics = []
    for _ in range(6):
        metrics.append(view.frame().metric)
        view.next_metric()
    assert metrics == ["val_loss", "loss", "val_accuracy", "accuracy", "learning_rate", "val_loss"]


@pytest.mark.parametrize("rows", [0, 1, 3, 8, 60])
@pytest.mark.parametrize("columns", [0, 60, 110])
@pytest.mark.parametrize("size", [(20, 5), (40, 10), (60, 15), (80, 24), (120, 40), (159, 30), (160, 20), (200, 50)])
def test_panels_fill_the_screen_and_do_not_overlap(size: tuple[int, int], rows: int, columns: int) -> None:
    places = arrange_comparison(*size, rows, columns)
    covered = [
        (x, y)
        for place in places.values()
        for x in range(place.x, place.x + place.width)
        for y in range(place.y, place.y + place.height)
    ]
    assert len(covered) == len(set(covered)) == size[0] * size[1]
    assert "chart" not in places or places["chart"].height >= 6
