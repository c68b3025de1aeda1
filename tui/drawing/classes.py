"""The classes of the validation samples: who is taken for whom, what is found of each, what the accuracy is worth.

What each part says is the business of `confusion`, `class_bars` and `calibration`; here they are put together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.cells import cell_len

from fitmon.engine.insight.calibration import USUAL_THRESHOLD
from fitmon.engine.insight.confusion import ClassMeasures, balanced_accuracy, matthews, measure_classes
from fitmon.engine.insight.context import Context, accuracy_in_context
from fitmon.engine.insight.interval import wilson_interval
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import SampleScores
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitted, fitting, framed, row
from fitmon.tui.drawing.calibration import draw_calibration
from fitmon.tui.drawing.class_bars import bars_widths, class_name, draw_class_bars, measure_labels
from fitmon.tui.drawing.confusion import Confusion, confusion_of, draw_confusion, fitting_grid, list_width
from fitmon.tui.drawing.threshold import why_nothing
from fitmon.tui.frame import Frame

MAX_COLUMNS, MAX_ROWS = 240, 80
"""Nothing is drawn larger than this, so that a huge terminal does not cost the training its time."""

MIN_BARS_WIDTH, MIN_BARS_HEIGHT = 42, 5
"""The smallest frame in which classes can be read."""

MIN_LIST_WIDTH, MIN_LIST_HEIGHT = 36, 6
MIN_LOWER_HEIGHT = 9
"""From this height on, calibration and context get frames of their own; below, one line."""

MIN_LINE_HEIGHT = 9
"""Below this height even that line has no room."""

WIDE_WIDTH, WIDE_HEIGHT = 100, 28
"""From this size on, all parts are shown."""

PAIR_WIDTH = 72
"""From this width on, calibration and context stand side by side."""

BAND = "95 % band"
MIN_MEANING = 16
"""Cells for where the band ends, gaps and margins included."""

BINARY = 2

AT_ONCE_CELLS = 300_000
"""Up to so many probabilities (n * C) all of the context takes less time than anybody notices."""
MAX_CELLS = 10_000_000
"""Beyond, what needs all probabilities is left out: it would take the training's time for seconds."""


@dataclass(frozen=True, slots=True)
class ClassesData:
    """What the parts are made of, each measured once."""

    names: tuple[str, ...]
    """Of the classes, or of the labels where a sample has several."""
    answer_names: tuple[str, ...]
    """Of the classes that can be answered."""
    scores: SampleScores
    confusion: Confusion | None
    """None where a sample has several labels: a pooled matrix would mix their classes."""
    measures: tuple[ClassMeasures, ...]
    context: Context
    """At the view's threshold."""
    threshold: float
    at: Row
    """Where the answers hold; empty for several classes."""
    epoch: str
    is_waiting: bool
    """Whether more of the context is being measured."""


def takes_long(observation: Observation) -> bool:
    """Return whether `measure_context` takes so long that it should be called where nobody waits for it."""
    matrix = observation.probabilities
    return matrix is not None and AT_ONCE_CELLS < matrix.size <= MAX_CELLS


def measure_context(observation: Observation) -> Context:
    """Measure the context at the run's threshold from all probabilities."""
    matrix = observation.probabilities
    classes = None if matrix is None else matrix.shape[1]
    # Not the observation's own: before Python 3.12 a cached property locks out all others while it is computed.
    return accuracy_in_context(observation.scores, observation.threshold, classes=classes, probabilities=matrix)


def draw_classes(frame: Frame, width: int, height: int, measured: Context | None = None) -> list[Row]:
    """Return the view in that size, each part in a frame; a sentence in its place while there are no scores.

    `measured` is what `measure_context` returned, where it takes long; None while it is not known.
    """
    width, height = min(width, MAX_COLUMNS), min(height, MAX_ROWS)
    observation = frame.snapshot.observation
    if observation is None or not len(observation):
        return _sentence_alone(why_nothing(frame.snapshot), width, height)
    if not np.isfinite(observation.scores.margin).any():
        return _sentence_alone("no prediction of this model is a number", width, height)
    data = _classes_data(frame, observation, measured)
    left = _left_width(data, width, height)
    lower = _lower_height(data, left, width, height)
    upper = _upper(data, left, "" if lower > 1 else data.epoch, width, height - lower)
    return [*upper, *_lower(data, width, lower)]


def _sentence_alone(said: str, width: int, height: int) -> list[Row]:
    lines = form.wrap(said, max(1, width - 4), indent="")
    title = row(("classes", Role.STRONG))
    return framed(title, [row(), *(row((f" {line}", Role.FAINT)) for line in lines)], width, height)


def _classes_data(frame: Frame, observation: Observation, measured: Context | None) -> ClassesData:
    scores, started = observation.scores, frame.snapshot.started
    names = started.class_names if started is not None else ()
    known = np.isfinite(scores.margin)
    true, answers = scores.true_class[known], scores.answers(frame.threshold)[known]
    context = measured or _context_at_once(observation)
    classes = _class_count(scores, context, names)
    several = scores.labels > 1
    pooled = measure_classes(true, answers, classes)
    confusion = confusion_of(true, answers, classes, names)
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


def _context_at_once(observation: Observation) -> Context:
    matrix = observation.probabilities
    if matrix is None or matrix.size <= AT_ONCE_CELLS:
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
    """Return the context at the view's threshold; what pools several labels into two classes is left out."""
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


def _lower_height(data: ClassesData, left: int | None, width: int, height: int) -> int:
    """Return the rows for calibration and context: frames below what the upper parts need, else one line or none."""
    room = height - _least_upper_height(data, left, width, height)
    if room >= MIN_LOWER_HEIGHT:
        spare = height - _upper_wish(data, left)
        least = MIN_LOWER_HEIGHT if width >= PAIR_WIDTH else 2 * MIN_LOWER_HEIGHT
        return min(room, max(least, height * 9 // 20, min(spare, height * 3 // 5)))
    return 1 if height >= MIN_LINE_HEIGHT else 0


def _upper_wish(data: ClassesData, left: int | None) -> int:
    """Return the rows in which all there is to say of a few classes stands."""
    bars = len(data.measures) + 3
    if data.confusion is None:
        return bars
    confusions = bars + 4 + min(data.confusion.pairs, len(data.measures))
    return confusions + bars if left is None else confusions


def _left_width(data: ClassesData, width: int, height: int) -> int | None:
    """Return the width of the confusions where the classes have room beside them; None where they have not.

    A matrix that fits only above the classes is worth more than a list beside them; on a wide terminal as long as all
    other parts are still to be data.
    """
    if data.confusion is None:
        return None
    bars, most = bars_widths(data.measures, data.names), width - MIN_BARS_WIDTH
    if most < MIN_LIST_WIDTH:
        return None
    rooms = (min(most, width - wide) for wide in (*bars, MIN_BARS_WIDTH))
    is_wide = width >= WIDE_WIDTH and height >= WIDE_HEIGHT
    most_rows = height - MIN_LOWER_HEIGHT if is_wide else height
    beside = next((grid for room in rooms if (grid := fitting_grid(data.confusion, room, most_rows))), None)
    if beside:
        wish = min(list_width(data.confusion), width // 2, width - bars[0])
        return max(beside.framed_width, wish, MIN_LIST_WIDTH)
    below = MIN_BARS_HEIGHT + (1 + MIN_LOWER_HEIGHT if is_wide else 1)
    if fitting_grid(data.confusion, width, height - below):
        return None
    return min(most, max(width // 2, MIN_LIST_WIDTH))


def _least_upper_height(data: ClassesData, left: int | None, width: int, height: int) -> int:
    bars = min(len(data.measures) + 3, max(MIN_BARS_HEIGHT, height // 3))
    if data.confusion is None:
        return bars
    grid = fitting_grid(data.confusion, left or width, height)
    if grid is not None and left is None:
        return grid.framed_height + 1 + MIN_BARS_HEIGHT
    confusions = grid.framed_height + 1 if grid else min(max(MIN_LIST_HEIGHT, height // 3), 3 + data.confusion.pairs)
    return max(bars, confusions) if left is not None else bars + confusions


def _upper(data: ClassesData, left: int | None, epoch: str, width: int, height: int) -> list[Row]:
    """Return confusions and classes, side by side or below one another; the confusions alone where both do not fit.

    `epoch` is empty where it stands in another title.
    """
    confusion = data.confusion
    if confusion is None:
        return _bars(data, width, height)
    if left is not None:
        beside = _bars(data, width - left, height)
        return _beside(draw_confusion(confusion, data.at, epoch, left, height), beside)
    bars = _bars_height(confusion, len(data.measures), width, height)
    above = draw_confusion(confusion, data.at, epoch, width, height - bars)
    return [*above, *(_bars(data, width, bars) if bars else [])]


def _bars_height(confusion: Confusion, classes: int, width: int, height: int) -> int:
    """Return the rows for the classes below the confusions; 0 where they have no room."""
    grid = fitting_grid(confusion, width, height)
    wish = min(classes + 3, max(MIN_BARS_HEIGHT, height // 2))
    rest = height - (MIN_LIST_HEIGHT if grid is None else grid.framed_height)
    if rest > MIN_BARS_HEIGHT + 1 or rest > wish:
        rest -= 1  # for what the signs in the matrix mean
    return min(wish, rest) if rest >= MIN_BARS_HEIGHT else 0


def _bars(data: ClassesData, width: int, height: int) -> list[Row]:
    what = "class" if data.scores.labels == 1 else "label"
    return draw_class_bars(data.measures, data.names, width, height, what=what, at=data.at)


def _beside(left: Sequence[Row], right: Sequence[Row]) -> list[Row]:
    return [(*one, *other) for one, other in zip(left, right, strict=True)]


def _lower(data: ClassesData, width: int, height: int) -> list[Row]:
    if height == 1:
        return [fitted(_line(data, width), width)]
    if not height:
        return []
    if width >= PAIR_WIDTH:
        left = width // 2
        return _beside(_calibration(data, left, height), _context(data, width - left, height))
    if height < 2 * MIN_LOWER_HEIGHT:
        return _context(data, width, height)
    return [*_calibration(data, width, height // 2), *_context(data, width, height - height // 2)]


def _calibration(data: ClassesData, width: int, height: int) -> list[Row]:
    # About the more probable class, wherever the view's threshold is.
    usual = (f"at threshold {USUAL_THRESHOLD:g}", Role.FAINT)
    at = row() if not data.at or data.threshold == USUAL_THRESHOLD else row(usual)
    return draw_calibration(data.context.calibration, _why_no_calibration(data), at, width, height)


def _why_no_calibration(data: ClassesData) -> str:
    if data.context.not_numbers:
        return "no curve while predictions are not numbers"
    return "one sample is too few for a curve"


@dataclass(frozen=True, slots=True)
class _Measure:
    """A number with its name and what it means."""

    name: str
    short: str
    """The name where the full one has no room."""
    value: str
    meaning: str
    importance: int


def _context_measures(data: ClassesData) -> list[_Measure]:
    """Return what is known around the accuracy, the most telling first."""
    known, two = data.context, data.scores.probability is not None
    low, high = (None, None) if known.interval is None else known.interval
    always = "" if known.majority_class is None else class_name(data.answer_names, known.majority_class)
    answers = f"of {form.count(known.samples)} {'sample' if data.scores.labels == 1 else 'answer'}"
    plural = "" if known.samples == 1 else "s"
    no_idea = form.measured(math.log(BINARY if two else len(data.measures)))
    several = (
        ("accuracy", "accuracy", known.accuracy, f"{answers}{plural}", 9),
        (BAND, BAND, low, f"to {form.measured(high or 0.0)}", 8),
        ("majority baseline", "majority", known.majority_share, f"always answering {always}", 7),
        ("balanced accuracy", "balanced", known.balanced_accuracy, "mean recall of the classes", 6),
        ("ROC AUC", "ROC AUC", known.roc_auc, "0.5 is chance" if two else "each class against the rest", 5),
        (
            "average precision",
            "avg precision",
            known.average_precision,
            "of all thresholds" if two else "mean over the classes",
            2,
        ),
        ("Matthews correlation", "Matthews", known.matthews, "0 is chance, 1 perfect", 4),
        ("Brier score", "Brier", known.brier, f"0 is best, {'1' if two else '2'} worst", 1),
        ("mean entropy", "entropy", known.entropy, f"nats; {no_idea} is no idea", 0),
        ("calibration error", "calib. error", known.calibration_error, "0 is as right as it says", 3),
    )
    return [
        _Measure(name, short, form.measured(value), meaning, importance)
        for name, short, value, meaning, importance in several
        if value is not None
    ]


def _line(data: ClassesData, width: int) -> Row:
    """Return the most telling measures in one line."""
    fields = [(10, row((said, Role.MARK))) for said in _remarks(data)[:1]]
    for measure in _context_measures(data):
        if measure.name == BAND:
            fields.append((measure.importance, row(f"{BAND} {measure.value} {measure.meaning}")))
        else:
            fields.append((measure.importance, row(f"{measure.name} {measure.value}")))
    return row(" ", *fitting(fields, " · ", width - 1))


def _context(data: ClassesData, width: int, height: int) -> list[Row]:
    fields = [(9, row(("accuracy in context", Role.STRONG)))]
    if data.scores.labels > 1:
        fields.append((7, row("all labels")))
    if data.at:
        fields.append((8, data.at))
    title = fitting([*fields, (5, row((data.epoch, Role.FAINT)))], "  ", width - 5)
    room = max(1, width - 4)
    said = [row((f" {line}", Role.MARK)) for text in _remarks(data) for line in form.wrap(text, room, indent="")]
    most = max(0, height - 2 - len(said))
    measures = _context_measures(data)
    kept = sorted(measures, key=lambda measure: -measure.importance)[:most]
    lines = [*said, *_measure_rows([measure for measure in measures if measure in kept], width - 2)]
    if data.is_waiting:
        lines.append(row((" more is being measured …", Role.FAINT)))
    return framed(title, lines, width, height)


def _measure_rows(measures: Sequence[_Measure], width: int) -> list[Row]:
    """Return the measures in columns; names in full where the end of the band still has room behind them."""
    values = max((len(measure.value) for measure in measures), default=0)
    full = max((len(measure.name) for measure in measures), default=0)
    is_short = full + values + MIN_MEANING > width
    names = max((len(measure.short) for measure in measures), default=0) if is_short else full
    room = width - names - values - 6
    return [
        row(
            f" {measure.short if is_short else measure.name:{names}}  {measure.value:>{values}}",
            (f"  {measure.meaning}" if cell_len(measure.meaning) <= room else "", Role.FAINT),
        )
        for measure in measures
    ]


def _remarks(data: ClassesData) -> list[str]:
    """Return what must be known of these numbers."""
    known, said = data.context, []
    if known.classes_present == 1 and known.majority_class is not None:
        only = class_name(data.answer_names, known.majority_class)
        said.append(f"all samples are of class {only}: accuracy says little")
    if known.not_numbers:
        many = known.not_numbers > 1
        which = (
            f"{form.count(known.not_numbers)} predictions are not numbers" if many else "1 prediction is not a number"
        )
        said.append(f"{which}: wrong in the accuracy, left out of the classes")
    return said
