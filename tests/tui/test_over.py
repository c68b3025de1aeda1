"""What stands on the screen of a run that is over."""

import pytest

from fitmon.engine import events
from fitmon.tui.widgets.summary import summary_lines

from .fake_run import FakeRun, shown


def changed_on_the_way(changes: int) -> str:
    run = FakeRun().begin()
    for epoch in range(1, changes + 1):
        run.applied("learning_rate", epoch / 1000, 1e-3, epoch=epoch)
    return next(line for line in summary_lines(run.ended().snapshot()) if line.startswith("Changed"))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (1, "Changed on the way: learning rate 1e-3 from epoch 1."),
        (2, "Changed on the way: learning rate 1e-3 from epoch 1, learning rate 2e-3 from epoch 2."),
    ],
)
def test_a_few_changes_are_all_named(changes: int, line: str) -> None:
    assert changed_on_the_way(changes) == line


def test_five_changes_are_named_without_a_count() -> None:
    assert changed_on_the_way(5).count("from epoch") == 5
    assert "more before" not in changed_on_the_way(5)


def test_of_thousands_of_changes_the_last_five_are_named_and_the_others_counted() -> None:
    line = changed_on_the_way(3000)
    assert line.startswith("Changed on the way: learning rate 2.996 from epoch 2996, ")
    assert line.endswith("learning rate 3 from epoch 3000, and 2,995 more before.")
    assert line.count("from epoch") == 5


def test_fewer_epochs_ended_the_run_with_an_epoch_that_there_was() -> None:
    run = FakeRun().begin().epoch_ended(1).applied("epochs", 1, 10, epoch=2).ended()
    assert "Changed on the way: epochs 1 from the end of epoch 1." in summary_lines(run.snapshot())


@pytest.mark.parametrize("completed", [True, False])
async def test_a_change_that_never_came_is_not_pending_once_the_run_is_over(completed: bool) -> None:
    run = FakeRun().begin()
    run.tell(
        events.KnobAsked(knob="learning_rate", value=5e-4, epoch=9),
        events.KnobAsked(knob="epochs", value=20, epoch=9),
    )
    async with shown(run) as screen:
        await screen.press("7")
        await screen.sees("lr 1e-3 → 5e-4 at epoch 9", "epochs 10 → 20 at epoch 9", "asked for")
        run.epoch_ended(1).ended(completed=completed, reason="stopped by the user")
        await screen.sees("summary", "lr 1e-3")
        await screen.misses("at epoch 9")
        await screen.misses("asked for")
