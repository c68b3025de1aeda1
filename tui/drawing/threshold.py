"""Draws the validation samples against the decision threshold, and how they moved.

The neighboring `threshold_*` modules draw the parts; this one arranges them.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from fitmon.engine.insight.movement import FirstEpoch, Movement
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import NEAR, SampleScores
from fitmon.engine.insight.summary import sentence_at
from fitmon.engine.insight.threshold_choice import ConfusionCounts, counts_at
from fitmon.engine.record.snapshot import Snapshot
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, filled, fitted, fitting, framed, row, text_of
from fitmon.tui.drawing.threshold_blocks import Block, chosen, packed
from fitmon.tui.drawing.threshold_confusion import confusion_rows
from fitmon.tui.drawing.threshold_context import context_rows
from fitmon.tui.drawing.threshold_groups import groups_block
from fitmon.tui.drawing.threshold_histogram import WRONG, draw_histogram, histogram, scale
from fitmon.tui.drawing.threshold_measures import measures_block
from fitmon.tui.drawing.threshold_strip import strip, strip_legend
from fitmon.tui.frame import Frame

MAX_SENTENCE_ROWS = 3
UNBREAKABLE = re.compile(r"\([^)]*\)")
"""What a line break must not split: text in parentheses."""
MIN_WIDTH = 12
"""Below this width only the title is drawn."""
MAX_COLUMNS = 200
"""A histogram is not drawn wider than this, so that a huge terminal does not slow down training."""
MIN_BARS = 2
"""Rows of the smallest histogram."""
WIDE_WIDTH, WIDE_HEIGHT = 78, 16
"""From this size on the numbers are beside the histogram, not below it."""
ROOMY_HEIGHT = 24
"""From this height on, a blank row follows the sentence."""
MIN_NUMBERS, MAX_NUMBERS = 44, 58
"""Cells for the numbers beside the histogram."""
MAX_NAME = 24


@dataclass(frozen=True, slots=True)
class ThresholdData:
    """The values that the parts share, each measured once."""

    snapshot: Snapshot
    observation: Observation
    threshold: float
    movement: Movement | FirstEpoch
    counts: ConfusionCounts | None

    @property
    def scores(self) -> SampleScores:
        return self.observation.scores


def draw_threshold(frame: Frame, width: int, height: int) -> list[Row]:
    """Return the panel in a frame of that outer size; a sentence in its place while there are no scores."""
    observation = frame.snapshot.observation
    name = row(("threshold", Role.STRONG))
    if width < MIN_WIDTH:
        return framed(name, [], width, height)
    if observation is None or not len(observation):
        why = _wrapped([why_nothing(frame.snapshot)], Role.FAINT, width - 3)
        return framed(name, [row(), *why], width, height)
    data = ThresholdData(
        snapshot=frame.snapshot,
        observation=observation,
        threshold=frame.threshold,
        movement=observation.movement_at(frame.threshold),
        counts=counts_at(observation.scores, frame.threshold),
    )
    draw = _beside if width >= WIDE_WIDTH and height >= WIDE_HEIGHT else _below
    return framed(_title(data, width - 5), draw(data, width - 2, height - 2), width, height)


def why_nothing(snapshot: Snapshot) -> str:
    """Return why there are no scores to draw."""
    if snapshot.observation is not None:
        return "there are no validation samples"
    if snapshot.started is not None and snapshot.started.no_probabilities:
        return form.clean(snapshot.started.no_probabilities)
    if snapshot.epochs_done:
        return "this run has no probability per sample"
    return "probabilities are available after the first validation"


def _title(data: ThresholdData, width: int) -> Row:
    epoch = f"epoch {data.observation.epoch}" if data.observation.epoch else "before training"
    fields = [(5, row((epoch, Role.FAINT))), (4, row(("log heights", Role.FAINT)))]
    if data.scores.task == "binary":
        at_threshold = f"against threshold {form.setting(data.threshold)}"
        fields = [(9, row(("p(true class)", Role.STRONG))), (8, row((at_threshold, Role.STRONG))), *fields]
    else:
        fields = [(9, row(("margin: p(true) − best other", Role.STRONG))), *fields]
    return fitting(fields, "  ", width)


def _below(data: ThresholdData, width: int, height: int) -> list[Row]:
    """Return all parts stacked; the histogram takes the height that the others leave."""
    sentence = _sentence(data, width)
    min_height = max(MIN_BARS, height // 4) + 2
    blocks = [_counts(data, width), *_numbers(data, width), _rule(data, width)]
    forms = chosen(blocks, height - len(sentence) - min_height)
    if not any(forms):
        forms = chosen(blocks, height - len(sentence))
    room = height - len(sentence) - sum(map(len, forms))
    return [*sentence, *_histogram(data, width, room), *(line for form in forms for line in form)]


def _beside(data: ThresholdData, width: int, height: int) -> list[Row]:
    """Return the sentence above, the histogram on the left and the numbers on the right."""
    sentence = [*_sentence(data, width), *([row()] if height >= ROOMY_HEIGHT else [])]
    height -= len(sentence)
    right_width = min(MAX_NUMBERS, max(MIN_NUMBERS, width // 2))
    left_width = width - right_width - 1
    forms = chosen([_counts(data, left_width), _rule(data, left_width)], height // 3)
    bars = _histogram(data, left_width, height - sum(map(len, forms)))
    left = [*bars, *(line for form in forms for line in form)]
    right = packed(chosen(_numbers(data, right_width), height), height)
    pairs = zip(filled(left, left_width, height), filled(right, right_width, height), strict=True)
    return [*sentence, *(row(*fitted(one, left_width), " ", *other) for one, other in pairs)]


def _sentence(data: ThresholdData, width: int) -> list[Row]:
    room = width - 2
    said = sentence_at(data.observation, data.threshold)
    lines = form.wrap(UNBREAKABLE.sub(lambda found: form.unbroken(found[0]), said), room, indent="")
    if len(lines) > MAX_SENTENCE_ROWS:
        rest = " ".join(lines[MAX_SENTENCE_ROWS - 1 :])
        lines = [*lines[: MAX_SENTENCE_ROWS - 1], form.clip(rest, room)]
    return [row((f" {line.replace(form.NO_BREAK, ' ')}", Role.STRONG)) for line in lines]


def _histogram(data: ThresholdData, width: int, height: int) -> list[Row]:
    """Return the histogram with its scale and, if there is room, the arrows and their legend."""
    columns = min(MAX_COLUMNS, width - 2)
    if height < MIN_BARS + 1:
        return []
    before = data.observation.previous if isinstance(data.movement, Movement) else None
    arrows: list[Row] = []
    if before is not None and height >= MIN_BARS + 2:
        arrows.append(strip(data.scores, before, columns))
    legend = [strip_legend(data.observation.epoch, width)] if arrows and height >= 2 * MIN_BARS + 3 else []
    bins = histogram(data.scores, data.threshold, columns)
    bars = draw_histogram(bins, height - 1 - len(arrows) - len(legend))
    return [*bars, *arrows, scale(bins), *legend]


def _counts(data: ThresholdData, width: int) -> Block:
    movement = data.movement
    counts = [
        (9, row((f"█ right {form.count(movement.right)}", Role.GOOD))),
        (4, row(f"({form.share(movement.right / movement.samples)})")),
        (8, row((f"{WRONG} wrong {form.count(movement.samples - movement.right)}", Role.BAD))),
    ]
    near = [
        (6, row(f"near {form.count(data.observation.near(data.threshold))}")),
        (2, row((f"(within {NEAR:g} of the threshold)", Role.FAINT))),
    ]
    in_one = [row(" ", *fitting([*counts, *near], "  ", width - 1))]
    remarks = _remarks(data, width)
    if text_of(near[0][1]) in text_of(in_one[0]):
        return Block(rows=[*in_one, *remarks], smaller=in_one)
    apart = [row(" ", *fitting(fields, "  ", width - 1)) for fields in (counts, near)]
    return Block(rows=[*in_one, *remarks], smaller=in_one, larger=([*apart, *remarks],))


def _remarks(data: ThresholdData, width: int) -> list[Row]:
    """Return the caveats of these counts."""
    said = []
    missing = data.observation.baseline.not_numbers
    if missing == 1:
        said.append("1 prediction is NaN and counts as wrong")
    elif missing:
        said.append(f"{form.count(missing)} predictions are NaN and count as wrong")
    if data.scores.labels > 1:
        said.append(f"each of the {form.count(data.scores.labels)} labels of a sample counts separately")
    return _wrapped(said, Role.MARK, width)


def _numbers(data: ThresholdData, width: int) -> list[Block]:
    blocks = []
    if isinstance(data.movement, Movement):
        blocks.append(groups_block(data.movement, data.observation.epoch, width))
    names = _class_name(data, 0), _class_name(data, 1)
    baseline = data.observation.baseline
    majority = "" if baseline.majority_class is None else _class_name(data, baseline.majority_class)
    return [
        *blocks,
        measures_block(data.snapshot, data.observation, data.threshold, data.counts, width),
        Block(rows=confusion_rows(data.counts, names, width)),
        Block(rows=context_rows(baseline, data.movement.right, majority, width)),
    ]


def _class_name(data: ThresholdData, number: int) -> str:
    """Return the name of a class; its number if it has none, or if the names are those of several labels."""
    started = data.snapshot.started
    names = started.class_names if started is not None and data.scores.labels == 1 else ()
    return form.clip(form.clean(names[number]), MAX_NAME) if number < len(names) else str(number)


def _rule(data: ThresholdData, width: int) -> Block:
    """Return how predictions follow from probabilities."""
    if data.scores.task != "binary":
        return Block(rows=_wrapped(["prediction = most probable class"], Role.FAINT, width))
    at, mirrored = form.setting(data.threshold), form.setting(1.0 - data.threshold)
    short = _wrapped([f"predicts 1 if p > {at}"], Role.FAINT, width)
    if at == mirrored:
        return Block(rows=short)
    thresholds = f"┊ class 1 is right above {at}, class 0 above {mirrored}"
    return Block(rows=[*short, *_wrapped([thresholds], Role.FAINT, width)], smaller=short)


def _wrapped(sentences: Sequence[str], role: Role, width: int) -> list[Row]:
    return [row((f" {line}", role)) for text in sentences for line in form.wrap(text, width - 1, indent="")]
