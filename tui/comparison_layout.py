"""Places the panels of the comparison for a size of the terminal. Pure."""

from fitmon.tui.layout import MIN_HEIGHT, MIN_WIDTH, Place

WIDE_WIDTH = 160
"""From this width on, the table stands beside the chart if it fits."""

SHARE_OF_TABLE = 0.4, 0.6
"""The least and the largest share of the width that a table beside the chart takes."""

TALL_HEIGHT = 34
"""From this height on, the details of the selected run have a frame of their own below the table."""

MIN_CHART_HEIGHT = 8

DETAILS_HEIGHT = 8

TABLE_EDGES = 3
"""The rows of the table besides those of the runs."""

MIN_RUNS = 3
"""Rows of runs that the table has room for at least, if there are so many."""


def arrange_comparison(width: int, height: int, rows: int, columns: int) -> dict[str, Place]:
    """Return the place of every visible panel, by the id of its widget.

    Args:
        width: Columns of the terminal.
        height: Rows of the terminal.
        rows: Rows of the table.
        columns: Cells that the table needs across, its frame included.
    """
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return {"header": Place(0, 0, width, height)}
    edges = {"header": Place(0, 0, width, 1), "footer": Place(0, height - 1, width, 1)}
    body = Place(0, 1, width, height - 2)
    return edges | (
        _beside(body, rows, columns)
        if width >= WIDE_WIDTH and columns <= width * SHARE_OF_TABLE[1]
        else _below(body, rows)
    )


def _beside(body: Place, rows: int, columns: int) -> dict[str, Place]:
    left = body.width - max(columns, int(body.width * SHARE_OF_TABLE[0]))
    details = DETAILS_HEIGHT if rows and body.height >= TALL_HEIGHT else 1
    table = min(rows + TABLE_EDGES, body.height - details)
    # What the table does not need is room for the details.
    rest = body.height - table if details > 1 else details
    table = body.height - rest
    return {
        "chart": Place(body.x, body.y, left, body.height),
        "table": Place(left, body.y, body.width - left, table),
        "details": Place(left, body.y + table, body.width - left, rest),
    }


def _below(body: Place, rows: int) -> dict[str, Place]:
    details = DETAILS_HEIGHT if rows and body.height >= TALL_HEIGHT else 1
    room = body.height - details
    most = max(min(rows, MIN_RUNS) + TABLE_EDGES, room * 2 // 5)
    table = min(rows + TABLE_EDGES, most, room - MIN_CHART_HEIGHT)
    if table <= TABLE_EDGES:
        table = 0
    places = {"chart": Place(body.x, body.y, body.width, room - table)}
    if table:
        places["table"] = Place(body.x, body.y + room - table, body.width, table)
    return places | {"details": Place(body.x, body.y + room, body.width, details)}
