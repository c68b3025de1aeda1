"""Draws the end of the log: what TensorFlow and the model print."""

from collections.abc import Sequence

from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, framed, row


def draw_log(lines: Sequence[str], path: str, width: int, height: int) -> list[Row]:
    """Return the lines in a frame of that outer size.

    Args:
        lines: free of control characters, each at most `width` - 4 cells.
        path: of the log file; may be empty.
        width: in cells.
        height: in rows.
    """
    shown_path = form.clip(form.clean(path), max(0, width - 14))
    title = row(("output", Role.STRONG), (f"  {shown_path}" if shown_path else "", Role.FAINT))
    rows = [row(f" {line}") for line in lines] or [row((" nothing printed yet", Role.FAINT))]
    return framed(title, rows, width, height)
