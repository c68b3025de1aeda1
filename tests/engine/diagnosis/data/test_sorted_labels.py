from fitmon.engine.finding import Finding
from tests.engine.diagnosis.data.given import facts, found


def is_sorted(**fields: object) -> Finding | None:
    return found("sorted_labels", facts(labels_sorted=True, **fields))


def test_sorted_labels_do_no_harm_where_both_sets_are_alike() -> None:
    assert is_sorted(training_counts=(400, 600), validation_counts=(80, 120)) is None


def test_a_sorted_file_that_was_cut_is_found() -> None:
    finding = is_sorted(training_counts=(600, 400), validation_counts=(0, 200))
    assert finding is not None
    assert "differ by 60%" in finding.sentence


def test_sets_that_differ_by_chance_are_alike() -> None:
    assert is_sorted(training_counts=(50, 50), validation_counts=(6, 4)) is None


def test_labels_in_mixed_order_are_never_called_sorted() -> None:
    known = facts(labels_sorted=False, training_counts=(600, 400), validation_counts=(0, 200))
    assert found("sorted_labels", known) is None
