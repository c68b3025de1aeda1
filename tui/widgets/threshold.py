"""How the validation samples stand against the threshold: a histogram and counts, drawn as rows."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from fitmon.engine.insight.crossings import NEAR, ThresholdCounts, count_against_threshold
from fitmon.engine.insight.scores import SampleScores
from fitmon.tui import format as form
from fitmon.tui.palette import Role
from fitmon.tui.picture import Picture
from fitmon.tui.rows import Row, fitting, framed, row

LEVELS = " ▁▂▃▄▅▆▇█"
WRONG = "░"
BORDER = "┊"

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Histogram:
    """Validation samples by how far they are on the right side."""

    low: float
    high: float
    right: Integers
    """(bins,) samples answered correctly."""
    wrong: Integers
    """(bins,) samples answered wrongly."""
    borders: tuple[float, ...]
    """Where an answer changes: thresholds within the range."""


def draw_threshold(picture: Picture, width: int, height: int) -> list[Row]:
    """Return the panel in a frame of that outer size; a sentence in its place while there are no scores."""
    seen = picture.snapshot
    observation = seen.observation
    if observation is None or not len(observation):
        title = row(("threshold", Role.STRONG))
        return framed(title, [row(), row((f" {_why_nothing(picture)}", Role.FAINT))], width, height)
    scores = observation.scores
    counts = count_against_threshold(scores, observation.previous, picture.threshold)
    title = fitting(_title_fields(scores, picture.threshold, observation.epoch), "  ", width - 5)
    words = _counts_rows(counts, scores, picture.threshold, width - 4)
    room = height - 2 - len(words) - 1
    bins = histogram(scores, picture.threshold, max(1, width - 6))
    if room < 2:  # noqa: PLR2004 - too low for a picture; the counts say more
        return framed(title, words, width, height)
    return framed(title, [*draw_histogram(bins, room), *_scale_rows(bins), *words], width, height)


def _why_nothing(picture: Picture) -> str:
    if picture.snapshot.epochs_done:
        return "this run gives no probability for each sample"
    return "probabilities come with the first validation"


def _title_fields(scores: SampleScores, threshold: float, epoch: int) -> list[tuple[int, Row]]:
    if scores.task == "binary":
        return [
            (9, row(("p(true class)", Role.STRONG))),
            (8, row((f"against threshold {form.setting(threshold)}", Role.STRONG))),
            (5, row((f"epoch {epoch}", Role.FAINT))),
            (4, row(("log heights", Role.FAINT))),
        ]
    return [
        (9, row(("p(true class) − best other", Role.STRONG))),
        (5, row((f"epoch {epoch}", Role.FAINT))),
        (4, row(("log heights", Role.FAINT))),
    ]


def histogram(scores: SampleScores, threshold: float, columns: int) -> Histogram:
    """Count right and wrong samples in `columns` bins; NaN is counted at the far wrong end."""
    if scores.task == "binary":
        low, values = 0.0, scores.probability_true
        borders = tuple(sorted({threshold, 1.0 - threshold}))
    else:
        low, values = -1.0, scores.margin
        borders = (0.0,)
    place = np.nan_to_num((values.astype(np.float64) - low) / (1.0 - low), nan=0.0) * columns
    index = np.clip(place.astype(np.int64), 0, columns - 1)
    right = scores.right(threshold)
    return Histogram(
        low=low,
        high=1.0,
        right=np.bincount(index[right], minlength=columns),
        wrong=np.bincount(index[~right], minlength=columns),
        borders=borders,
    )


def draw_histogram(bins: Histogram, height: int) -> list[Row]:
    """Return `height` rows, wrong samples at the foot of each column; heights are logarithms of the counts."""
    total = bins.right + bins.wrong
    tallest = max(1.0, float(np.log1p(total.max())))
    eighths = np.ceil(np.log1p(total) / tallest * height * 8).astype(np.int64)
    wrong_rows = np.round(eighths / 8 * bins.wrong / np.maximum(total, 1)).astype(np.int64)
    wrong_rows = np.where(bins.wrong > 0, np.maximum(wrong_rows, 1), 0)
    # A column of wrong samples only has no green tip: the texture has no eighths, so it is rounded to whole cells.
    eighths = np.where(bins.right > 0, np.maximum(eighths, wrong_rows * 8 + 1), 0)
    borders = {_column(bins, border) for border in bins.borders}
    return [
        (
            (" ", Role.PLAIN),
            *(
                _cell(int(eighths[column]), int(wrong_rows[column]), level, column in borders)
                for column in range(len(total))
            ),
        )
        for level in reversed(range(height))
    ]


def _cell(eighths: int, wrong_rows: int, level: int, is_border: bool) -> tuple[str, Role]:
    if level < wrong_rows:
        return WRONG, Role.BAD
    filled = min(8, eighths - level * 8)
    if filled > 0:
        return LEVELS[filled], Role.GOOD
    return (BORDER, Role.MARK) if is_border else (" ", Role.PLAIN)


def _column(bins: Histogram, value: float) -> int:
    columns = len(bins.right)
    return min(columns - 1, max(0, math.floor((value - bins.low) / (bins.high - bins.low) * columns)))


def _scale_rows(bins: Histogram) -> list[Row]:
    columns = len(bins.right)
    line = [" "] * (columns + 1)
    for value in (bins.low, bins.high, *bins.borders):
        label = form.setting(value)
        start = min(max(1, _column(bins, value) + 1 - len(label) // 2), columns + 1 - len(label))
        free = all(cell == " " for cell in line[max(0, start - 1) : start + len(label) + 1])
        if start >= 1 and free:
            line[start : start + len(label)] = label
    return [row(("".join(line), Role.FAINT))]


def _counts_rows(counts: ThresholdCounts, scores: SampleScores, threshold: float, width: int) -> list[Row]:
    rate = counts.right / counts.samples
    first = [
        (9, row((f"█ right {form.count(counts.right)}", Role.GOOD))),
        (4, row(f"({form.share(rate)})")),
        (8, row((f"{WRONG} wrong {form.count(counts.wrong)}", Role.BAD))),
    ]
    rows = [row(" ", *fitting(first, "  ", width))]
    if counts.crossed_up is not None and counts.crossed_down is not None:
        crossed = [
            (9, row(f"crossed ↑ {form.count(counts.crossed_up)} to right")),
            (9, row(f"↓ {form.count(counts.crossed_down)} to wrong")),
            (3, row(("since the epoch before", Role.FAINT))),
        ]
        rows.append(row(" ", *fitting(crossed, "  ", width)))
    rule = f"answers 1 if p > {form.setting(threshold)}" if scores.task == "binary" else "largest p wins"
    near = [
        (9, row(f"near {form.count(counts.near)}")),
        (6, row((f"(within {NEAR:g} of the border)", Role.FAINT))),
        (4, row((rule, Role.FAINT))),
    ]
    return [*rows, row(" ", *fitting(near, "  ", width))]
