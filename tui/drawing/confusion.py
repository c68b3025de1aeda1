"""Draws the confusion matrix if it fits, otherwise the most frequent confusions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from rich.cells import cell_len

from fitmon.engine.insight.confusion import Counts, confusion_matrix
from fitmon.engine.insight.scores import Integers
from fitmon.text import format as form
from fitmon.text.roles import Paint, Role
from fitmon.text.rows import Piece, Row, fitted, fitting, framed, row, text_of, width_of
from fitmon.tui.drawing.class_bars import class_labels, class_name, padded

MAX_PAIRS = 100
"""More confusions than a screen has rows are dropped."""

SHADES = ((0.75, "▓", Role.BAD), (0.5, "▒", Role.BAD), (0.25, "░", Role.PLAIN))
"""How a confusion is shaded from which part of the largest share of a true class on: relative to the confusions, since
the diagonal of a good model would leave all of them without a shade."""
WHITE = (255, 255, 255)
HEATS = tuple(Paint(foreground=WHITE, background=color) for color in ((178, 34, 34), (122, 28, 28), (74, 22, 22)))
"""The colors in place of the shades, where the terminal has them."""
ENOUGH_SAMPLES = 10
"""The share of a class with fewer samples is too uncertain to be the largest."""

NONE = "."
"""Marks an empty cell, so that the others stand out."""

CORNER = "true ↓ predicted →"
PAIR = "true → predicted"
WORDY_WIDTH = 44
"""From this width on, the heading of the list is written in full."""

FRAME = 2
MIN_NAME, MAX_NAME = 6, 18
MAX_LISTED_NAME = 20


@dataclass(frozen=True, slots=True)
class Pair:
    """Samples of one class for which another was predicted."""

    true: int
    predicted: int
    samples: int
    share: float
    """Of the true class's samples, in (0, 1]."""


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """The predictions for n samples of C classes."""

    names: Sequence[str]
    """As given by the data; may be fewer than C."""
    matrix: Counts | None
    """(C, C), a row for each true class; None for more classes than a screen can show."""
    support: Counts
    """(C,) samples of each class."""
    frequent: tuple[Pair, ...]
    """The most frequent confusions, at most `MAX_PAIRS`."""
    pairs: int
    """The number of different confusions."""
    wrong: int
    """The number of misclassified samples."""
    paints: bool = False
    """Whether the shades may be colors."""

    @property
    def largest_share(self) -> float:
        """The largest confusion of two classes, as a share of the true class's samples; 0 without a matrix."""
        if self.matrix is None or not self.wrong:
            return 0.0
        enough = self.support >= min(ENOUGH_SAMPLES, int(self.support.max()))
        shares = self.matrix[enough] / self.support[enough, np.newaxis]
        shares[np.arange(len(shares)), np.flatnonzero(enough)] = 0
        return float(shares.max())


def confusion_of(true_class: Integers, answers: Integers, classes: int, names: Sequence[str]) -> Confusion:
    """Count the confusions; `true_class` and `answers` are (n,) in 0..C-1, without NaN predictions.

    Only the wrong samples are sorted, so that thousands of classes need no matrix.
    """
    wrong = true_class != answers
    keys = true_class[wrong].astype(np.int64) * classes + answers[wrong]
    found, counts = np.unique(keys, return_counts=True)
    support = np.bincount(true_class, minlength=classes)
    order = np.argsort(-counts, kind="stable")[:MAX_PAIRS]
    frequent = (
        Pair(true=key // classes, predicted=key % classes, samples=count, share=float(count / support[key // classes]))
        for key, count in zip(found[order].tolist(), counts[order].tolist(), strict=True)
    )
    return Confusion(
        names=names,
        matrix=confusion_matrix(true_class, answers, classes),
        support=support,
        frequent=tuple(frequent),
        pairs=len(found),
        wrong=len(keys),
    )


@dataclass(frozen=True, slots=True)
class Grid:
    """The widths of the columns of a matrix."""

    label: int
    """Cells of the row names."""
    cell: int
    """Cells of each column, brackets or shades and gap included."""
    classes: int
    numbered: bool
    """Whether the columns are headed by class numbers, which then precede the row names too."""

    @property
    def width(self) -> int:
        """Cells of the matrix with a margin on both sides."""
        return 1 + self.label + 1 + self.classes * self.cell + 1

    @property
    def framed_width(self) -> int:
        """Cells of the matrix in its frame."""
        return self.width + FRAME

    @property
    def framed_height(self) -> int:
        """Rows of the matrix in its frame, its heading included."""
        return 1 + self.classes + FRAME


def grids(confusion: Confusion) -> tuple[Grid, ...]:
    """Return the possible layouts of the matrix, from the most legible to the narrowest; none without a matrix."""
    if confusion.matrix is None or not confusion.matrix.size:
        return ()
    classes = len(confusion.matrix)
    digits = len(form.count(int(confusion.matrix.max())))
    names = [class_name(confusion.names, number) for number in range(classes)]
    longest, number = max(map(cell_len, names)), len(str(classes - 1))
    by_name = Grid(min(longest, MAX_NAME), max(digits + 3, longest + 2), classes, numbered=False)
    roomy = replace(by_name, label=max(by_name.label, cell_len(CORNER)))
    if all(name == str(place) for place, name in enumerate(names)):
        return roomy, by_name, Grid(number, max(digits + 2, number + 2), classes, numbered=False)
    labels = [number + 1 + min(longest, maximum) for maximum in (MAX_NAME, MIN_NAME)]
    cells = [max(digits + gap, number + 2) for gap in (3, 2)]
    return roomy, by_name, *(Grid(label, cell, classes, numbered=True) for label in labels for cell in cells)


def fitting_grid(confusion: Confusion, width: int, height: int) -> Grid | None:
    """Return the most legible layout that fits into a frame of that outer size; None if none does."""
    fits = (grid for grid in grids(confusion) if grid.framed_width <= width and grid.framed_height <= height)
    return next(fits, None)


def list_width(confusion: Confusion) -> int:
    """Return the cells that the most frequent confusions take uncut, their frame included."""
    true, predicted = _name_widths(confusion, confusion.frequent[:30], 10 * MAX_LISTED_NAME)
    return max(36, 1 + true + 3 + predicted + 8 + 9 + 8 + true + 1 + FRAME)


def draw_confusion(
    confusion: Confusion, at: Row, epoch: str, width: int, height: int, *, is_alone: bool = True
) -> list[Row]:
    """Return the matrix in a frame of that outer size, and below it or in its place the most frequent confusions.

    Args:
        confusion: what to draw.
        at: the threshold of the predictions, such as `at threshold 0.5`; may be empty.
        epoch: which epoch it is, such as `epoch 4`; may be empty.
        width: in cells.
        height: in rows.
        is_alone: whether the most frequent confusions are not shown elsewhere.
    """
    grid = fitting_grid(confusion, width, height)
    title = fitting(_title_fields(grid, at, epoch, width), "  ", width - 5)
    lines = [] if grid is None else _matrix_rows(confusion, grid)
    room = height - FRAME - len(lines)
    below = _below(confusion, grid, width - FRAME, room if is_alone else min(room, 2))
    return framed(title, [*lines, *below], width, height)


def draw_confusion_list(confusion: Confusion, width: int, height: int) -> list[Row]:
    """Return the most frequent confusions in a frame of that outer size."""
    title = fitting(_title_fields(None, (), "", width), "  ", width - 5)
    return framed(title, _list_rows(confusion, width - FRAME, height - FRAME), width, height)


def _title_fields(grid: Grid | None, at: Row, epoch: str, width: int) -> list[tuple[int, Row]]:
    name, axes = ("most frequent confusions", PAIR) if grid is None else ("confusion matrix", CORNER)
    has_corner = grid is not None and grid.label >= cell_len(CORNER)
    beside = [*([(8, at)] if at else []), *([] if has_corner else [(6, row((axes, Role.FAINT)))])]
    if cell_len(name) + sum(2 + width_of(line) for _, line in beside) > width - 5:
        name = name.replace("most frequent ", "").removesuffix(" matrix")
    return [(9, row((name, Role.STRONG))), *beside, *([(5, row((epoch, Role.FAINT)))] if epoch else [])]


def _matrix_rows(confusion: Confusion, grid: Grid) -> list[Row]:
    if confusion.matrix is None:
        return []
    heads = [str(place) if grid.numbered else class_name(confusion.names, place) for place in range(grid.classes)]
    # The heading is aligned with the numbers, before the closing bracket.
    head = "".join(f"{' ' * (grid.cell - 1 - cell_len(name))}{name} " for name in heads)
    corner = next((words for words in (CORNER, "true ↓") if cell_len(words) <= grid.label), "")
    rows = [row((f" {padded(corner, grid.label)} {head}", Role.FAINT))]
    labels = _row_labels(confusion.names, grid)
    largest = confusion.largest_share
    for true, counts in enumerate(confusion.matrix.tolist()):
        unit = int(confusion.support[true]) * largest
        cells = [
            _right_cell(count, grid) if true == place else _cell(count, count / unit if unit else 0.0, confusion, grid)
            for place, count in enumerate(counts)
        ]
        rows.append(row(f" {labels[true]} ", *_merged(cells)))
    return rows


def _row_labels(names: Sequence[str], grid: Grid) -> list[str]:
    if not grid.numbered:
        return class_labels(names, range(grid.classes), grid.label)
    digits = len(str(grid.classes - 1))
    room = grid.label - digits - 1
    short = (fitted(row(class_name(names, number)), room) for number in range(grid.classes))
    return [f"{number:>{digits}} {text_of(name)}" for number, name in enumerate(short)]


def _right_cell(count: int, grid: Grid) -> Piece:
    return f"[{form.count(count)}]".rjust(grid.cell), Role.STRONG


def _cell(count: int, part: float, confusion: Confusion, grid: Grid) -> Piece:
    """Return a confusion, shaded by its part of the largest share."""
    if not count:
        return f"{NONE:>{grid.cell - 1}} ", Role.FAINT
    level = next((level for level, (least, _, _) in enumerate(SHADES) if part >= least), None)
    number = form.count(count)
    if level is None:
        return f"{number:>{grid.cell - 1}} ", Role.PLAIN
    if confusion.paints:
        return f"{number:>{grid.cell - 1}} ", HEATS[level]
    _, shade, role = SHADES[level]
    gap = 1 if len(number) + 2 < grid.cell else 0
    return f"{' ' * gap}{number.rjust(grid.cell - 1 - gap).replace(' ', shade)}{shade}", role


def _merged(cells: Sequence[Piece]) -> Row:
    """Join neighbors of one role, for fewer color changes in the output."""
    pieces: list[Piece] = []
    for text, role in cells:
        if pieces and pieces[-1][1] == role:
            pieces[-1] = (pieces[-1][0] + text, role)
        else:
            pieces.append((text, role))
    return tuple(pieces)


def _below(confusion: Confusion, grid: Grid | None, width: int, room: int) -> list[Row]:
    """Return the rows below a matrix, or in its place."""
    if grid is None:
        return _list_rows(confusion, width, room)
    legend = _legend(confusion, width)
    if room < 1:
        return []
    if room < 6:  # noqa: PLR2004 - blank, legend, blank, heading, one confusion and how many more
        return [row(), legend][-room:]
    name = f"{'most frequent ' if width >= WORDY_WIDTH else ''}confusions"
    heading = row(" ", *fitting([(9, row((name, Role.STRONG))), (5, row((PAIR, Role.FAINT)))], "  ", width - 1))
    return [row(), legend, row(), heading, *_list_rows(confusion, width, room - 4)]


def _legend(confusion: Confusion, width: int) -> Row:
    fields: list[tuple[int, Row]] = [(9, row(("[ ] right", Role.STRONG)))]
    largest = confusion.largest_share
    for level, (least, sign, role) in reversed(list(enumerate(SHADES))) if largest else ():
        key: Piece = ("  ", HEATS[level]) if confusion.paints else (sign, role)
        fields.append((8, row(key, f" {_percent(least * largest)}")))
    beside = [(5, row(("or more of the row", Role.FAINT)))] if largest else []
    return row(" ", *fitting([*fields, *beside], "  ", width - 1))


def _percent(share: float) -> str:
    """Return a share with two digits, such as `0.47%`."""
    return f"{float(f'{share * 100:.2g}'):g}%"


def _list_rows(confusion: Confusion, width: int, room: int) -> list[Row]:
    if not confusion.wrong:
        return [row((" every prediction is right", Role.GOOD))][: max(0, room)]
    listed = min(len(confusion.frequent), room)
    shown = confusion.frequent[: listed if listed == confusion.pairs else max(0, room - 1)]
    rows = _pair_rows(confusion, shown, width)
    pairs = confusion.pairs - len(shown)
    if not pairs or room < 1:
        return rows
    samples = confusion.wrong - sum(pair.samples for pair in shown)
    more = f"and {form.count(pairs)} more confusion{'' if pairs == 1 else 's'}, {form.count(samples)}× in all"
    return [*rows, row((f" {more}", Role.FAINT))]


def _pair_rows(confusion: Confusion, shown: Sequence[Pair], width: int) -> list[Row]:
    """Return lines such as `4 → 9   31×   3.2% of all 4`, as far as `width` goes."""
    times = max((len(form.count(pair.samples)) for pair in shown), default=0) + 1
    fixed = 1 + 3 + 2 + times + 10
    true, predicted = _name_widths(confusion, shown, width - fixed)
    labels = class_labels(confusion.names, [pair.true for pair in shown], true)
    taken = class_labels(confusion.names, [pair.predicted for pair in shown], predicted)
    room = width - fixed - true - predicted
    rows = []
    for pair, label, other in zip(shown, labels, taken, strict=True):
        counts = f"  {form.count(pair.samples) + '×':>{times}}  {form.share(pair.share):>7}"
        wholes = f" of all {label}", " of its class", ""
        whole = next((words for words in wholes if cell_len(words) <= room), "")
        rows.append(row(f" {label} → {other}{counts}", (whole, Role.FAINT)))
    return rows


def _name_widths(confusion: Confusion, shown: Sequence[Pair], room: int) -> tuple[int, int]:
    """Return the cells for true and predicted names, at most `room` together."""
    true, predicted = (
        min(max((cell_len(class_name(confusion.names, number)) for number in numbers), default=1), MAX_LISTED_NAME)
        for numbers in ([pair.true for pair in shown], [pair.predicted for pair in shown])
    )
    half = max(1, room // 2)
    return min(true, max(half, room - predicted)), min(predicted, max(half, room - true))
