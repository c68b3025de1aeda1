"""What stands on the screen of a run that is over."""

import pytest

from fitmon.engine import events
from fitmon.engine.measures import Measures
from fitmon.text.summary import summary_lines
from tests.tui.fake_run import CLASS_MISSING, OVERFITTING, TOO_EARLY, FakeRun, shown


def changed_on_the_way(changes: int) -> str:
    run = FakeRun().begin()
    for epoch in range(1, changes + 1):
        run.applied("learning_rate", epoch / 1000, 1e-3, epoch=epoch)
    return next(line for line in summary_lines(run.ended().snapshot()) if line.startswith("Changed"))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (1, "Changed during training: learning rate 1e-3 from epoch 1."),
        (2, "Changed during training: learning rate 1e-3 from epoch 1, learning rate 2e-3 from epoch 2."),
    ],
)
def test_a_few_changes_are_all_named(changes: int, line: str) -> None:
    assert changed_on_the_way(changes) == line


def test_five_changes_are_named_without_a_count() -> None:
    assert changed_on_the_way(5).count("from epoch") == 5
    assert "earlier" not in changed_on_the_way(5)


def test_of_thousands_of_changes_the_last_five_are_named_and_the_others_counted() -> None:
    line = changed_on_the_way(3000)
    assert line.startswith("Changed during training: learning rate 2.996 from epoch 2996, ")
    assert line.endswith("learning rate 3 from epoch 3000, and 2,995 earlier.")
    assert line.count("from epoch") == 5


def test_fewer_epochs_end_the_run_at_an_epoch_that_exists() -> None:
    run = FakeRun().begin().epoch_ended(1).applied("epochs", 1, 10, epoch=2).ended()
    assert "Changed during training: epochs 1 from the end of epoch 1." in summary_lines(run.snapshot())


@pytest.mark.parametrize("completed", [True, False])
async def test_a_change_that_never_took_effect_is_not_pending_once_the_run_is_over(completed: bool) -> None:
    run = FakeRun().begin()
    run.tell(
        events.KnobRequested(knob="learning_rate", value=5e-4, epoch=9),
        events.KnobRequested(knob="epochs", value=20, epoch=9),
    )
    async with shown(run) as screen:
        await screen.press("7")
        await screen.sees("lr 1e-3 → 5e-4 from epoch 9", "epochs 10 → 20 from epoch 9", "pending:")
        run.epoch_ended(1).ended(completed=completed, reason="stopped by the user")
        await screen.sees("summary", "lr 1e-3")
        await screen.misses("from epoch 9")
        await screen.misses("pending:")


def test_the_summary_shows_findings_and_the_effects_of_changes() -> None:
    run = FakeRun().begin().found(1, measures=Measures(validation_loss=0.5)).applied("l2", 0.1, 0, epoch=2)
    run.found(2, OVERFITTING, CLASS_MISSING, measures=Measures(validation_loss=0.25)).ended()
    lines = summary_lines(run.snapshot())
    assert "Finding: overfitting since epoch 2: val loss +18% while train −61% (97% sure)." in lines
    assert f"Finding: class missing: {CLASS_MISSING.sentence.rstrip('.')} (95% sure)." in lines
    assert (
        "Effect of L2 0 → 0.1 from epoch 2: validation loss 0.5000 → 0.2500 (−50%) by epoch 2, too early to judge."
        in lines
    )


def test_too_early_to_say_is_not_listed_as_a_finding() -> None:
    run = FakeRun().begin().found(1, TOO_EARLY).ended()
    assert "Too early to say: 1 epoch done, 3 are needed." in summary_lines(run.snapshot())


def test_the_summary_shows_where_the_model_was_written() -> None:
    run = FakeRun().begin().found(1).tell(events.ModelExported(path="/here/m.keras", keep="best", epoch=1)).ended()
    assert "Model: best weights (epoch 1) exported to /here/m.keras." in summary_lines(run.snapshot())


async def test_findings_that_do_not_fit_beside_the_charts_are_referred_to() -> None:
    run = FakeRun().begin().found(1)
    for epoch in range(2, 9):
        run.applied("l2", epoch / 100, 0.01, epoch=epoch).found(epoch, OVERFITTING)
    async with shown(run.ended(), size=(120, 40)) as screen:
        await screen.sees("… 7 shows all")
        assert "Finding: overfitting" not in screen.text
        await screen.press("7")
        await screen.sees("Finding: overfitting since epoch 2")
        assert "7 shows all" not in screen.text
