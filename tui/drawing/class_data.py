"""What the classes view is made of, each part measured once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fitmon.engine.insight.confusion import ClassMeasures, balanced_accuracy, matthews, measure_classes
from fitmon.engine.insight.context import Context, accuracy_in_context
from fitmon.engine.insight.interval import wilson_interval
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import SampleScores
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row
from fitmon.tui.drawing.class_bars import measure_labels
from fitmon.tui.drawing.confusion import Confusion, confusion_of
from fitmon.tui.frame import Frame

BINARY = 2

MAX_IMMEDIATE_CELLS = 300_000
"""Up to this many probabilities (n * C), measuring the whole context takes no noticeable time."""
MAX_CELLS = 10_000_000
"""Beyond, whatever needs all probabilities is left out: it would take seconds of training time."""


@dataclass(frozen=True, slots=True)
class ClassesData:
    """The values that the parts of the classes view share, each measured once."""

    names: tuple[str, ...]
    """Of the classes, or of the labels if a sample has several."""
    answer_names: tuple[str, ...]
    """Of the classes that can be predicted."""
    scores: SampleScores
    confusion: Confusion | None
    """None if a sample has several labels: a pooled matrix would mix their classes."""
    measures: tuple[ClassMeasures, ...]
    context: Context
    """At the threshold of the view."""
    threshold: float
    at: Row
    """The threshold of the predictions, in words; empty for more than two classes."""
    epoch: str
    is_waiting: bool
    """Whether the rest of the context is still being measured."""


def takes_long(observation: Observation) -> bool:
    """Return whether `measure_context` takes so long that it should be called in a thread."""
    matrix = observation.probabilities
    return matrix is not None and MAX_IMMEDIATE_CELLS < matrix.size <= MAX_CELLS


def measure_context(observation: Observation) -> Context:
    """Measure the context at the threshold of the run from all probabilities."""
    matrix = observation.probabilities
    classes = None if matrix is None else matrix.shape[1]
    # Not the cached property of the observation: before Python 3.12 one blocks all others while it is computed.
    return accuracy_in_context(observation.scores, observation.threshold, classes=classes, probabilities=matrix)


def classes_data(frame: Frame, observation: Observation, measured: Context | None) -> ClassesData:
    """Measure what the view shows; `measured` is the result of `measure_context`, None if not known."""
    scores, started = observation.scores, frame.snapshot.started
    names = started.class_names if started is not None else ()
    known = np.isfinite(scores.margin)
    true, answers = scores.true_class[known], scores.answers(frame.threshold)[known]
    context = measured or _immediate_context(observation)
    classes = _class_count(scores, context, names)
    several = scores.labels > 1
    pooled = measure_classes(true, answers, classes)
    confusion = replace(confusion_of(true, answers, classes, names), paints=frame.paints)
    at = (f"at threshold {form.setting(frame.threshold)}", Role.STRONG)
    return ClassesData(
        names=names,
        answer_names=() if several else names,
        scores=scores,
        confusion=None if several else confusion,
        measures=measure_labels(scores, frame.threshold) if several else pooled,
        context=_context_at(context, scores, frame.threshold, pooled, confusion),
        threshold=frame.threshold,
        at=row(at) if scores.probability is not None else row(),
        epoch=f"epoch {observation.epoch}" if observation.epoch else "before training",
        is_waiting=measured is None and takes_long(observation),
    )


def _immediate_context(observation: Observation) -> Context:
    matrix = observation.probabilities
    if matrix is None or matrix.size <= MAX_IMMEDIATE_CELLS:
        return observation.context
    return accuracy_in_context(observation.scores, observation.threshold, classes=matrix.shape[1])


def _class_count(scores: SampleScores, context: Context, names: Sequence[str]) -> int:
    if scores.probability is not None:
        return BINARY
    known = 0 if context.per_class is None else len(context.per_class)
    return max(known, len(names), 1 + int(scores.true_class.max()), 1 + int(scores.predicted_class.max()))


def _context_at(
    context: Context,
    scores: SampleScores,
    threshold: float,
    measures: tuple[ClassMeasures, ...],
    confusion: Confusion,
) -> Context:
    """Return the context at the threshold of the view, without measures that would pool several labels into two."""
    if scores.probability is None:
        return context
    right = int(scores.right(threshold).sum())
    whole = not context.not_numbers and scores.labels == 1
    return replace(
        context,
        accuracy=right / len(scores),
        interval=wilson_interval(right, len(scores)),
        balanced_accuracy=balanced_accuracy(measures) if whole else None,
        matthews=None if confusion.matrix is None or not whole else matthews(confusion.matrix),
    )
