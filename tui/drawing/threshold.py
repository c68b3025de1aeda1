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
from fitmon.tui.drawing.count_axis import GUTTER
from fitmon.tui.drawing.threshold_blocks import Block, chosen, packed
from fitmon.tui.drawing.threshold_confusion import confusion_rows
from fitmon.tui.drawing.threshold_context import context_rows
from fitmon.tui.drawing.threshold_groups import groups_block
from fitmon.tui.drawing.threshold_histogram import WRONG
from fitmon.tui.drawing.threshold_measures import measures_block
from fitmon.tui.drawing.threshold_picture import PictureData, class_words, columns_in, draw_picture, is_by_class
from fitmon.tui.drawing.waiting import draw_waiting
from fitmon.tui.frame import Frame
from fitmon.tui.layout import View

MAX_SENTENCE_ROWS = 3
UNBREAKABLE = re.compile(r"\([^)]*\)")
"""What a line break must not split: text in parentheses."""
MIN_WIDTH = 12
"""Below this width only the title is drawn."""
MIN_PICTURE = 7
"""Rows of the smallest picture, if the parts below it can be dropped."""
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
    by_class: bool
    """Whether to draw p(class 1) by true class if there are two classes."""
    log_scale: bool
    """Whether the counts are logarithmic."""

    @property
    def scores(self) -> SampleScores:
        return self.observation.scores


def draw_threshold(frame: Frame, width: int, height: int, *, by_class: bool = True) -> list[Row]:
    """Return the panel in a frame of that outer size; a sentence in its place while there are no scores.

    With two classes and room, the picture is p(class 1) by true class; p(true) if not `by_class`.
    """
    observation = frame.snapshot.observation
    name = row(("threshold", Role.STRONG))
    if width < MIN_WIDTH:
        return framed(name, [], width, height)
    if observation is None or not len(observation):
        is_alone = frame.view is View.THRESHOLD
        return draw_waiting(frame, "threshold", why_nothing(frame.snapshot), width, height, is_alone=is_alone)
    data = ThresholdData(
        snapshot=frame.snapshot,
        observation=observation,
        threshold=frame.threshold,
        movement=observation.movement_at(frame.threshold),
        counts=counts_at(observation.scores, frame.threshold),
        by_class=by_class,
        log_scale=frame.log_scale,
    )
    draw = _beside if _is_wide(width, height) else _below
    lines, picture_rows = draw(data, width - 2, height - 2)
    return framed(_title(data, picture_rows, width - 5), lines, width, height)


def why_nothing(snapshot: Snapshot) -> str:
    """Return why there are no scores to draw."""
    if snapshot.observation is not None:
        return "there are no validation samples"
    if snapshot.started is not None and snapshot.started.no_probabilities:
        return form.clean(snapshot.started.no_probabilities)
    if snapshot.epochs_done:
        return "this run has no probability per sample"
    return "probabilities are available after the first validation"


def picture_columns(width: int, height: int) -> range:
    """Return the cells of the panel, from its left edge, in which the picture has its columns, from 0 to 1."""
    inside = width - 2
    columns = columns_in(_left_width(inside) if _is_wide(width, height) else inside)
    return range(1 + GUTTER, 1 + GUTTER + columns)


def _is_wide(width: int, height: int) -> bool:
    return width >= WIDE_WIDTH and height >= WIDE_HEIGHT


def _title(data: ThresholdData, picture_rows: int, width: int) -> Row:
    epoch = f"epoch {data.observation.epoch}" if data.observation.epoch else "before training"
    fields = [(5, row((epoch, Role.FAINT)))]
    if data.log_scale:
        fields.append((7, row(("log counts", Role.FAINT))))
    if data.scores.task == "binary":
        at_threshold = f"against threshold {form.setting(data.threshold)}"
        by_class = is_by_class(data.scores, picture_rows, by_class=data.by_class)
        what = f"p({_class_name(data, 1)}) by true class" if by_class else "p(true class)"
        fields = [(8, row((what, Role.STRONG))), (9, row((at_threshold, Role.STRONG))), *fields]
    else:
        fields = [(9, row(("margin: p(true) − best other", Role.STRONG))), *fields]
    return fitting(fields, "  ", width)


def _below(data: ThresholdData, width: int, height: int) -> tuple[list[Row], int]:
    """Return all parts stacked, and the rows of the picture, which takes the height that the others leave."""
    sentence = _sentence(data, width)
    min_height = max(MIN_PICTURE, height * 9 // 20)
    blocks = [_counts(data, width), *_numbers(data, width), _rule(data, width)]
    forms = chosen(blocks, height - len(sentence) - min_height)
    if not any(forms):
        forms = chosen(blocks, height - len(sentence))
    room = height - len(sentence) - sum(map(len, forms))
    return [*sentence, *_picture(data, width, room), *(line for form in forms for line in form)], room


def _beside(data: ThresholdData, width: int, height: int) -> tuple[list[Row], int]:
    """Return the sentence above, the picture on the left and the numbers on the right; and the rows of the picture."""
    sentence = [*_sentence(data, width), *([row()] if height >= ROOMY_HEIGHT else [])]
    height -= len(sentence)
    left_width = _left_width(width)
    right_width = width - left_width - 1
    forms = chosen([_counts(data, left_width), _rule(data, left_width)], height // 3)
    room = height - sum(map(len, forms))
    left = [*_picture(data, left_width, room), *(line for form in forms for line in form)]
    right = packed(chosen(_numbers(data, right_width), height), height)
    pairs = zip(filled(left, left_width, height), filled(right, right_width, height), strict=True)
    return [*sentence, *(row(*fitted(one, left_width), " ", *other) for one, other in pairs)], room


def _sentence(data: ThresholdData, width: int) -> list[Row]:
    room = width - 2
    said = sentence_at(data.observation, data.threshold)
    lines = form.wrap(UNBREAKABLE.sub(lambda found: form.unbroken(found[0]), said), room, indent="")
    if len(lines) > MAX_SENTENCE_ROWS:
        rest = " ".join(lines[MAX_SENTENCE_ROWS - 1 :])
        lines = [*lines[: MAX_SENTENCE_ROWS - 1], form.clip(rest, room)]
    return [row((f" {line.replace(form.NO_BREAK, ' ')}", Role.STRONG)) for line in lines]


def _left_width(width: int) -> int:
    """Return the cells of the picture if the numbers are beside it."""
    return width - min(MAX_NUMBERS, max(MIN_NUMBERS, width // 2)) - 1


def _picture(data: ThresholdData, width: int, height: int) -> list[Row]:
    picture = PictureData(
        scores=data.scores,
        previous=data.observation.previous if isinstance(data.movement, Movement) else None,
        threshold=data.threshold,
        epoch=data.observation.epoch,
        names=_names(data),
        by_class=data.by_class,
        log_scale=data.log_scale,
    )
    return draw_picture(picture, width, height)


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
    baseline = data.observation.baseline
    majority = "" if baseline.majority_class is None else _class_name(data, baseline.majority_class)
    return [
        *blocks,
        measures_block(
            data.snapshot,
            data.observation,
            threshold=data.threshold,
            counts=data.counts,
            positive=_names(data)[1],
            width=width,
        ),
        Block(rows=confusion_rows(data.counts, _names(data), width)),
        Block(rows=context_rows(baseline, data.movement.right, majority, width)),
    ]


def _names(data: ThresholdData) -> tuple[str, str]:
    return _class_name(data, 0), _class_name(data, 1)


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
    negative, positive = _names(data)
    short = _wrapped([f"predicts {positive} if p > {at}"], Role.FAINT, width)
    if data.by_class or at == mirrored:
        return Block(rows=short)
    sides = f"{class_words(positive)} is right above {at}, {class_words(negative)} above {mirrored}"
    return Block(rows=[*short, *_wrapped([f"┊ {sides}"], Role.FAINT, width)], smaller=short)


def _wrapped(sentences: Sequence[str], role: Role, width: int) -> list[Row]:
    return [row((f" {line}", role)) for text in sentences for line in form.wrap(text, width - 1, indent="")]
