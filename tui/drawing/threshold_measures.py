"""Draws the measures at the threshold of the view, beside those that the run reports."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.threshold_choice import ConfusionCounts
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, row
from fitmon.tui.drawing.threshold_blocks import Block
from fitmon.tui.drawing.threshold_picture import class_words

REPORTED = (
    "val_accuracy",
    "val_binary_accuracy",
    "val_categorical_accuracy",
    "val_sparse_categorical_accuracy",
    "val_acc",
)
"""Keras's names for the validation accuracy."""

MIN_VALUE_WIDTH = 6
WORDY_WIDTH = 50
"""From this width on, names are written in full."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A number with its name and its meaning."""

    name: str
    value: str
    meanings: tuple[str, ...] = ()
    """From the longest wording to the shortest."""


def measures_block(
    snapshot: Snapshot,
    observation: Observation,
    *,
    threshold: float,
    counts: ConfusionCounts | None,
    positive: str,
    width: int,
) -> Block:
    """Return the measures in `width` cells.

    Args:
        snapshot: of the run.
        observation: of its validation samples.
        threshold: of the view, in [0, 1].
        counts: at this threshold; None for more than two classes.
        positive: the name of class 1, free of control characters.
        width: in cells.
    """
    reported = reported_accuracy(snapshot, observation)
    if counts is None:
        return Block(rows=measure_rows([*reported, *_balanced(observation.baseline.balanced_accuracy, width)], width))
    accuracies = [*reported, *_accuracy(counts, threshold)]
    others = _two_class_measures(counts, positive, width) if observation.baseline.classes_present > 1 else []
    few = measure_rows(accuracies, width)
    shortest = [(place, row(_in_one(measure))) for place, measure in enumerate(accuracies)]
    larger = ([*few, *_in_lines(others, width)], measure_rows([*accuracies, *others], width))
    return Block(rows=few, smaller=[row(" ", *fitting(shortest, "  ", width - 1))], larger=larger if others else ())


def _in_one(measure: Measure) -> str:
    return f"{measure.name} {measure.value} {measure.meanings[-1]}"


def _in_lines(measures: Sequence[Measure], width: int) -> list[Row]:
    # The no-break space is the second of the two blanks between measures.
    texts = [form.unbroken(f"{measure.name} {measure.value} ") for measure in measures]
    lines = form.wrap(" ".join(texts), width - 1, indent="")
    return [row(f" {line.replace(form.NO_BREAK, ' ')}") for line in lines]


def reported_accuracy(snapshot: Snapshot, observation: Observation) -> list[Measure]:
    """Return the validation accuracy that Keras reported for the epoch observed, if there is one.

    The threshold is included only if the samples give the same accuracy at the threshold of the run: a user's metric
    may use another, or weight the samples.
    """
    for name in REPORTED:
        curve = snapshot.metrics.get(name)
        values = [] if curve is None else curve.values[curve.epochs == observation.epoch].tolist()
        if values and math.isfinite(values[-1]):
            return [Measure(name, form.measured(values[-1]), _reported_words(values[-1], observation))]
    return []


def _reported_words(value: float, observation: Observation) -> tuple[str, ...]:
    own = observation.baseline.accuracy
    same = own is not None and abs(value - own) * len(observation) < 0.5  # noqa: PLR2004 - less than half a sample
    if observation.scores.task == "binary" and same:
        at = form.setting(observation.threshold)
        return f"reported by the run, at {at}", f"reported, at {at}", f"at {at}"
    return "reported by the run", "reported"


def _accuracy(counts: ConfusionCounts, threshold: float) -> list[Measure]:
    at = form.setting(threshold)
    words = (f"at threshold {at} (this view)", f"this view, at {at}", f"at {at}")
    return [] if counts.accuracy is None else [Measure("accuracy", form.measured(counts.accuracy), words)]


def _two_class_measures(counts: ConfusionCounts, positive: str, width: int) -> list[Measure]:
    """Return the measures that are defined for these counts; both classes are present."""
    known = (
        ("precision", counts.precision, (f"correct among predicted {positive}", f"of predicted {positive}")),
        ("recall", counts.recall, (f"share of {class_words(positive)} found", f"{class_words(positive)} found")),
        ("F1", counts.f1, ("of precision and recall",)),
    )
    measures = [Measure(name, form.measured(value), words) for name, value, words in known if value is not None]
    return [*measures, *_balanced(counts.balanced_accuracy, width)]


def _balanced(accuracy: float | None, width: int) -> list[Measure]:
    if accuracy is None:
        return []
    if width < WORDY_WIDTH:
        return [Measure("balanced", form.measured(accuracy), ("accuracy: mean recall", "mean recall"))]
    return [Measure("balanced accuracy", form.measured(accuracy), ("mean recall over classes",))]


def measure_rows(measures: Sequence[Measure], width: int) -> list[Row]:
    """Return the measures in columns of `width` cells in all, each with the longest wording that fits."""
    names = max((cell_len(measure.name) for measure in measures), default=0)
    values = max([MIN_VALUE_WIDTH, *(len(measure.value) for measure in measures)])
    return [
        row(
            f" {measure.name:{names}}  {measure.value:>{values}}",
            (f"  {_longest(measure.meanings, width - names - values - 6)}", Role.FAINT),
        )
        for measure in measures
    ]


def _longest(wordings: Sequence[str], room: int) -> str:
    return next((wording for wording in wordings if cell_len(wording) <= room), "")
