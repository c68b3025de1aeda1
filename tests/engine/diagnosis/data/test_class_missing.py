from fitmon.engine.finding import Finding
from tests.engine.diagnosis.data.given import facts, found


def missing(training: tuple[int, ...], validation: tuple[int, ...], **more: object) -> Finding | None:
    return found("class_missing", facts(training_counts=training, validation_counts=validation, **more))


SPECIES = ("setosa", "versicolor", "virginica")
LAST = {"split": "last", "dropout": "0.3"}


def test_a_class_that_is_not_validated_is_named_with_its_samples() -> None:
    finding = missing((50, 50, 20), (0, 0, 30), class_names=SPECIES, job="iris", options=LAST)
    assert finding is not None
    assert "lacks setosa and versicolor, which have 100 samples in training" in finding.sentence
    assert "; its 30 samples are all virginica." in finding.sentence
    assert finding.remedies[0].command_line == "fitmon iris --dropout 0.3"


def test_a_class_that_is_not_trained_is_named_with_its_samples() -> None:
    finding = missing((100, 100, 0), (20, 20, 17))
    assert finding is not None
    assert "training set lacks class 2, which has 17 samples in validation" in finding.sentence


def test_a_class_that_neither_has_is_no_fault() -> None:
    assert missing((50, 50, 0), (10, 10, 0)) is None


def test_nothing_is_missing_where_nothing_is_validated() -> None:
    assert missing((50, 50), (0, 0), validation_samples=0) is None


def test_a_rare_class_left_out_by_chance_is_reported_with_less_confidence() -> None:
    by_chance, by_order = missing((500, 3), (100, 0)), missing((500, 300), (100, 0))
    assert by_chance is not None
    assert by_order is not None
    assert by_chance.confidence < by_order.confidence
