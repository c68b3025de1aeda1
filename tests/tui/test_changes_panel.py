"""What is being trained, as the panel of changes says it."""

from fitmon.tui.widgets.changes_panel import changes

from .fake_run import FakeRun


def test_the_numbers_of_samples_are_told() -> None:
    said = [line for line, _ in changes(FakeRun().begin().snapshot())]
    assert "54,000 training samples, 6,000 validation samples" in said


def test_training_samples_that_nobody_can_count_are_told_as_such() -> None:
    said = [line for line, _ in changes(FakeRun().begin(training_samples=0).snapshot())]
    assert "an unknown number of training samples, 6,000 validation samples" in said
