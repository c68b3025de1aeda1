"""The table that compares runs, one row for each branch of each run: settings that differ, and the best results."""

from __future__ import annotations

import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.cells import cell_len

from fitmon.engine.record.branch import LEARNING_RATE
from fitmon.engine.record.data_loss import DATA_LOSS
from fitmon.engine.runs import comparison
from fitmon.engine.runs.comparison import ComparedBranch, Setting
from fitmon.text import format as form
from fitmon.text.roles import CURVES, Role

BEST = "◆"

MARKS = string.digits[1:] + string.ascii_lowercase
"""What rows and their curves are called; more than these cannot be told apart."""

NO_MARK = "+"
"""The mark of all rows beyond the last one in `MARKS`."""

MAX_SETTING_WIDTH = 24
"""In cells; longer settings are cut, at their beginning if they are paths."""

FIRST_SETTINGS = 3
"""So many settings are more important than states, epochs and times."""

MIN_NAME_WIDTH = 16
"""In cells, that a long name keeps before columns are dropped."""

EPOCHS = "epochs"

GAP = "  "


@dataclass(frozen=True, slots=True)
class Column:
    """One column, with a cell for each row."""

    title: str
    cells: list[str]
    importance: int
    """Columns with the smallest importance are dropped first, the last of several equal ones."""
    shrinks: bool = False
    """Whether its cells may be cut, down to `MIN_NAME_WIDTH`."""

    @property
    def width(self) -> int:
        """The cells that it needs."""
        return max(cell_len(text) for text in (self.title, *self.cells))

    @property
    def minimum(self) -> int:
        """The cells that it needs at least."""
        return min(self.width, MIN_NAME_WIDTH) if self.shrinks else self.width


@dataclass(frozen=True, slots=True)
class Table:
    """Columns that fit, with their widths."""

    columns: list[Column]
    widths: list[int]
    dropped: list[str]
    """The titles of the columns that did not fit."""
    gap: str = GAP

    @property
    def width(self) -> int:
        """The cells of its lines, spaces at their end included."""
        return sum(self.widths) + len(self.gap) * (len(self.widths) - 1)

    @property
    def heading(self) -> str:
        """The line above the rows."""
        return self._line([column.title for column in self.columns])

    def row(self, number: int) -> str:
        """Return a row's line; rows count from 0."""
        return self._line([column.cells[number] for column in self.columns])

    def _line(self, cells: list[str]) -> str:
        return self.gap.join(_padded(text, width) for text, width in zip(cells, self.widths, strict=True)).rstrip()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableChoice:
    """What a table shows besides names, states and settings."""

    metric: str | None = None
    """Keras's name of the metric shown beside the loss; None: accuracy if there is one, else the first other."""
    epoch: int | None = None
    """The epoch whose values are shown; None: none."""
    cursor_metric: str = ""
    """Keras's name of the metric that is shown at `epoch`."""
    settings: tuple[str, ...] = field(default=())
    """Settings to show, in order; those that differ."""
    width: int | None = None
    """In cells; None: no limit."""


def mark_of(number: int) -> tuple[str, Role]:
    """Return the mark and the color of a row's curve; rows count from 0."""
    return MARKS[number] if number < len(MARKS) else NO_MARK, CURVES[number % len(CURVES)]


def comparison_table(branches: Sequence[ComparedBranch], marks: Sequence[str], choice: TableChoice) -> Table:
    """Return a row for each branch, of which there is at least one; columns that do not fit are dropped."""
    columns = [
        Column("", list(marks), 100),
        Column("run", [form.clean(branch.run.name) for branch in branches], 99, shrinks=True),
        *_branch_column(branches),
        Column("state", [_state(branch) for branch in branches], 60),
        Column(EPOCHS, [_epochs(branch) for branch in branches], 70),
        *_cursor_column(branches, choice),
        *_result_columns(branches, choice.metric),
        Column("per epoch", [_pace(branch) for branch in branches], 50),
        *_setting_columns(branches, [name for name in choice.settings if name != EPOCHS]),
    ]
    return fitting_columns(columns, choice.width)


def fitting_columns(columns: list[Column], width: int | None) -> Table:
    """Return the columns that fit: a narrow gap, and then cut names, are better than dropping a column."""
    kept, dropped = list(columns), []
    while width is not None and len(kept) > 1 and _total(kept, 1, _minimum) > width:
        # Reversed, because `min` returns the first of several equals.
        least = min(reversed(kept), key=lambda column: column.importance)
        kept.remove(least)
        dropped.append(least.title)
    gap = 2 if width is None or _total(kept, 2, _minimum) <= width else 1
    room = 0 if width is None else max(0, _total(kept, gap, _full) - width)
    widths = [max(column.minimum, column.width - room) if column.shrinks else column.width for column in kept]
    return Table(kept, widths, dropped[::-1], " " * gap)


def branch_name(branch: ComparedBranch) -> str:
    """Return the name of a run, with the number of the branch if it has several."""
    number = f" · branch {branch.branch.number}" if branch.has_siblings else ""
    return f"{form.clean(branch.run.name)}{number}"


def setting_name(name: str) -> str:
    """Return the short name of a setting, such as `lr` or `optimizer`."""
    return form.knob_label(name).replace("_", " ")


def setting_text(branch: ComparedBranch, name: str) -> str:
    """Return the value of a setting, or what it was and what it is: `1e-3 → 5e-4`, `1e-3 → … → 1e-4`."""
    texts = [_value_text(value) for value in branch.setting(name)]
    if len(texts) > 3:  # noqa: PLR2004 - a schedule may change it thousands of times
        texts = [texts[0], "…", texts[-1]]
    return " → ".join(texts) if texts else form.ABSENT


def setting_fields(branch: ComparedBranch, names: Sequence[str]) -> list[str]:
    """Return settings as `lr=1e-3`, for a line below the table and for the filter."""
    return [f"{setting_name(name)}={setting_text(branch, name)}" for name in names]


def loss_title(branches: Sequence[ComparedBranch]) -> str:
    """Return what the loss is called in which the branches are compared: `val_loss`, `loss` or `data loss`."""
    if comparison.without_penalty(branches):
        return DATA_LOSS
    metrics = {branch.branch.best.metric for branch in branches if branch.branch.best}
    return form.clean(metrics.pop()) if len(metrics) == 1 else "loss"


def metric_title(metric: str, *, data_loss: bool) -> str:
    """Return what a metric is called, by Keras's name of it.

    Args:
        metric: such as `val_loss`.
        data_loss: whether losses are without their penalties.
    """
    if data_loss and metric.removeprefix("val_") == "loss":
        return f"{'validation' if metric.startswith('val_') else 'training'} {DATA_LOSS}"
    return form.clean(metric.replace("_", " ") if metric == LEARNING_RATE else metric)


REASONS = {
    "job": "different jobs",
    "dataset": "different data sets",
    "data": "different data",
    "split": "different splits",
    "training_samples": "different numbers of training samples",
    "validation_samples": "different numbers of validation samples",
    "loss": "some are not validated",
    "penalty": "different penalties, which are part of the loss",
}
"""Why losses cannot be compared, by what `comparison.incomparable` returns."""


def conclusion(branches: Sequence[ComparedBranch]) -> str:
    """Return which branch is the best, or why that cannot be said; empty with a single one."""
    if len(branches) < 2:  # noqa: PLR2004 - nothing to compare
        return ""
    reasons = comparison.incomparable(branches)
    if reasons:
        return f"best losses cannot be compared: {', '.join(REASONS[reason] for reason in reasons)}"
    best = comparison.lowest(branches)
    if best is None or best.branch.best is None:
        return "no epoch has ended yet"
    value = comparison.best_loss(best.branch.best, data_loss=comparison.without_penalty(branches))
    return (
        f"lowest {loss_title(branches)}: {branch_name(best)}, {form.measured(value)} at epoch {best.branch.best.epoch}"
    )


def _setting_columns(branches: Sequence[ComparedBranch], names: Sequence[str]) -> list[Column]:
    return [
        Column(
            setting_name(name),
            [form.clip(setting_text(branch, name), MAX_SETTING_WIDTH) for branch in branches],
            80 if number < FIRST_SETTINGS else 40,
        )
        for number, name in enumerate(names)
    ]


def _branch_column(branches: Sequence[ComparedBranch]) -> list[Column]:
    if not any(branch.has_siblings for branch in branches):
        return []
    return [Column("branch", [str(each.branch.number) if each.has_siblings else "" for each in branches], 97)]


def _state(branch: ComparedBranch) -> str:
    return str(branch.run.state) if branch.is_current else "rewound"


def _epochs(branch: ComparedBranch) -> str:
    done = form.count(branch.branch.epochs_done)
    return (
        f"{done}/{form.count(branch.run.snapshot.epochs)}" if branch.is_current and branch.run.snapshot.epochs else done
    )


def _pace(branch: ComparedBranch) -> str:
    seconds = branch.run.snapshot.seconds_per_epoch if branch.is_current else None
    return form.ABSENT if seconds is None else form.pace(seconds).removesuffix("/epoch").strip()


def _cursor_column(branches: Sequence[ComparedBranch], choice: TableChoice) -> list[Column]:
    if choice.epoch is None:
        return []
    data_loss = comparison.without_penalty(branches)
    curves = [comparison.curve_of(branch, choice.cursor_metric, data_loss=data_loss) for branch in branches]
    return [
        Column(f"epoch {choice.epoch}", [_number(comparison.value_at(curve, choice.epoch)) for curve in curves], 98)
    ]


def _result_columns(branches: Sequence[ComparedBranch], metric: str | None) -> list[Column]:
    data_loss, best = comparison.without_penalty(branches), comparison.lowest(branches)
    cells = [_best(branch, data_loss, branch is best and len(branches) > 1) for branch in branches]
    columns = [Column(f"best {loss_title(branches)}", cells, 95)]
    metric = metric or second_metric(branches)
    if metric is not None:
        columns.append(Column(form.clean(metric), [_number(comparison.at_best(each, metric)) for each in branches], 85))
    return columns


def second_metric(branches: Sequence[ComparedBranch]) -> str | None:
    """Return Keras's name of the metric that is shown beside the loss; None when there is no other."""
    names = comparison.metric_names(branches)
    return next((name for name in names if name.removeprefix("val_") not in {"loss", LEARNING_RATE}), None)


def _best(branch: ComparedBranch, data_loss: bool, is_lowest: bool) -> str:
    best = branch.branch.best
    if best is None:
        return form.ABSENT
    value = comparison.best_loss(best, data_loss=data_loss)
    return f"{form.measured(value)} at {best.epoch}{f' {BEST}' if is_lowest else ''}"


def _number(value: float | None) -> str:
    return form.ABSENT if value is None else form.measured(value)


def _value_text(value: Setting) -> str:
    match value:
        case None:
            return form.ABSENT
        case bool():
            return "on" if value else "off"
        case int() | float():
            return form.setting(value)
        case tuple():
            return ",".join(map(form.setting, value)) or "none"
    # The end of a path says most.
    return form.clean(Path(value).name if "/" in value else value)


def _minimum(column: Column) -> int:
    return column.minimum


def _full(column: Column) -> int:
    return column.width


def _total(columns: list[Column], gap: int, width_of: Callable[[Column], int]) -> int:
    return sum(width_of(column) + gap for column in columns) - gap


def _padded(text: str, width: int) -> str:
    text = form.clip(text, width)
    return text + " " * (width - cell_len(text))
