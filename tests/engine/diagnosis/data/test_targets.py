"""Targets against the loss, the output and each other."""

from __future__ import annotations

import numpy as np
import pytest

from fitmon.engine.diagnosis.examine import DataFacts, ModelFacts, examine
from fitmon.engine.facts import Facts
from fitmon.engine.job import TrainingData
from tests.engine.diagnosis.data.given import facts, found

RANDOM = np.random.default_rng(3)


def examined(
    y: np.ndarray, *, loss: str, units: int = 1, activation: str = "linear", x: np.ndarray | None = None
) -> Facts:
    """Return what is known of these targets, half of them for validation."""
    inputs = RANDOM.normal(size=(len(y), 3)) if x is None else x
    half = len(y) // 2
    data = TrainingData(x=inputs[:half], y=y[:half], x_validation=inputs[half:], y_validation=y[half:])
    model = ModelFacts(loss=loss, output_units=units, output_activation=activation)
    return examine(data, DataFacts(job="job"), model)


RIGHT = {
    "0 and 1": examined(RANDOM.integers(0, 2, 100), loss="binary_crossentropy", activation="sigmoid"),
    "soft": examined(RANDOM.uniform(0, 1, (100, 4)), loss="binary_crossentropy", units=4, activation="sigmoid"),
    "classes": examined(np.arange(100) % 5, loss="sparse_categorical_crossentropy", units=5, activation="softmax"),
    "one-hot": examined(np.eye(5)[np.arange(100) % 5], loss="categorical_crossentropy", units=5, activation="softmax"),
    "smoothed": examined(
        0.9 * np.eye(5)[np.arange(100) % 5] + 0.02, loss="categorical_crossentropy", units=5, activation="softmax"
    ),
    "counts": examined(RANDOM.poisson(3, 100), loss="poisson", activation="exponential"),
    "signs": examined(np.sign(RANDOM.normal(size=100)), loss="hinge", activation="tanh"),
    "scaled": examined(RANDOM.uniform(0, 1, 100), loss="mean_squared_error", activation="sigmoid"),
    "numbers": examined(RANDOM.normal(size=100), loss="mean_squared_error"),
}
WRONG = {
    "-1 and 1": (
        examined(np.sign(RANDOM.normal(size=100)), loss="binary_crossentropy", activation="sigmoid"),
        "-1 to 1",
    ),
    "pixels": (examined(RANDOM.integers(0, 256, (100, 9)), loss="binary_crossentropy", units=9), "from 0 to 255"),
    "from 1": (
        examined(1 + np.arange(100) % 5, loss="sparse_categorical_crossentropy", units=5, activation="softmax"),
        "class numbers run from 1 to 5, and 5 outputs take 0 to 4",
    ),
    "multi-hot": (
        examined(RANDOM.integers(0, 2, (100, 5)), loss="categorical_crossentropy", units=5, activation="softmax"),
        "rows that sum to 1",
    ),
    "negative": (examined(RANDOM.normal(size=100), loss="poisson"), "at least 0"),
    "out of reach": (
        examined(RANDOM.uniform(0, 50, 100), loss="mean_squared_error", activation="sigmoid"),
        "sigmoid only gives 0 to 1",
    ),
    "below relu": (
        examined(RANDOM.normal(size=100), loss="mean_absolute_error", activation="relu"),
        "relu only gives numbers of at least 0",
    ),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_targets_that_the_loss_takes_are_right(kind: str) -> None:
    assert found("targets_out_of_range", RIGHT[kind]) is None


@pytest.mark.parametrize("kind", WRONG)
def test_targets_that_the_loss_does_not_take_are_named(kind: str) -> None:
    known, words = WRONG[kind]
    finding = found("targets_out_of_range", known)
    assert finding is not None
    assert words in finding.sentence


@pytest.mark.parametrize(("scale", "unscaled"), [(1.0, False), (9.0, False), (3e4, True), (1e-5, True)])
def test_the_scale_of_quantities_matters_and_that_of_classes_does_not(scale: float, unscaled: bool) -> None:
    quantities = examined(RANDOM.normal(0, scale, 200), loss="mean_squared_error")
    assert (found("unscaled_targets", quantities) is not None) is unscaled
    classes = examined(np.arange(200) % 190, loss="sparse_categorical_crossentropy", units=190, activation="softmax")
    assert found("unscaled_targets", classes) is None


def test_a_scale_that_was_no_trouble_is_no_finding() -> None:
    known = facts(target_scale=500.0, target_mean=0.0, target_low=-1e3, target_high=1e3, baseline_loss=250_000.0)
    assert found("unscaled_targets", known, epoch=5, validation_loss=240_000.0) is not None
    assert found("unscaled_targets", known, epoch=5, validation_loss=20_000.0) is None


def test_targets_on_another_scale_in_validation_are_a_difference() -> None:
    y = np.concatenate([np.linspace(3, 7, 200), np.linspace(300, 700, 200)])
    finding = found("validation_differs", examined(y, loss="mean_squared_error"))
    assert finding is not None
    assert "the targets run from 3 to 7 in training, from 300 to 700 in validation" in finding.sentence


def test_accuracy_is_remarked_for_quantities_only() -> None:
    quantities = examined(RANDOM.normal(size=100), loss="mean_squared_error")
    assert found("accuracy_of_regression", quantities, epoch=2, accuracy=0.0) is not None
    assert found("accuracy_of_regression", quantities, epoch=2, mae=0.3) is None
    labels = examined(RANDOM.integers(0, 2, 100), loss="mean_squared_error", activation="sigmoid")
    assert found("accuracy_of_regression", labels, epoch=2, accuracy=0.9) is None


def test_rare_labels_are_named_with_the_accuracy_of_predicting_none() -> None:
    rare = examined((RANDOM.uniform(size=(400, 20)) < 0.03).astype(int), loss="binary_crossentropy", units=20)
    finding = found("rare_labels", rare)
    assert finding is not None
    assert "20 of 20 labels" in finding.sentence
    assert "binary accuracy of 0.9" in finding.sentence
    frequent = examined((RANDOM.uniform(size=(400, 20)) < 0.3).astype(int), loss="binary_crossentropy", units=20)
    assert found("rare_labels", frequent) is None


def test_a_label_a_pixel_is_a_class_with_its_baseline() -> None:
    y = (RANDOM.uniform(size=(40, 8, 8)) < 0.1).astype(int)
    known = examined(
        y, loss="sparse_categorical_crossentropy", units=2, activation="softmax", x=np.zeros((40, 8, 8, 1))
    )
    share = y[20:].mean()
    assert known.labels_each == 64
    assert sum(known.validation_counts or ()) == 20 * 64
    assert known.baseline_loss == pytest.approx(-share * np.log(share) - (1 - share) * np.log(1 - share), rel=1e-4)
    finding = found("unbalanced", known, epoch=3, val_accuracy=0.9)
    assert finding is not None
    assert "validation labels are class 0" in finding.sentence


def test_a_class_of_many_is_not_unbalanced_at_a_small_share() -> None:
    counts = (650, *[1] * 4_350)
    known = facts(classes=5_000, validation_counts=counts, training_counts=counts)
    assert found("unbalanced", known, epoch=5, val_accuracy=0.1) is None


def test_class_frequencies_that_differ_beyond_chance_are_found() -> None:
    apart = facts(training_counts=(500, 500), validation_counts=(180, 20))
    finding = found("label_shift", apart)
    assert finding is not None
    assert "50% of the training and 90%" in finding.sentence
    assert found("label_shift", facts(training_counts=(500, 500), validation_counts=(11, 9))) is None


def test_duplicates_of_few_possible_rows_are_chance() -> None:
    bits = RANDOM.integers(0, 2, (600, 3))
    by_chance = examined(bits.sum(axis=1) % 2, loss="binary_crossentropy", activation="sigmoid", x=bits)
    assert by_chance.duplicates == 300
    assert found("duplicates", by_chance) is None
    rows = RANDOM.normal(size=(300, 3))
    leaked = examined(np.tile(RANDOM.integers(0, 2, 300), 2), loss="binary_crossentropy", x=np.tile(rows, (2, 1)))
    finding = found("duplicates", leaked)
    assert finding is not None
    assert "300 of 300" in finding.sentence


def test_padding_is_no_constant_feature() -> None:
    words = RANDOM.integers(1, 50, (100, 30))
    words[:, 20:] = 0
    padded = examined(np.arange(100) % 2, loss="binary_crossentropy", activation="sigmoid", x=words)
    assert padded.padding_features == 10
    assert found("constant_features", padded) is None
    constant = RANDOM.normal(size=(100, 30))
    constant[:, 7] = 3
    finding = found("constant_features", examined(np.arange(100) % 2, loss="binary_crossentropy", x=constant))
    assert finding is not None
    assert finding.sentence.startswith("1 of 30 features")


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (
            facts(
                loss="sparse_categorical_crossentropy", from_logits=True, outputs_are="probabilities", output_units=10
            ),
            "below 1.46",
        ),
        (facts(loss="binary_crossentropy", outputs_are="logits", output_units=1), "expects probabilities"),
    ],
)
def test_outputs_that_the_loss_does_not_expect_are_found_by_their_values(known: Facts, words: str) -> None:
    finding = found("output_mismatch", known)
    assert finding is not None
    assert words in finding.sentence


def test_keras_finds_the_logits_behind_its_own_softmax() -> None:
    known = facts(
        loss="categorical_crossentropy",
        from_logits=True,
        outputs_are="probabilities",
        output_activation="softmax",
        output_units=3,
    )
    assert found("output_mismatch", known) is None


@pytest.mark.parametrize(("activation", "advised"), [("relu", False), ("linear", True)])
def test_from_logits_is_not_advised_behind_a_relu(activation: str, advised: bool) -> None:
    known = facts(loss="binary_crossentropy", output_activation=activation, output_units=1)
    finding = found("output_mismatch", known)
    assert finding is not None
    assert ("from_logits" in finding.remedies[0].advice) is advised


def test_a_class_that_the_loss_ignores_is_no_class() -> None:
    """As in masks of 21 classes whose borders are marked 255."""
    y = RANDOM.integers(0, 21, (40, 8, 8))
    y[:, 0] = 255
    data = TrainingData(x=np.zeros((20, 8, 8, 1)), y=y[:20], x_validation=np.zeros((20, 8, 8, 1)), y_validation=y[20:])
    model = ModelFacts(
        loss="sparse_categorical_crossentropy", output_units=21, output_activation="softmax", ignore_class=255
    )
    known = examine(data, DataFacts(job="job"), model)
    assert (known.classes, known.target_high) == (21, 20)
    assert found("targets_out_of_range", known) is None


def test_infinite_targets_have_a_mean_of_the_others() -> None:
    y = np.append(RANDOM.normal(5_000, 10, 99), np.inf)
    known = examined(y, loss="mean_squared_error")
    assert known.target_mean == pytest.approx(5_000, rel=0.01)
    finding = found("unscaled_targets", known)
    assert finding is not None
    assert "inf" not in finding.sentence


def test_missing_values_on_one_side_are_a_difference() -> None:
    x = RANDOM.normal(size=(400, 3))
    x[200:, 1][:100] = np.nan
    finding = found("validation_differs", examined(RANDOM.normal(size=400), loss="mean_squared_error", x=x))
    assert finding is not None
    assert "50% of the values of feature 1 are missing in validation, 0.0% in training" in finding.sentence


def test_frequencies_of_a_stream_that_lacks_the_last_class_can_be_compared() -> None:
    assert found("label_shift", facts(training_counts=(300, 300, 300), validation_counts=(100, 100))) is not None


def test_a_few_shuffled_batches_are_not_called_sorted() -> None:
    few = facts(training_counts=(32, 32), batch_label_agreement=0.65, epoch_label_agreement=0.49)
    assert found("sorted_labels", few) is None
    many = facts(training_counts=(3_200, 3_200), batch_label_agreement=0.65, epoch_label_agreement=0.5)
    assert found("sorted_labels", many) is not None


def test_what_cannot_be_examined_is_listed() -> None:
    texts = np.array([["a"], ["b"]] * 50, dtype=object)
    known = examined(np.array(["x", "y"] * 50), loss="sparse_categorical_crossentropy", units=2, x=texts)
    skipped = " ".join(known.skipped_checks)
    assert "the inputs are not numbers" in skipped
    assert "range and frequencies of the targets" in skipped
