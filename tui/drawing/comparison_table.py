"""Draws the table beside the curves of several runs, and everything around it: header, selected row, footer."""

from __future__ import annotations

from dataclasses import replace

from fitmon.engine.runs.run_status import RunState
from fitmon.text import comparison as text
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitted, fitting, framed, row
from fitmon.tui.comparison_view import ComparedRow, ComparisonFrame

SELECTED, SHOWN = "▸", "✓"

CURSOR = "▏"
"""The end of a filter that is being typed."""

FRAME_ROWS = 3
"""The rows of a framed table besides those of the runs: its edges, the heading."""

MANY = 5
"""From so many rows on, the number of the selected one is shown."""


def draw_comparison_table(frame: ComparisonFrame, width: int, height: int) -> list[Row]:
    """Return the framed table, scrolled to the selected row."""
    if not frame.rows:
        return framed(_title(frame, []), [row()], width, height)
    table = _table(frame, width - 3)
    first = first_row(frame, height)
    shown = range(first, min(len(frame.rows), first + height - FRAME_ROWS))
    lines = [_line(frame.rows[at], table.row(at), at == frame.selected, width - 2) for at in shown]
    heading = row((f" {table.heading}", Role.FAINT))
    return framed(_title(frame, table.dropped), [heading, *lines], width, height)


def table_width(frame: ComparisonFrame) -> int:
    """Return the cells that the framed table needs across to show all columns, that of a cursor included."""
    return _table(replace(frame, cursor=frame.last), None).width + 3 if frame.rows else 0


def _table(frame: ComparisonFrame, width: int | None) -> text.Table:
    marks = [_mark(each, number == frame.selected) for number, each in enumerate(frame.rows)]
    return text.comparison_table(frame.branches, marks, _choice(frame, width))


def first_row(frame: ComparisonFrame, height: int) -> int:
    """Return the number of the row at the top of a framed table of that height."""
    room = max(1, height - FRAME_ROWS)
    return max(0, min(frame.selected - room // 2, len(frame.rows) - room))


def draw_details(frame: ComparisonFrame, width: int, height: int) -> list[Row]:
    """Return everything about the selected row: in a frame if there is room, else in one line."""
    selected = frame.row
    if selected is None:
        return []
    name = (f"{selected.mark} {text.branch_name(selected.branch)}", selected.role)
    if height < FRAME_ROWS:
        fields = text.setting_fields(selected.branch, frame.settings)
        return [fitted(row(" ", name, f"  {'  '.join(fields) or 'no setting differs'}"), width)]
    lines = [line for each in _sentences(selected, frame) for line in form.wrap(each, width - 4)]
    return framed(row(name), [row(f" {line}") for line in lines], width, height)


def draw_comparison_header(frame: ComparisonFrame, width: int) -> Row:
    """Return the first line of the screen: how many runs, the order, the filter."""
    fields = [(9, row(("fitmon · compare", Role.STRONG))), (8, row(_count(frame)))]
    if frame.typing or frame.filter:
        fields.append((7, row(("/", Role.STRONG), f"{form.clean(frame.filter)}{CURSOR if frame.typing else ''}")))
    if frame.notice:
        fields.append((6, row((form.clip(form.clean(frame.notice), width - 40), Role.MARK))))
    elif frame.rows and (conclusion := text.conclusion(frame.branches)):
        fields.append((5, row((form.clip(conclusion, width - 40), Role.FAINT))))
    return row(" ", *fitting(fields, "   ", width - 2))


def _count(frame: ComparisonFrame) -> str:
    if frame.total is None:
        return "reading …"
    runs = f"{frame.total} {'run' if frame.total == 1 else 'runs'}"
    return runs if len(frame.rows) == frame.total else f"{len(frame.rows)} of {runs}"


def _title(frame: ComparisonFrame, dropped: list[str]) -> Row:
    place = f" {frame.selected + 1}/{len(frame.rows)}" if len(frame.rows) >= MANY else ""
    pieces = row(("runs", Role.STRONG), f"{place}  ", (f"sorted {_order(frame.order)}", Role.FAINT))
    if dropped:
        return row(*pieces, (f"  not shown: {', '.join(dropped)}", Role.FAINT))
    return pieces


def _order(order: str) -> str:
    return order if order == "as given" else f"by {order}"


def _mark(each: ComparedRow, is_selected: bool) -> str:
    return f"{SELECTED if is_selected else ' '}{SHOWN if each.shown else ' '} {each.mark}"


def _choice(frame: ComparisonFrame, width: int | None) -> text.TableChoice:
    is_loss = frame.metric.removeprefix("val_") == "loss"
    return text.TableChoice(
        metric=None if is_loss else frame.metric or None,
        epoch=frame.cursor,
        cursor_metric=frame.metric,
        settings=frame.settings,
        width=width,
    )


def _line(each: ComparedRow, line: str, is_selected: bool, width: int) -> Row:
    mark_width = 4
    rest = Role.SELECTED if is_selected else Role.PLAIN if each.shown else Role.FAINT
    mark = (f" {line[:mark_width]}", each.role if each.shown else Role.FAINT)
    return row(mark, (line[mark_width:].ljust(max(0, width - mark_width - 1)), rest))


def _sentences(selected: ComparedRow, frame: ComparisonFrame) -> list[str]:
    """Return what is known of the selected row, a line each: what differs first."""
    branch, run = selected.branch, selected.branch.run
    started = f"started {run.started.astimezone():%Y-%m-%d %H:%M}" if run.started else "description damaged"
    same = [name for name in run.settings if name not in frame.settings and run.settings[name] is not None]
    ending = run.snapshot.ending
    reason = getattr(ending, "message", "") if run.state is RunState.FAILED else ""
    lines = [
        f"{run.state} · {started}",
        form.clean(reason),
        f"Differs: {' · '.join(text.setting_fields(branch, frame.settings)) or 'nothing'}",
        f"Same: {' · '.join(text.setting_fields(branch, same))}",
        f"Folder: {form.clean(str(run.path))}",
    ]
    return [line for line in lines if line]
