"""Draws the end of the log: what TensorFlow and the model print."""

from collections.abc import Sequence

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, fitting, framed, row


def draw_log(
    lines: Sequence[str], path: str, width: int, height: int, *, hidden: int = 0, containing: str = ""
) -> list[Row]:
    """Return the lines in a frame of that outer size.

    Args:
        lines: free of control characters, each at most `width` - 4 cells.
        path: of the log file; may be empty.
        width: in cells.
        height: in rows.
        hidden: how many lines of TensorFlow are left out; 0: none.
        containing: the text that the lines were searched for; empty: they are all lines.
    """
    fields = [(9, row(("output", Role.STRONG)))]
    if containing:
        fields.append((8, row((f"lines with {form.clean(containing)}", Role.MARK))))
    if hidden:
        noun = "line" if hidden == 1 else "lines"
        fields.append((8, row((f"{form.count(hidden)} {noun} of TensorFlow hidden · 8 shows all", Role.FAINT))))
    elif path:
        fields.append((7, row((form.clip(form.clean(path), max(0, width - 14)), Role.FAINT))))
    empty = "no such line" if containing else "nothing printed yet"
    rows = [row(f" {line}") for line in lines] or [row((f" {empty}", Role.FAINT))]
    return framed(fitting(fields, "  ", width - 5), rows, width, height)
