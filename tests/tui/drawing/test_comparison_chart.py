"""The curves of several runs: each can be told from the others without color."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest

from fitmon.engine.runs.compared_runs import read_runs
from fitmon.text.rows import text_of, width_of
from fitmon.tui.comparison_view import ComparisonView
from fitmon.tui.drawing.comparison_chart import chart_of, draw_comparison_chart, epoch_of_column
from fitmon.tui.drawing.comparison_table import draw_comparison_table, draw_details
from tests.engine.runs.made_up_runs import begun, create, epoch, rewound, settings, trained


def _view(*folders: object) -> ComparisonView:
    view = ComparisonView()
    view.update(read_runs(folders))  # type: ignore[arg-type]
    return view


def _chart(view: ComparisonView, width: int = 100, height: int = 20) -> str:
    return "\n".join(map(text_of, draw_comparison_chart(view.frame(), width, height)))


def test_every_curve_carries_its_mark_beside_its_end_even_where_all_end_at_one_point(tmp_path: Path) -> None:
    view = _view(*(trained(tmp_path, f"run-{number}", [0.9, 0.5, 0.4]) for number in range(8)))
    assert "12345678" in _chart(view)


def test_marks_on_curves_that_lie_over_each_other_are_elsewhere(tmp_path: Path) -> None:
    view = _view(*(trained(tmp_path, f"run-{number}", [0.9, 0.9, 0.9]) for number in range(3)))
    (line,) = [line for line in _chart(view).splitlines() if "123" in line]
    assert {mark: line.count(mark) >= 3 for mark in "123"} == dict.fromkeys("123", True)


def test_the_best_epoch_stands_on_its_curve(tmp_path: Path) -> None:
    view = _view(trained(tmp_path, "run", [0.9, 0.1, 0.9]))
    best = next(mark for mark in chart_of(view.frame(), 100, 20).marks if mark.sign == "◆")
    assert (best.x, best.value) == (2, 0.1)
    assert "◆" in _chart(view).splitlines()[-2]


def test_hidden_curves_do_not_stretch_the_axis(tmp_path: Path) -> None:
    view = _view(trained(tmp_path, "huge", [1000.0, 900.0]), trained(tmp_path, "run", [0.5, 0.4]))
    assert "1000" in _chart(view)
    view.toggle()
    assert "1000" not in _chart(view)
    assert "1 hidden" in _chart(view)
    view.select(1)
    view.toggle()
    assert "all curves are hidden; space shows one" in _chart(view)


def test_the_filter_and_a_run_without_epochs_say_why_there_is_no_curve(tmp_path: Path) -> None:
    view = ComparisonView()
    assert "reading the runs" in _chart(view)
    view.update(read_runs([create(tmp_path, "run")]))
    assert "no epoch has ended yet" in _chart(view)
    view.filter = "nothing"
    assert "no run matches the filter" in _chart(view)


def test_a_column_is_read_as_the_epoch_that_is_drawn_there(tmp_path: Path) -> None:
    frame = _view(trained(tmp_path, "run", [0.9, 0.5, 0.4])).frame()
    found = [epoch_of_column(frame, 100, 20, column) for column in range(100)]
    inside = [number for number in found if number is not None]
    assert inside == sorted(inside)
    assert set(inside) == {1, 2, 3}


@pytest.mark.parametrize("seed", range(30))
def test_any_values_can_be_drawn_in_any_size(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - made-up numbers
    odd = [math.nan, math.inf, -math.inf, 0.0, -1.0, 1e300, 1e-300]
    runs = []
    for number in range(chance.randint(1, 4)):
        losses = [chance.choice([*odd, chance.random()]) for _ in range(chance.randint(0, 40))]
        told = [epoch(at, loss, penalty=chance.choice([None, 0.1])) for at, loss in enumerate(losses, 1)]
        runs.append(create(tmp_path, f"run-{number}", begun(settings()), *told))
    view = _view(*runs, rewound(tmp_path, "rewound"))
    for _ in range(8):
        view.log_scale = chance.random() < 0.5
        act = chance.choice([view.next_metric, view.toggle, view.next_order, view.toggle_others, view.show_all_epochs])
        act()
        view.zoom(chance.choice([0.5, 2.0]))
        view.move_cursor(chance.choice([-3, -1, 1, 5]))
        view.move(chance.choice([-1, 1]))
        size = chance.randint(1, 130), chance.randint(1, 45)
        frame = view.frame()
        for draw in (draw_comparison_chart, draw_comparison_table):
            rows = draw(frame, *size)
            assert len(rows) == size[1]
            assert {width_of(line) for line in rows} == {size[0]}
        assert len(draw_details(frame, *size)) <= max(1, size[1])
        assert frame.first < frame.last
