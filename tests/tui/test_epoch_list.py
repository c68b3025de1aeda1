"""The epochs one can go back to, with what each reached."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from fitmon.text.roles import Role
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.epoch_list import NO_CHECKPOINT, EpochChoice, draw_epochs, epoch_lines
from tests.tui.fake_run import FakeRun


def branched() -> FakeRun:
    """Return a run whose second branch set out from epoch 2 of the first, which came to epoch 4."""
    run = FakeRun().begin().train(1, 3).applied("l2", 0.01, 1e-4, epoch=4).train(4, 4)
    return run.branch(2, 1, 2, l2=1e-4).applied("l1", 0.5, 0.0, epoch=3).train(3, 4, val_loss=9.0)


def told(run: FakeRun, kept: Mapping[int, Collection[int]] | None = None) -> list[str | tuple[int, int]]:
    lines = epoch_lines(run.snapshot(), kept)
    return [line if isinstance(line, str) else (line.branch.number, line.epoch) for line in lines]


def drawn(
    run: FakeRun, width: int = 76, height: int = 30, kept: Mapping[int, Collection[int]] | None = None, chosen: int = 0
) -> list[str]:
    rows = draw_epochs(epoch_lines(run.snapshot(), kept), chosen, run.snapshot(), width, height)
    return [text_of(row) for row in rows]


def test_the_epochs_of_one_branch_are_listed_newest_first_down_to_the_model_before_training() -> None:
    assert told(FakeRun().begin().train(1, 3)) == [(1, 3), (1, 2), (1, 1), (1, 0)]


def test_several_branches_are_labeled_and_every_epoch_is_listed_once() -> None:
    assert told(branched()) == [
        "branch 2 (current)",
        (2, 4),
        (2, 3),
        "from branch 1",
        (1, 2),
        (1, 1),
        (1, 0),
        "branch 1, up to epoch 4",
        (1, 4),
        (1, 3),
    ]


def test_an_epoch_without_a_checkpoint_says_so_and_is_faint() -> None:
    run = FakeRun().begin().train(1, 3)
    lines = epoch_lines(run.snapshot(), {1: {0, 2}})
    refused = {line.epoch: line.refusal for line in lines if isinstance(line, EpochChoice)}
    assert refused == {3: NO_CHECKPOINT, 2: "", 1: NO_CHECKPOINT, 0: ""}
    rows = draw_epochs(lines, 1, run.snapshot(), 76, 9)
    assert [NO_CHECKPOINT in text_of(row) for row in rows] == [False, True, False, True, False]
    assert [row[0][1] is Role.FAINT for row in rows] == [True, True, False, True, False]


def test_a_branch_without_checkpoints_cannot_be_rewound_to() -> None:
    lines = epoch_lines(branched().snapshot(), {2: {3, 4}})
    there = [(line.branch.number, line.epoch) for line in lines if isinstance(line, EpochChoice) and not line.refusal]
    assert there == [(2, 4), (2, 3)]


def test_a_row_shows_losses_accuracies_and_changed_knobs() -> None:
    heading, *rows = drawn(FakeRun().begin().epochs(2).applied("l2", 0.01, 1e-4, epoch=2), chosen=0)
    assert heading.split() == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert rows[0].split()[:6] == ["▸", "2", "0.5000", "0.7500", "0.6000", "0.7000"]
    assert "◆ best" in rows[0]
    assert "L2 1e-4 → 0.01" in rows[0]
    assert "◆" not in rows[1]
    assert rows[2].split() == ["0", "–", "–", "–", "–", "before", "training"]


def test_the_best_epoch_of_another_branch_names_that_branch() -> None:
    rows = drawn(branched())
    assert [row.strip().partition("◆ ")[2].split("  ")[0] for row in rows if "◆" in row] == ["best", "best of branch 1"]
    assert "before" in next(row for row in rows if row.strip().startswith("0 "))


@pytest.mark.parametrize("width", [20, 36, 60, 76, 96, 200])
def test_without_room_training_metrics_are_left_out_first(width: int) -> None:
    heading = drawn(branched(), width)[0].split()[1:]
    order = ["val_loss", "val_accuracy", "loss", "accuracy"]
    assert set(heading) == set(order[: len(heading)])
    if width >= 76:
        assert len(heading) == 4
    rows = draw_epochs(epoch_lines(branched().snapshot(), None), 1, branched().snapshot(), width, 20)
    assert width < 36 or max(width_of(row[:1]) for row in rows) <= width


def test_the_selected_line_is_visible_in_a_list_of_any_length() -> None:
    run = FakeRun().begin().train(1, 300)
    for chosen in (0, 1, 150, 299, 300):
        rows = drawn(run, height=10, chosen=chosen)
        assert len(rows) == 10
        assert sum("▸" in row for row in rows) == 1


def test_a_run_without_validation_or_a_second_metric_is_listed() -> None:
    heading, row, _ = drawn(FakeRun().begin().epoch_ended(1, None, loss=2.0))
    assert (heading.split(), row.split()) == (["epoch", "loss"], ["▸", "1", "2.0000", "◆", "best"])
