"""The table that compares runs, its filter and its orders."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from fitmon.engine.runs.compared_runs import read_runs
from fitmon.engine.runs.comparison import ComparedBranch, compared_branches, differing
from fitmon.text.comparison import Table, TableChoice, comparison_table, conclusion, mark_of, setting_text
from fitmon.text.comparison_order import in_order, matching, orders
from fitmon.text.format import clean
from fitmon.text.roles import CURVES
from tests.engine.runs.made_up_runs import FINISHED, begun, create, epoch, rewound, settings, trained


@pytest.fixture
def branches(tmp_path: Path) -> list[ComparedBranch]:
    """A plain run, one with another optimizer, and one with two branches."""
    folders = [
        trained(tmp_path, "run-10", [0.5, 0.25]),
        trained(tmp_path, "run-2", [0.5, 0.45, 0.6], optimizer="sgd", learning_rate=1e-2),
        rewound(tmp_path, "rewound"),
    ]
    return compared_branches(read_runs(folders))


def _table(branches: list[ComparedBranch], width: int | None = None, **choice: object) -> Table:
    marks = [mark_of(number)[0] for number in range(len(branches))]
    given = TableChoice(settings=tuple(differing(branches)), width=width, **choice)  # type: ignore[arg-type]
    return comparison_table(branches, marks, given)


def test_a_row_has_results_and_the_settings_that_differ(branches: list[ComparedBranch]) -> None:
    table = _table(branches)
    assert table.dropped == []
    assert [" ".join(table.row(number).split()) for number in range(4)] == [
        "1 run-10 finished 2/3 0.2500 at 2 ◆ 0.9375 1.6 s 1e-3 adam 0",
        "2 run-2 finished 3/3 0.4500 at 2 0.8875 1.6 s 0.01 sgd 0",
        "3 rewound 2 finished 3/3 0.3000 at 3 0.9250 1.6 s 1e-3 adam 0 → 0.3",
        "4 rewound 1 rewound 3 0.4000 at 2 0.9000 – 1e-3 → 5e-4 adam 0",
    ]
    assert "units" not in table.heading


def test_at_the_cursor_all_values_of_an_epoch_are_shown(branches: list[ComparedBranch]) -> None:
    table = _table(branches, epoch=3, cursor_metric="val_loss")
    column = next(column for column in table.columns if column.title == "epoch 3")
    assert column.cells == ["–", "0.6000", "0.3000", "0.5000"]


@pytest.mark.parametrize("width", range(8, 140, 6))
def test_no_line_is_wider_than_asked_for_and_what_is_left_out_is_named(
    branches: list[ComparedBranch], width: int
) -> None:
    table = _table(branches, width, epoch=3, cursor_metric="loss")
    lines = [table.heading, *(table.row(number) for number in range(4))]
    assert max(map(cell_len, lines)) <= width
    everything = {column.title for column in _table(branches, epoch=3, cursor_metric="loss").columns}
    assert {column.title for column in table.columns} | set(table.dropped) == everything


def test_the_conclusion_names_the_best_run_or_says_why_there_is_none(
    tmp_path: Path, branches: list[ComparedBranch]
) -> None:
    assert conclusion(branches) == "lowest val_loss: run-10, 0.2500 at epoch 2"
    assert conclusion(branches[:1]) == ""
    other = create(tmp_path, "flowers", begun(settings()), epoch(1, 0.1), FINISHED, job="iris")
    assert conclusion([*branches, *compared_branches(read_runs([other]))]) == (
        "best losses cannot be compared: different jobs"
    )


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("", ["run-10", "run-2", "rewound", "rewound"]),
        ("RUN-", ["run-10", "run-2"]),
        (r"run-\d\d", ["run-10"]),
        ("optimizer=adam run", ["run-10"]),
        ("lr=0.01", ["run-2"]),
        ("sgd", ["run-2"]),
        ("optimizer", []),
        ("branch.1", ["rewound"]),
        ("run(", []),
    ],
)
def test_the_filter_matches_names_states_and_settings(
    branches: list[ComparedBranch], words: str, names: list[str]
) -> None:
    assert [branch.run.name for branch in matching(branches, words, differing(branches))] == names


def test_rows_are_sorted_by_loss_name_and_each_setting_that_differs(branches: list[ComparedBranch]) -> None:
    names = differing(branches)
    assert orders(names) == ["as given", "best loss", "name", "lr", "optimizer", "dropout"]

    def order(by: str) -> list[tuple[str, int]]:
        return [(branch.run.name, branch.branch.number) for branch in in_order(branches, by, names)]

    assert order("best loss") == [("run-10", 1), ("rewound", 2), ("rewound", 1), ("run-2", 1)]
    assert order("name")[2:] == [("run-2", 1), ("run-10", 1)]
    assert order("lr")[0] == ("rewound", 1)
    assert order("lr")[-1] == ("run-2", 1)


def test_what_comes_from_files_is_shown_without_control_characters(tmp_path: Path) -> None:
    evil = create(tmp_path, "run", begun(settings()), epoch(1, 0.5), job="\x1b[2Jevil\x07", chosen=settings())
    plain = trained(tmp_path, "plain", [0.5])
    branches = compared_branches(read_runs([evil, plain]))
    table = _table(branches)
    text = "\n".join([table.heading, table.row(0), *(setting_text(branches[0], name) for name in ("job", "device"))])
    assert text == clean(text, line_breaks=True)
    assert "evil" in text


def test_marks_are_single_characters_and_six_colors_take_turns() -> None:
    marks = [mark_of(number) for number in range(40)]
    assert [mark for mark, _ in marks[:10]] == list("123456789a")
    assert {len(mark) for mark, _ in marks} == {1}
    assert [role for _, role in marks[:7]] == [*CURVES, CURVES[0]]
