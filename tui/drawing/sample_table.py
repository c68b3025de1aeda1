"""Draws the table of validation samples: a heading and the visible rows."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

from rich.cells import cell_len

from fitmon.engine.insight.dynamics import MEASURED_ENOUGH
from fitmon.engine.insight.observer import Observation
from fitmon.engine.insight.scores import NEAR
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Piece, Row, fitting, framed, row
from fitmon.tui.drawing.sample_browser import SampleBrowser
from fitmon.tui.drawing.sample_facts import KIND_WORDS, SampleFacts, class_names_of, facts_of, name_of, shown_names
from fitmon.tui.drawing.sample_order import KINDS, Only, Order, SampleSelection, comparable

RIGHT, WRONG = "✓", "✗"
CURSOR = "▸"
GAP = "  "
MIN_NAME, MAX_NAME = 6, 14
"""Cells of a class name in the narrowest table and in a wide one; longer names are clipped."""

VERDICT = ""
"""The title of the column of right and wrong."""
LEFT_ALIGNED = frozenset({"true", "predicted", "label", "kind"})
IMPORTANCE = {
    "index": 11, "label": 11, VERDICT: 11, "true": 10, "predicted": 10, "p(true)": 9, "loss": 6, "kind": 5, "change": 4,
    "crossings": 3, "margin": 2,
}  # fmt: skip
"""If not all columns fit, the one with the smallest importance is dropped first."""
SORTED_BY = {Order.WORST: "loss", Order.NEAREST: "margin", Order.CHANGED: "change"}
SORTED = 8
"""The importance of the sort column."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the visible rows."""

    title: str
    cells: tuple[str, ...]
    """The title and one text per row, all of the same width."""

    @property
    def width(self) -> int:
        """The cells it takes."""
        return cell_len(self.cells[0])


def draw_table(browser: SampleBrowser, names: tuple[str, ...], width: int, height: int) -> list[Row]:
    """Return the table in a frame of that outer size, scrolled so that the chosen sample is visible.

    Args:
        browser: what is listed; it has an observation with at least one sample.
        names: of the classes, or of the labels if a sample has several, unchanged.
        width: in cells.
        height: in rows.
    """
    observation = browser.observation
    if observation is None:
        return framed(row(("samples", Role.STRONG)), [], width, height)
    shown = shown_names(names, max(MIN_NAME, min(MAX_NAME, width // 6)))
    title = _title(browser, observation, shown, width - 5)
    indices = browser.indices()
    if not len(indices):
        why = why_empty(observation, browser.selection, shown)
        return framed(
            title, [row(), *(row((f" {line}", Role.FAINT)) for line in form.wrap(why, width - 4))], width, height
        )
    note = _threshold_note(browser, observation) if height >= 10 else ""  # noqa: PLR2004 - in fewer rows, samples matter more
    visible_rows = max(1, height - 3 - bool(note))
    first = browser.first_row(visible_rows)
    facts = facts_of(observation, browser.threshold, indices[first : first + visible_rows])
    columns = _fitting_columns(_columns(facts, observation, shown), browser.selection.order, width - 3)
    rows = _rows(columns, facts, browser.row - first)
    if note:
        rows += [row()] * (height - 3 - len(rows)) + [row((f" {note}", Role.FAINT))]
    return framed(title, rows, width, height)


def why_empty(observation: Observation, selection: SampleSelection, names: tuple[str, ...]) -> str:
    """Return why the list is empty, as a sentence without a period."""
    within = "" if selection.class_number is None else f" in {_class_words(observation, selection.class_number, names)}"
    if selection.only in KINDS and (observation.dynamics is None or observation.dynamics.epochs < MEASURED_ENOUGH):
        return f"samples are classified after {MEASURED_ENOUGH} epochs"
    if selection.only is Only.CROSSED and comparable(observation) is None:
        return "there is no earlier epoch to compare with"
    return {
        Only.WRONG: f"no sample{within} is misclassified",
        Only.CROSSED: f"no sample{within} crossed in this epoch",
        Only.NEAR: f"no sample{within} lies within {NEAR:g} of the threshold",
        Only.SUSPECT: f"no sample{within} is suspect (confident and wrong throughout)",
        Only.UNSTABLE: f"no sample{within} is unstable",
    }.get(selection.only, f"no sample{within} is {selection.only.value}")


def _title(browser: SampleBrowser, observation: Observation, names: tuple[str, ...], width: int) -> Row:
    fields: list[tuple[int, Row]] = [
        (4, row(("samples", Role.STRONG))),
        (9, row((_heading(browser, observation, names, width), Role.STRONG))),
        (5, row((f"epoch {observation.epoch}" if observation.epoch else "before training", Role.FAINT))),
    ]
    if len(browser.indices()):
        fields.append((3, row((f"row {form.count(browser.row + 1)}", Role.FAINT))))
    return fitting(fields, GAP, width)


def _heading(browser: SampleBrowser, observation: Observation, names: tuple[str, ...], width: int) -> str:
    """Return what is listed and how many; if it does not fit, the order is dropped first."""
    selection, listed, number = browser.selection, len(browser.indices()), len(observation)
    words = [selection.order.value]
    if selection.only is not Only.ALL:
        words.append(selection.only.value)
    if selection.class_number is not None:
        words.append(_class_words(observation, selection.class_number, names))
    noun = "label" if observation.scores.labels > 1 else "sample"
    whole = f"{form.count(number)} {noun if number == 1 else f'{noun}s'}"
    many = whole if len(words) == 1 else f"{form.count(listed)} of {form.count(number)}"
    while len(words) > 1 and cell_len(f"{' · '.join(words)}: {many}") > width:
        words.pop(0)
    return form.clip(f"{' · '.join(words)}: {many}", max(1, width))


def _class_words(observation: Observation, number: int, names: tuple[str, ...]) -> str:
    return f"{'label' if observation.scores.labels > 1 else 'class'} {name_of(names, number)}"


def _threshold_note(browser: SampleBrowser, observation: Observation) -> str:
    if observation.scores.task != "binary" or browser.threshold == observation.threshold:
        return ""
    return f"crossings and kind: at the run's threshold {form.setting(observation.threshold)}"


def _columns(facts: SampleFacts, observation: Observation, names: tuple[str, ...]) -> list[Column]:
    class_names = class_names_of(observation, names)
    name_width = _widest(class_names)
    last = str((len(observation) - 1) // observation.scores.labels)
    columns = [
        # Without thousands separators: `x[4,711]` is not `x[4711]`.
        _column("index", map(str, facts.samples.tolist()), len(last)),
        _column(VERDICT, (RIGHT if right else WRONG for right in facts.right.tolist())),
        _column("true", _names(facts.true_class.tolist(), class_names), name_width),
        _column("predicted", predicted_names(facts, class_names), name_width),
        _column("p(true)", map(number_words, facts.probability_true.tolist()), 6),
        _column("margin", (number_words(value, "+") for value in facts.margin.tolist()), 7),
    ]
    if facts.labels is not None:
        columns.insert(1, _column("label", _names(facts.labels.tolist(), names), _widest(names)))
    if facts.losses is not None:
        columns.append(_column("loss", map(loss_words, facts.losses.tolist()), 8))
    if facts.changes is not None:
        columns.append(_column("change", map(change_words, facts.changes.tolist()), 8))
    if facts.crossings is not None and facts.kinds is not None:
        columns.append(_column("crossings", map(form.count, facts.crossings.tolist())))
        kinds = (KIND_WORDS[kind] for kind in facts.kinds.tolist())
        columns.append(_column("kind", kinds, _widest(tuple(KIND_WORDS.values()))))
    return columns


def _column(title: str, texts: Iterable[str], min_width: int = 0) -> Column:
    """Return a column of at least `min_width`, so that scrolling does not change it."""
    cells = (title, *texts)
    width = max(min_width, *map(cell_len, cells))
    blanks = [" " * (width - cell_len(text)) for text in cells]
    if title in LEFT_ALIGNED:
        return Column(title, tuple(text + blank for text, blank in zip(cells, blanks, strict=True)))
    return Column(title, tuple(blank + text for text, blank in zip(cells, blanks, strict=True)))


def _names(numbers: list[int], names: tuple[str, ...]) -> list[str]:
    return [name_of(names, number) for number in numbers]


def predicted_names(facts: SampleFacts, names: tuple[str, ...]) -> list[str]:
    """Return the predictions, k names or numbers; a dash for NaN."""
    answers = zip(facts.answers.tolist(), facts.is_number.tolist(), strict=True)
    return [name_of(names, answer) if is_number else form.ABSENT for answer, is_number in answers]


def number_words(value: float, sign: str = "") -> str:
    """Return a probability or margin with four decimals, with its sign if `sign` is `+`; NaN as a dash."""
    return form.signs(f"{value:{sign}.4f}") if math.isfinite(value) else form.ABSENT


def loss_words(loss: float) -> str:
    """Return a loss; NaN as a dash."""
    return form.ABSENT if math.isnan(loss) else form.measured(loss)


def change_words(change: float) -> str:
    """Return a change of p(true) with an arrow up or down, `=` for none; NaN as a dash."""
    if not math.isfinite(change):
        return form.ABSENT
    return f"{'↑' if change > 0 else '↓'} {abs(change):.4f}" if change else "="


@lru_cache(maxsize=4)
def _widest(names: tuple[str, ...]) -> int:
    return max(map(cell_len, names), default=0)


def _fitting_columns(columns: list[Column], order: Order, width: int) -> list[Column]:
    """Return the columns that fit, in order; the sort column is among the last to be dropped."""
    kept = list(columns)
    while len(kept) > 1 and sum(column.width + len(GAP) for column in kept) > width:
        kept.remove(
            min(kept, key=lambda each: SORTED if each.title == SORTED_BY.get(order) else IMPORTANCE[each.title])
        )
    return kept


def _rows(columns: Sequence[Column], facts: SampleFacts, chosen: int) -> list[Row]:
    header = row(("  " + GAP.join(column.cells[0] for column in columns), Role.FAINT))
    return [
        header,
        *(_row(columns, number, bool(facts.right[number]), number == chosen) for number in range(len(facts))),
    ]


def _row(columns: Sequence[Column], number: int, is_right: bool, is_chosen: bool) -> Row:
    role = Role.STRONG if is_chosen else Role.PLAIN
    verdict = Role.GOOD if is_right else Role.BAD
    pieces: list[Piece] = [(CURSOR, Role.MARK) if is_chosen else (" ", role), (" ", role)]
    for place, column in enumerate(columns):
        pieces.append((GAP if place else "", role))
        pieces.append((column.cells[number + 1], verdict if column.title == VERDICT else role))
    return _merged(pieces)


def _merged(pieces: list[Piece]) -> Row:
    """Join neighbors of one role, for fewer color changes in the output."""
    return tuple(
        ("".join(text for text, _ in group), role) for role, group in groupby(pieces, key=lambda piece: piece[1])
    )
