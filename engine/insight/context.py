"""Accuracy in context: compared with always predicting one class, per class, and with its noise.

scikit-learn defines these metrics, and the tests compare with it. They are computed here with numpy to save time: for a
million two-class samples scikit-learn needs 1.3 s (0.4 s for the ROC AUC alone, because each metric sorts again), all
of this about 0.2 s; the first import of its metrics takes another 1 to 2 s, as long as an epoch of MNIST. (Measured on
two shared cores, scikit-learn 1.9.)
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.baseline import measure_baseline
from fitmon.engine.insight.calibration import CalibrationBin, calibration_curve, expected_calibration_error
from fitmon.engine.insight.confusion import ClassMeasures, Counts, confusion_matrix, matthews, measure_classes
from fitmon.engine.insight.interval import wilson_interval
from fitmon.engine.insight.ranking import Ranking, rank
from fitmon.engine.insight.scores import Floats, SampleScores

Matrix = npt.NDArray[np.floating]

MAX_CELLS = 2_000_000
"""Above this many probabilities (n * C) ROC AUC and average precision of several classes are left out, because they
sort every class's column."""
BLOCK_CELLS = 1_000_000
"""Probabilities processed at a time, so that thousands of classes need no second matrix."""


@dataclass(frozen=True, slots=True, eq=False)
class Context:
    """Measures around one accuracy. A value without meaning is None, never NaN.

    With `not_numbers` above 0 only the counts, the majority class and its share, the accuracy and its interval are set.
    """

    samples: int
    """n."""
    not_numbers: int
    """Samples whose prediction is NaN; they count as wrong."""
    classes_present: int
    """Classes that have a sample; with only one, accuracy says almost nothing. 0 without samples."""
    majority_class: int | None
    """The most frequent true class, the first of several; None without samples."""
    majority_share: float | None
    """The accuracy of always predicting that class, in [0, 1]; None without samples."""
    accuracy: float | None
    """The share of correct predictions at the threshold, in [0, 1]; None without samples."""
    interval: tuple[float, float] | None
    """The 95% band of that accuracy for this number of samples; None without samples."""
    balanced_accuracy: float | None
    """Mean recall over the classes, in [0, 1]; None where fewer than two are present."""
    per_class: tuple[ClassMeasures, ...] | None
    """C entries: precision, recall, F1 and support; None without samples."""
    confusion: Counts | None
    """(C, C) int64, a row for each true class; None without samples or beyond `confusion.MAX_CLASSES`."""
    matthews: float | None
    """Matthews correlation, in [-1, 1]; None for several classes or where one of two is absent."""
    roc_auc: float | None
    """Area under the ROC curve, in [0, 1]. Several classes: each against the rest, the plain mean of the C areas, and
    only where the matrix of probabilities was given. None where a class has no samples."""
    average_precision: float | None
    """Area under precision over recall, in [0, 1]; several classes, and None, as for `roc_auc`."""
    brier: float | None
    """Mean squared distance of the probabilities from the truth (Brier 1950). Two classes: (p - y)², in [0, 1].
    Several: summed over the classes, in [0, 2], and None unless the matrix was given."""
    calibration: tuple[CalibrationBin, ...] | None
    """15 bins; None below two samples."""
    calibration_error: float | None
    """Expected calibration error (Guo et al. 2017), in [0, 1]; None below two samples."""
    entropy: float | None
    """Mean entropy of the predictions in nats, in [0, ln C]: 0 = certain, ln C = uniform guess. Several classes: None
    unless the matrix was given."""


def accuracy_in_context(
    scores: SampleScores, threshold: float, *, classes: int | None = None, probabilities: Matrix | None = None
) -> Context:
    """Measure everything that accuracy alone does not show.

    Args:
        scores: n samples.
        threshold: in [0, 1], for two classes. Calibration, Brier score, entropy and areas do not depend on it.
        classes: C; None for two, or for the largest class number that occurs, plus one.
        probabilities: (n, C) of several classes, as scored; None where not available, since `SampleScores` does not
            keep them.
    """
    base = measure_baseline(scores, threshold)
    usable = base.samples > 0 and not base.not_numbers
    class_count = _class_count(scores, classes)
    answers = scores.answers(threshold)
    per_class = measure_classes(scores.true_class, answers, class_count) if usable else None
    confusion = confusion_matrix(scores.true_class, answers, class_count) if usable else None
    two = scores.probability if usable else None
    matrix = probabilities if usable and scores.probability is None else None
    rankings = _rankings(scores, two, matrix)
    curve = calibration_curve(scores)
    return Context(
        samples=base.samples,
        not_numbers=base.not_numbers,
        classes_present=base.classes_present,
        majority_class=base.majority_class,
        majority_share=base.majority_share,
        accuracy=base.accuracy,
        interval=wilson_interval(base.right, base.samples),
        balanced_accuracy=base.balanced_accuracy,
        per_class=per_class,
        confusion=confusion,
        matthews=None if two is None or confusion is None else matthews(confusion),
        roc_auc=_mean([ranking.roc_auc() for ranking in rankings]),
        average_precision=_mean([ranking.average_precision() for ranking in rankings]),
        brier=_brier(scores, two, matrix),
        calibration=curve,
        calibration_error=expected_calibration_error(curve),
        entropy=_entropy(two, matrix),
    )


def _class_count(scores: SampleScores, classes: int | None) -> int:
    if scores.probability is not None:
        return 2
    if classes is not None:
        return classes
    return 1 + max(int(scores.true_class.max(initial=0)), int(scores.predicted_class.max(initial=0)))


def _rankings(scores: SampleScores, two: Floats | None, matrix: Matrix | None) -> list[Ranking]:
    """Return one ranking for two classes, one per class for several; none where they take too long."""
    if two is not None:
        return [rank(two, scores.true_class == 1)]
    if matrix is None or matrix.size > MAX_CELLS:
        return []
    columns = matrix.astype(np.float32, copy=False).T
    return [rank(column, scores.true_class == number) for number, column in enumerate(columns)]


def _mean(values: list[float | None]) -> float | None:
    """Return the plain mean over the classes; None where one of them has no value."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _brier(scores: SampleScores, two: Floats | None, matrix: Matrix | None) -> float | None:
    if two is not None:
        miss = 1 - scores.probability_true.astype(np.float64)
        return float(np.dot(miss, miss) / len(miss))
    if matrix is None:
        return None
    # The sum over classes of (p - y)² is the sum of p² without p(true)² plus (1 - p(true))².
    squares = sum(float((block * block).sum()) for block in _blocks(matrix))
    true = scores.probability_true.astype(np.float64)
    return float((squares + (1 - 2 * true).sum()) / len(true))


def _entropy(two: Floats | None, matrix: Matrix | None) -> float | None:
    if two is not None:
        return (_surprise(two.astype(np.float64)) + _surprise(1 - two.astype(np.float64))) / len(two)
    if matrix is None:
        return None
    return sum(_surprise(block) for block in _blocks(matrix)) / len(matrix)


def _surprise(probability: npt.NDArray[np.float64]) -> float:
    """Return the sum of -p ln p, with 0 ln 0 = 0."""
    logarithm = np.log(np.maximum(probability, np.finfo(np.float64).tiny))
    return -float(np.vdot(probability, logarithm))


def _blocks(matrix: Matrix) -> Iterator[npt.NDArray[np.float64]]:
    rows = max(1, BLOCK_CELLS // max(1, matrix.shape[1]))
    return (matrix[start : start + rows].astype(np.float64) for start in range(0, len(matrix), rows))
