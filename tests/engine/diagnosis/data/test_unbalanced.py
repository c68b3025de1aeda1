import pytest

from fitmon.engine.facts import Facts
from tests.engine.diagnosis.data.given import facts, found


def cats_and_dogs(cats: int, dogs: int) -> Facts:
    return facts(
        classes=2,
        class_names=("cat", "dog"),
        training_counts=(cats * 5, dogs * 5),
        validation_counts=(cats, dogs),
        validation_samples=cats + dogs,
    )


def test_an_accuracy_like_that_of_always_predicting_cat_is_no_better() -> None:
    finding = found("unbalanced", cats_and_dogs(180, 20), epoch=5, validation_accuracy=[0.5, 0.8, 0.9, 0.9, 0.905])
    assert finding is not None
    assert "90% of the validation samples are cat" in finding.sentence
    assert "0.900, the model has 0.902 (± 0.042, 95% interval), which is no better" in finding.sentence
    assert finding.epochs == (1, 5)


def test_the_epochs_begin_where_the_accuracy_last_was_better() -> None:
    accuracy = [0.5, 0.99, 0.9, 0.9, 0.9]
    finding = found("unbalanced", cats_and_dogs(180, 20), epoch=5, val_accuracy=accuracy)
    assert finding is not None
    assert finding.epochs == (3, 5)


def test_very_unequal_classes_are_reported_with_less_confidence_where_the_accuracy_is_better() -> None:
    better = found("unbalanced", cats_and_dogs(190, 10), epoch=5, validation_accuracy=0.99)
    no_better = found("unbalanced", cats_and_dogs(190, 10), epoch=5, validation_accuracy=0.95)
    assert better is not None
    assert no_better is not None
    assert better.confidence < no_better.confidence
    assert better.epochs == (0, 0)


@pytest.mark.parametrize(
    ("cats", "dogs", "accuracy"),
    [
        pytest.param(100, 100, 0.5, id="balanced and not learning"),
        pytest.param(72, 42, 0.6, id="a little unbalanced"),
        pytest.param(160, 40, 0.95, id="clearly better than the majority"),
        pytest.param(200, 0, 1.0, id="one class only: another rule's matter"),
    ],
)
def test_it_is_silent_where_accuracy_does_not_mislead(cats: int, dogs: int, accuracy: float) -> None:
    assert found("unbalanced", cats_and_dogs(cats, dogs), epoch=6, validation_accuracy=accuracy) is None


def test_two_epochs_are_too_few_to_call_an_accuracy_no_better() -> None:
    assert found("unbalanced", cats_and_dogs(160, 40), epoch=2, validation_accuracy=0.8) is None


def test_the_threshold_of_the_run_can_be_moved_to_the_share_of_the_rare_class() -> None:
    known = cats_and_dogs(180, 20)
    finding = found("unbalanced", known, epoch=4, validation_accuracy=0.9, knobs={"threshold": 0.5})
    assert finding is not None
    assert finding.remedies[0].changes == {"threshold": 0.1}
    assert "class_weight={0: 0.556, 1: 5}" in finding.remedies[-1].advice.replace("5.0}", "5}")
