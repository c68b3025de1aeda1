"""Draws the form of knobs: a row for each, with its label, its text and its state. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitted, row
from fitmon.text.sentences import knob_name
from fitmon.tui.knob_fields import KnobField

LABEL_WIDTH, TEXT_WIDTH = 15, 11


@dataclass(frozen=True, slots=True)
class KnobFormContent:
    """What the form shows."""

    title: str
    fields: Sequence[KnobField]
    texts: Sequence[str]
    """Of each field, as typed so far."""
    chosen: int
    """The field with the focus, whose text an input field shows."""
    error: str
    """What is wrong with the text or the changes; empty: the range of the chosen knob is shown."""
    range: str
    keys: str


def draw_form(content: KnobFormContent, width: int, max_height: int) -> tuple[list[Row], int]:
    """Return the rows of the form, and which of them is that of the chosen field.

    On a low terminal, only the fields around the chosen one are shown.
    """
    foot = [row((line, Role.BAD)) for line in form.wrap(form.clean(content.error), width, "")] if content.error else []
    foot = foot or [row((form.clip(content.range, width), Role.FAINT))]
    foot.append(row((form.clip(content.keys, width), Role.FAINT)))
    room = max(1, max_height - 1 - len(foot))
    first = max(0, min(content.chosen - room // 2, len(content.fields) - room))
    shown = range(first, min(first + room, len(content.fields)))
    fields = [_field(content, index, width) for index in shown]
    title = row((form.clip(form.clean(content.title), width), Role.STRONG))
    return [title, *fields, *foot], 1 + content.chosen - first


def _field(content: KnobFormContent, index: int, width: int) -> Row:
    field = content.fields[index]
    text = form.clip(form.clean(content.texts[index]), TEXT_WIDTH - 1)
    role = Role.STRONG if index == content.chosen else Role.PLAIN
    pieces = row(
        (f"{knob_name(field.name):{LABEL_WIDTH}}", role),
        f"{text:{TEXT_WIDTH}}",
        (f"  {form.clean(field.state)}", Role.FAINT),
    )
    return fitted(pieces, width)
