"""Draws the end of the log: what TensorFlow and the model print."""

from collections.abc import Sequence

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row


def draw_log(lines: Sequence[str], path: str, width: int, height: int, containing: str = "") -> list[Row]:
    """Return the lines in a frame of that outer size.

    Args:
        lines: free of control characters, each at most `width` - 4 cells.
        path: of the log file; may be empty.
        width: in cells.
        height: in rows.
        containing: the text that the lines were searched for; empty: they are all lines.
    """
    searched = f"  lines with {form.clean(containing)}" if containing else ""
    shown_path = form.clip(form.clean(path), max(0, width - 14))
    title = row(("output", Role.STRONG), (searched, Role.MARK), (f"  {shown_path}" if shown_path else "", Role.FAINT))
    empty = "no such line" if containing else "nothing printed yet"
    rows = [row(f" {line}") for line in lines] or [row((f" {empty}", Role.FAINT))]
    return framed(title, rows, width, height)
