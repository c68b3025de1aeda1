"""What is being trained, as the panel of changes says it."""

from fitmon.engine.measures import Measures
from fitmon.text.rows import text_of
from fitmon.tui.drawing.changes import change_sentences
from fitmon.tui.drawing.run_settings import draw_run_settings
from tests.tui.fake_run import FakeRun, shown


def test_the_numbers_of_samples_are_shown() -> None:
    said = [line for line, _ in change_sentences(FakeRun().begin().snapshot())]
    assert "54,000 training samples, 6,000 validation samples" in said


def test_an_unknown_number_of_training_samples_is_shown_as_such() -> None:
    said = [line for line, _ in change_sentences(FakeRun().begin(training_samples=0).snapshot())]
    assert "an unknown number of training samples, 6,000 validation samples" in said


def test_the_effect_of_a_change_is_shown_during_the_run() -> None:
    run = FakeRun().begin().found(1, measures=Measures(validation_loss=0.5)).applied("dropout", 0.5, 0.3, epoch=2)
    run.found(2, measures=Measures(validation_loss=0.4))
    said = [line for line, _ in change_sentences(run.snapshot())]
    assert (
        "effect: dropout 0.3 → 0.5 from epoch 2: validation loss 0.5000 → 0.4000 (−20%) by epoch 2, too early to "
        "judge" in said
    )


def changed_and_rewound() -> FakeRun:
    run = FakeRun().begin(notes=("The last batch is smaller.",)).train(1, 3)
    run.applied("learning_rate", 5e-4, 1e-3, epoch=4).train(4, 6)
    return run.branch(2, 1, 5).applied("l2", 1e-3, 1e-4, epoch=6).train(6, 10, val_loss=0.8)


async def test_alone_it_shows_every_change_with_its_effect_and_the_settings_beside_them() -> None:
    async with shown(changed_and_rewound(), size=(200, 50)) as screen:
        await screen.press("7")
        effect = "learning rate 1e-3 → 5e-4 from epoch 4: val_loss 0.4000 → 0.2000 (−50%) by epoch 6"
        await screen.sees("changes and their effect", effect, "rewind to the end of epoch 5 as branch 2 with L2")
        await screen.sees(
            "L2                  1e-3   1e-4 at the start", "training samples    54,000", "keras               3.12.0"
        )
        await screen.sees("note                The last batch is smaller.")
        first = next(row for row in screen.rows if "what changed" in row)
        assert "of" not in first, "everything fits"
        assert any("settings" in row and "branch" in row for row in screen.rows), "the settings stand beside"


async def test_on_a_small_terminal_the_settings_are_below_and_scroll() -> None:
    async with shown(changed_and_rewound(), size=(80, 24)) as screen:
        await screen.press("7")
        await screen.sees("changes and their effect", "1–", "↑ ↓ scroll")
        assert "3.12.0" not in screen.text
        await screen.press("end")
        await screen.sees("3.12.0", "training samples    54,000")
        await screen.press("home", "pagedown", "pageup")
        await screen.sees("changes and their effect")


def test_names_and_values_from_outside_are_printed_without_their_control_characters() -> None:
    run = FakeRun().begin(notes=("\x1b[31mred",), device="\x1b]0;title\x07GPU", flags={"XLA\n": "\x1b[2J"})
    text = "\n".join(text_of(line) for line in draw_run_settings(run.snapshot(), 60))
    assert "\x1b" not in text
    assert "red" in text
    assert "GPU" in text
