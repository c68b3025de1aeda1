"""What is being trained, as the panel of changes says it."""

from fitmon.engine.measures import Measures
from fitmon.tui.drawing.changes import change_sentences
from tests.tui.fake_run import FakeRun


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
