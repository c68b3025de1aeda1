"""Accuracy in context, compared with scikit-learn where it has the metric."""

from __future__ import annotations

import dataclasses
import itertools
import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics

from fitmon.engine.insight.confusion import MAX_CLASSES
from fitmon.engine.insight.context import Context, accuracy_in_context
from fitmon.engine.insight.interval import Z_95, wilson_interval
from fitmon.engine.insight.ranking import rank
from fitmon.engine.insight.scores import score_probabilities

Outputs = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]


def two_classes(seed: int, samples: int = 400, *, ties: bool = False) -> tuple[Outputs, Labels]:
    """Return outputs (n,) and labels (n,) with a rare class 1; `ties` leaves eleven different probabilities."""
    generator = np.random.default_rng(seed)
    labels = (generator.random(samples) < 0.2).astype(np.int64)
    outputs = np.clip(0.3 + 0.25 * labels + generator.normal(0, 0.2, samples), 0, 1)
    return (outputs.round(1) if ties else outputs).astype(np.float32), labels


def several_classes(seed: int, classes: int, samples: int = 600) -> tuple[Outputs, Labels]:
    generator = np.random.default_rng(seed)
    labels = np.concatenate((np.arange(classes), generator.integers(0, classes, samples - classes)))
    logits = generator.normal(0, 1, (samples, classes))
    logits[np.arange(samples), labels] += 1
    exponentials = np.exp(logits)
    return (exponentials / exponentials.sum(axis=1, keepdims=True)).astype(np.float32), labels


@pytest.mark.parametrize("threshold", [0.5, 0.3, 0.05, 0.999])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_two_classes_agree_with_scikit_learn(seed: int, ties: bool, threshold: float) -> None:
    outputs, labels = two_classes(seed, ties=ties)
    answers = outputs > np.float32(threshold)
    context = accuracy_in_context(score_probabilities(outputs, labels), threshold)
    assert context.accuracy == pytest.approx(metrics.accuracy_score(labels, answers))
    assert context.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(labels, answers))
    assert context.matthews == pytest.approx(metrics.matthews_corrcoef(labels, answers), abs=1e-12)
    assert context.roc_auc == pytest.approx(metrics.roc_auc_score(labels, outputs))
    assert context.average_precision == pytest.approx(metrics.average_precision_score(labels, outputs))
    assert context.brier == pytest.approx(metrics.brier_score_loss(labels, outputs), rel=1e-6)
    assert context.confusion is not None
    assert context.confusion.tolist() == metrics.confusion_matrix(labels, answers).tolist()
    assert_classes_agree(context, labels, answers.astype(np.int64))


@pytest.mark.parametrize("classes", [3, 10, 60])
def test_several_classes_agree_with_scikit_learn(classes: int) -> None:
    outputs, labels = several_classes(classes, classes)
    answers = outputs.argmax(axis=1)
    context = accuracy_in_context(score_probabilities(outputs, labels), 0.5, probabilities=outputs)
    one_hot = np.eye(classes)[labels]
    assert context.accuracy == pytest.approx(metrics.accuracy_score(labels, answers))
    assert context.balanced_accuracy == pytest.approx(metrics.balanced_accuracy_score(labels, answers))
    assert context.roc_auc == pytest.approx(metrics.roc_auc_score(one_hot, outputs, average="macro"))
    assert context.brier == pytest.approx(((outputs - one_hot) ** 2).sum(axis=1).mean(), rel=1e-6)
    assert context.entropy == pytest.approx(-(outputs * np.log(outputs)).sum(axis=1).mean(), rel=1e-5)
    assert context.confusion is not None
    assert context.confusion.tolist() == metrics.confusion_matrix(labels, answers).tolist()
    assert context.matthews is None
    assert context.average_precision == pytest.approx(metrics.average_precision_score(one_hot, outputs))
    assert_classes_agree(context, labels, answers)


def assert_classes_agree(context: Context, labels: Labels, answers: Labels) -> None:
    """Compare precision, recall, F1 and support; scikit-learn's NaN for "has no meaning" is None here."""
    expected = metrics.precision_recall_fscore_support(labels, answers, zero_division=np.nan)
    assert context.per_class is not None
    for measures, precision, recall, f1, support in zip(context.per_class, *expected, strict=True):
        assert measures.support == support
        for ours, theirs in ((measures.precision, precision), (measures.recall, recall), (measures.f1, f1)):
            assert (ours is None) == bool(np.isnan(theirs))
            assert ours is None or ours == pytest.approx(theirs)


def test_nine_cats_and_one_dog_show_what_their_accuracy_is_worth() -> None:
    """The first tutorial's case: always predicting "cat" scores 90%."""
    context = accuracy_in_context(score_probabilities(np.full(10, 0.1), np.array([0] * 9 + [1])), 0.5)
    assert (context.accuracy, context.majority_share, context.majority_class) == (0.9, 0.9, 0)
    assert (context.balanced_accuracy, context.matthews, context.roc_auc) == (0.5, 0.0, 0.5)
    assert context.per_class is not None
    dog = context.per_class[1]
    assert (dog.support, dog.precision, dog.recall, dog.f1) == (1, None, 0.0, 0.0)


def test_calibration_is_worked_out_by_hand() -> None:
    """Three predictions at 0.9, two of them right, and one right at 0.6: gaps of 0.9 - 2/3 and 1 - 0.6."""
    scores = score_probabilities(np.array([0.9, 0.9, 0.1, 0.6]), np.array([1, 0, 0, 1]))
    context = accuracy_in_context(scores, 0.5)
    assert context.calibration_error == pytest.approx((3 * (0.9 - 2 / 3) + (1 - 0.6)) / 4, rel=1e-6)
    assert context.calibration is not None
    assert len(context.calibration) == 15
    filled = [each for each in context.calibration if each.samples]
    assert [(each.samples, each.accuracy) for each in filled] == [(1, 1.0), (3, pytest.approx(2 / 3))]
    assert [each.confidence for each in filled] == pytest.approx([0.6, 0.9])
    assert all(each.confidence is None and each.accuracy is None for each in context.calibration if not each.samples)


@pytest.mark.parametrize("classes", [2, 5])
def test_calibration_agrees_with_its_definition(classes: int) -> None:
    outputs, labels = two_classes(3) if classes == 2 else several_classes(3, classes)
    table = np.stack((1 - outputs, outputs), axis=1) if classes == 2 else outputs
    confidence, right = table.max(axis=1), table.argmax(axis=1) == labels
    edges = np.linspace(0, 1, 16)
    gaps = [
        abs(right[chosen].mean() - confidence[chosen].mean()) * chosen.mean()
        for low, high in itertools.pairwise(edges)
        if (chosen := (confidence > low) & (confidence <= high)).any()
    ]
    found = accuracy_in_context(score_probabilities(outputs, labels), 0.9).calibration_error
    assert found == pytest.approx(sum(gaps), abs=1e-6), "and the user's threshold has no part in it"


@pytest.mark.parametrize(("probability", "entropy"), [(0.5, math.log(2)), (0.0, 0.0), (1.0, 0.0), (0.1, 0.325083)])
def test_entropy_of_two_classes_is_in_nats(probability: float, entropy: float) -> None:
    context = accuracy_in_context(score_probabilities(np.full(4, probability), np.array([0, 1, 0, 1])), 0.5)
    assert context.entropy == pytest.approx(entropy, abs=1e-6)


def test_several_classes_without_their_matrix_leave_out_what_needs_it() -> None:
    outputs, labels = several_classes(0, 4)
    context = accuracy_in_context(score_probabilities(outputs, labels), 0.5)
    assert (context.roc_auc, context.brier, context.entropy) == (None, None, None)
    assert context.calibration_error is not None


def test_a_class_without_samples_has_no_area_and_no_recall() -> None:
    outputs = np.full((4, 3), 1 / 3, dtype=np.float32)
    context = accuracy_in_context(
        score_probabilities(outputs, np.array([0, 1, 0, 1])), 0.5, classes=3, probabilities=outputs
    )
    assert context.roc_auc is None
    assert context.per_class is not None
    assert (context.per_class[2].precision, context.per_class[2].recall, context.per_class[2].f1) == (None, None, None)
    assert (context.classes_present, context.balanced_accuracy) == (2, 0.5)


def test_thousands_of_classes_have_measures_and_no_matrix() -> None:
    outputs, labels = several_classes(0, 3000, samples=3100)
    context = accuracy_in_context(score_probabilities(outputs, labels), 0.5, probabilities=outputs)
    assert context.confusion is None
    assert context.per_class is not None
    assert len(context.per_class) == 3000 > MAX_CLASSES
    assert context.roc_auc is None, "3000 columns are too many to sort each epoch"
    assert context.entropy is not None


NOT_FOR_ONE_CLASS = ("balanced_accuracy", "matthews", "roc_auc", "average_precision")
NOT_FOR_NAN = (*NOT_FOR_ONE_CLASS, "per_class", "confusion", "brier", "calibration", "calibration_error", "entropy")


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_alone_leaves_out_what_compares_classes(label: int) -> None:
    context = accuracy_in_context(score_probabilities(np.array([0.2, 0.7, 0.6]), np.full(3, label)), 0.5)
    assert [getattr(context, name) for name in NOT_FOR_ONE_CLASS] == [None] * 4
    assert (context.classes_present, context.majority_share, context.majority_class) == (1, 1.0, label)
    assert context.brier is not None


def test_without_samples_there_are_no_values() -> None:
    for nothing in (
        score_probabilities(np.zeros(0), np.zeros(0, int)),
        score_probabilities(np.zeros((0, 3)), np.zeros(0, int)),
    ):
        context = accuracy_in_context(nothing, 0.5)
        rest = [
            value for name, value in fields_of(context) if name not in {"samples", "not_numbers", "classes_present"}
        ]
        assert rest == [None] * len(rest)
        assert (context.samples, context.not_numbers, context.classes_present) == (0, 0, 0)


def test_one_sample_is_right_or_wrong_and_has_a_very_wide_band() -> None:
    context = accuracy_in_context(score_probabilities(np.array([0.8]), np.array([1])), 0.5)
    assert (context.samples, context.accuracy, context.calibration, context.calibration_error) == (1, 1.0, None, None)
    assert context.interval == pytest.approx((0.2065, 1.0), abs=1e-4)


@pytest.mark.parametrize("shape", [(4,), (4, 3)])
def test_nan_predictions_give_none_and_no_warning(shape: tuple[int, ...]) -> None:
    outputs = np.full(shape, 0.3, dtype=np.float32)
    outputs[1] = np.nan
    context = accuracy_in_context(
        score_probabilities(outputs, np.array([0, 1, 0, 1])), 0.5, probabilities=outputs if len(shape) > 1 else None
    )
    assert [getattr(context, name) for name in NOT_FOR_NAN] == [None] * len(NOT_FOR_NAN)
    assert (context.not_numbers, context.accuracy, context.majority_share) == (1, 0.5, 0.5)


def test_no_field_is_ever_nan() -> None:
    for seed in range(20):
        outputs, labels = two_classes(seed, samples=seed)
        for name, value in fields_of(accuracy_in_context(score_probabilities(outputs, labels), 0.5)):
            assert not (isinstance(value, float) and math.isnan(value)), name


def fields_of(context: Context) -> list[tuple[str, object]]:
    return [(field.name, getattr(context, field.name)) for field in dataclasses.fields(context)]


def test_the_band_of_an_accuracy_is_wilsons() -> None:
    """81 of 263: the worked example in Newcombe 1998 (Statistics in Medicine 17, p. 857)."""
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert wilson_interval(0, 20) == pytest.approx((0.0, 0.1611), abs=5e-5)
    assert wilson_interval(20, 20) == pytest.approx((0.8389, 1.0), abs=5e-5)
    assert wilson_interval(0, 0) is None
    assert pytest.approx(NormalDist().inv_cdf(0.975)) == Z_95


def test_a_ranking_has_the_distinct_probabilities_in_order() -> None:
    ranking = rank(np.array([0.5, 0.25, 0.5, 0.75], dtype=np.float32), np.array([True, False, False, True]))
    assert ranking.probability.tolist() == [0.25, 0.5, 0.75]
    assert ranking.positives_up_to.tolist() == [0, 1, 2]
    assert ranking.negatives_up_to.tolist() == [1, 2, 2]
    assert ranking.roc_auc() == 0.875, "three pairs won and one tie, of four"
    nothing = rank(np.zeros(0, dtype=np.float32), np.zeros(0, dtype=bool))
    assert (nothing.positives, nothing.negatives, nothing.roc_auc(), nothing.average_precision()) == (0, 0, None, None)
