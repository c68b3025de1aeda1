"""A loss without its penalty is called data loss wherever it is shown, and never by the name of the loss with it."""

from __future__ import annotations

import pytest

from fitmon.engine import events
from fitmon.engine.measures import Measures
from fitmon.text.branch_table import BEST, PENALTIES_DIFFER, branch_table
from fitmon.text.lines import ending_line
from fitmon.text.outcome_words import outcome_sentences
from fitmon.text.rows import text_of
from fitmon.text.sentences import ending_message
from fitmon.text.summary import summary_lines
from fitmon.tui.drawing.changes import change_sentences
from fitmon.tui.drawing.epoch_list import draw_epochs, epoch_lines
from fitmon.tui.screens.export_dialog import ExportDialog
from tests.tui.fake_run import FakeRun, shown

DATA_LOSSES = (0.1187, 0.115, 0.14, 0.1114, 0.12)
PENALTIES = (0.0, 0.0, 0.46, 0.4657, 0.4686)
"""L2 is raised at epoch 3; epoch 4 is the best."""


def raised_l2(penalties: tuple[float, ...] = PENALTIES, run: FakeRun | None = None) -> FakeRun:
    run = run or FakeRun().begin()
    for epoch, (data_loss, penalty) in enumerate(zip(DATA_LOSSES, penalties, strict=True), 1):
        if epoch == 3:
            run.applied("l2", 1e-3, 0.0, epoch=3)
        losses = {"loss": 1 / epoch + penalty, "val_loss": data_loss + penalty, "val_accuracy": 0.9}
        run.found(epoch, measures=Measures(penalty=penalty, validation_loss=data_loss), **losses)
    return run


def test_the_end_says_by_what_the_epoch_is_the_best() -> None:
    snapshot = raised_l2().ended().snapshot()
    assert isinstance(snapshot.ending, events.RunEnded)
    expected = "finished: 5 epochs; best data loss 0.1114 (val_loss without the penalty) in epoch 4"
    assert ending_line(snapshot.ending, snapshot) == expected
    assert ending_message(snapshot) == "finished: 5 epochs, best epoch 4 (data loss 0.1114) · q to quit"


def test_the_summary_has_both_losses_by_different_names() -> None:
    lines = summary_lines(raised_l2().ended().snapshot())
    assert "Best epoch 4: data loss 0.1114 · val_loss 0.5771 · val_accuracy 0.9000." in [plain(line) for line in lines]
    last = "Last epoch 5: loss 0.6686 · val_loss 0.5886 · val_accuracy 0.9000 · data loss 0.1200."
    assert last in [plain(line) for line in lines]


def plain(line: str) -> str:
    return line.replace("\u00a0", " ")


def test_while_it_trains_the_panel_of_changes_says_the_same() -> None:
    said = [text for text, _ in change_sentences(raised_l2().snapshot())]
    assert "best epoch so far: 4 (data loss 0.1114: val_loss without the penalty)" in said


def test_the_effect_of_a_change_is_measured_without_the_penalty_and_says_so() -> None:
    (sentence,) = outcome_sentences(raised_l2().snapshot())
    assert sentence == "L2 0 → 1e-3 from epoch 3: data loss 0.1150 → 0.1200 (+4%) by epoch 5"


def test_without_a_penalty_the_losses_keep_their_names() -> None:
    snapshot = raised_l2(penalties=(0.0,) * 5).ended().snapshot()
    said = [*summary_lines(snapshot), *(text for text, _ in change_sentences(snapshot)), ending_message(snapshot)]
    assert not [text for text in said if "data loss" in text]
    assert "best epoch 4 (val_loss 0.1114)" in ending_message(snapshot)


def test_branches_with_different_penalties_are_compared_by_their_data_losses() -> None:
    run = raised_l2().branch(2, 1, 2)
    run.found(3, measures=Measures(penalty=0.0), loss=0.3, val_loss=0.113)
    heading, first, second = [line for line, _ in branch_table(run.snapshot(), 100)]
    assert "best data loss" in heading
    assert f"0.1114 at 4 {BEST}" in first
    assert "0.1130 at 3" in second
    assert first.endswith("0.1200"), "the last one too"
    assert BEST not in second


def test_branches_whose_penalties_are_unknown_are_not_compared() -> None:
    run = FakeRun().begin().train(1, 2, knobs={"l2": 0.0}).branch(2, 1, 0)
    run.found(1, measures=Measures(penalty=0.3), loss=0.3, val_loss=0.5)
    run.applied("l2", 0.1, 0.0, epoch=1)
    lines = [line for line, _ in branch_table(run.snapshot())]
    assert "best val_loss" in lines[0]
    assert lines[-1] == PENALTIES_DIFFER


@pytest.mark.parametrize("width", [30, 50, 80, 120])
def test_a_rewind_is_chosen_by_the_data_loss(width: int) -> None:
    snapshot = raised_l2().snapshot()
    rows = [text_of(row) for row in draw_epochs(epoch_lines(snapshot, None), 1, snapshot, width, 20)]
    if width >= 50:
        assert rows[0].endswith("data loss")
        assert [row.split()[-3] for row in rows if "◆ best" in row] == ["0.1114"]
    assert rows


@pytest.mark.slow
async def test_the_export_dialog_says_by_what_the_weights_are_the_best() -> None:
    async with shown(raised_l2().ended()) as screen:
        for size in ((120, 40), (80, 24), (40, 10)):
            await screen.pilot.resize_terminal(*size)
            await screen.press("k")
            assert isinstance(screen.app.screen, ExportDialog)
            await screen.sees("best weights, of epoch 4")
            await screen.press("escape")
        await screen.pilot.resize_terminal(80, 24)
        await screen.press("k")
        await screen.sees("▸ best weights, of epoch 4 (data loss 0.1114)")
