"""Draws the four groups of samples: how many stayed and crossed, and their effect on the loss."""

import math
from dataclasses import dataclass

from fitmon.engine.insight.movement import Movement
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, row, width_of
from fitmon.tui.drawing.threshold_blocks import Block

LABEL_WIDTH = 12
MIN_BAR, MAX_BAR = 5, 12
"""Cells of a bar on either side of zero; with less room there are no bars."""
MAX_FIXED_POINT = 10_000_000
MAX_DECIMALS = 8


@dataclass(frozen=True, slots=True)
class Group:
    """One row of the table."""

    label: str
    samples: int
    loss_change: float | None
    """Its part in the change of the mean loss; None if that could not be decomposed."""
    details: tuple[str, ...] = ()
    """Further details, from the longest wording to the shortest."""


def groups_block(movement: Movement, epoch: int, width: int) -> Block:
    """Return the groups in `width` cells: one row with the crossings, a row per group, or bars and a total."""
    groups = _groups(movement)
    total = Group("total", movement.samples, movement.data_loss_change)
    texts = number_texts((*groups, total))
    head = f" {'':{LABEL_WIDTH}} {texts[0]}"
    lines = [f" {group.label:{LABEL_WIDTH}} {text}" for group, text in zip(groups, texts[1:], strict=False)]
    usual = [_head(head, epoch, width)]
    usual += [_with_detail(line, group, width) for line, group in zip(lines, groups, strict=True)]
    full = _full(head, lines, groups, width)
    if total.loss_change is not None:
        full.append(row((f" {total.label:{LABEL_WIDTH}} {texts[-1]}", Role.STRONG)))
    return Block(rows=usual, smaller=[_crossings(movement, epoch, width)], larger=(full,))


def _groups(movement: Movement) -> tuple[Group, ...]:
    parts = movement.loss_change or {}
    more, less = form.count(movement.right_further), form.count(movement.right_closer)
    toward, away = form.count(movement.wrong_closer), form.count(movement.wrong_further)
    sure = (f"{more} more, {less} less confident", f"{more} more, {less} less", f"{more} more")
    near = (
        f"{toward} toward, {away} away from the boundary",
        f"{toward} toward, {away} away",
        f"{toward} toward",
    )
    return (
        Group("stayed right", movement.stayed_right, parts.get("stayed_right"), sure),
        Group("stayed wrong", movement.stayed_wrong, parts.get("stayed_wrong"), near),
        Group("crossed ↑", movement.crossed_up, parts.get("crossed_up"), ("was wrong, now right", "to right")),
        Group("crossed ↓", movement.crossed_down, parts.get("crossed_down"), ("was right, now wrong", "to wrong")),
    )


def number_texts(groups: tuple[Group, ...]) -> list[str]:
    """Return a heading and the numbers of each group, in columns of equal width; no losses if they are unknown."""
    samples = ["samples", *(form.count(group.samples) for group in groups)]
    largest = max(abs(group.loss_change or 0.0) for group in groups)
    losses = ["loss", *(_loss_text(group, largest) for group in groups)]
    if all(group.loss_change is None for group in groups):
        return [text.rjust(max(map(len, samples))) for text in samples]
    widths = max(map(len, samples)), max(map(len, losses))
    return [f"{many:>{widths[0]}}  {loss:>{widths[1]}}" for many, loss in zip(samples, losses, strict=True)]


def _loss_text(group: Group, largest: float) -> str:
    if group.loss_change is None or not group.samples:
        return form.ABSENT
    return signed(group.loss_change, largest)


def signed(change: float, largest: float) -> str:
    """Return a change such as `−0.0312`, with enough decimals to give the largest of its column three digits."""
    if largest >= MAX_FIXED_POINT:
        text = form.measured(abs(change))
    else:
        decimals = max(0, min(MAX_DECIMALS, 2 - math.floor(math.log10(largest)))) if largest else 1
        text = f"{abs(change):,.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        return text
    return f"{'−' if change < 0 else '+'}{text}"


def since(epoch: int) -> str:
    """Return what the groups are compared with."""
    return "since before training" if epoch == 1 else "since the last epoch"


def _crossings(movement: Movement, epoch: int, width: int) -> Row:
    fields = [
        (9, row(f"crossed ↑ {form.count(movement.crossed_up)} to right")),
        (9, row(f"↓ {form.count(movement.crossed_down)} to wrong")),
        (3, row((since(epoch), Role.FAINT))),
    ]
    return row(" ", *fitting(fields, "  ", width - 1))


def _head(head: str, epoch: int, width: int) -> Row:
    return fitting([(9, row((head, Role.FAINT))), (5, row((since(epoch), Role.FAINT)))], "  ", width)


def _with_detail(line: str, group: Group, width: int) -> Row:
    detail = _detail(group, width - width_of(row(line)) - 2)
    return row(line, (f"  {detail}", Role.FAINT)) if detail else row(line)


def _detail(group: Group, room: int) -> str:
    return next((text for text in group.details if len(text) <= room), "")


def _full(head: str, lines: list[str], groups: tuple[Group, ...], width: int) -> list[Row]:
    """Return the groups with a bar for their effect on the loss, and details below them."""
    room = (width - width_of(row(head)) - 4) // 2
    known = groups[0].loss_change is not None
    bar = min(room, MAX_BAR) if known and room >= MIN_BAR else 0
    largest = max(abs(group.loss_change or 0.0) for group in groups)
    rows = [row((f"{head}  {'fell':>{bar}}│{'rose':<{bar}}" if bar else head, Role.FAINT))]
    for line, group in zip(lines, groups, strict=True):
        rows.append(row(line, *bar_cells(group.loss_change or 0.0, largest, bar)))
        if group.label.startswith("stayed") and group.samples:
            rows.append(row((f"   {_detail(group, width - 3)}", Role.FAINT)))
    return rows


def bar_cells(change: float, largest: float, width: int) -> Row:
    """Return a bar from the middle line, to the left if the loss fell; nonzero values take at least half a cell."""
    if not width:
        return ()
    halves = max(1, round(abs(change) / largest * width * 2)) if change else 0
    full, half = divmod(halves, 2)
    fell = ("▐" * half + "█" * full) if change < 0 else ""
    rose = ("█" * full + "▌" * half) if change > 0 else ""
    return row("  ", (fell.rjust(width), Role.GOOD), ("│", Role.FAINT), (rose.ljust(width), Role.BAD))
