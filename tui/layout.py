"""Places the panels for a size of the terminal and what they have to show. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

MIN_WIDTH = 40
MIN_HEIGHT = 10
"""Below this size, only one line is shown."""

WIDE_WIDTH = 100
WIDE_HEIGHT = 28
"""From this size on, the overview shows charts and panels side by side."""

PAIR_HEIGHT = 16
"""Rows that two stacked panels need."""

MIN_MEANING, MIN_CHANGES, MIN_LOG = 7, 5, 4
"""The fewest rows of these panels in the wide overview."""
LOG_HEIGHT = 30
"""From this height of the column on, the wide overview shows the log as well, if it has something to say."""
USUAL_WANTED = 8
"""Rows for a panel of which it is not known how many it wants."""

ROWS_PER_LINE = 10
MAX_LINES = 3
"""The narrow overview has one line for the diagnosis for so many rows, up to this number."""

ROOMY_HEIGHT = 20
"""From this height on, the header has separate rows for state, knobs, message and warnings."""


class Panel(StrEnum):
    """A part of the screen, by the id of its widget."""

    HEADER = "header"
    LOSS = "loss"
    ACCURACY = "accuracy"
    THRESHOLD = "threshold"
    MEANING = "meaning"
    SAMPLES = "samples"
    CLASSES = "classes"
    CHANGES = "changes"
    LOG = "log"
    FINDINGS = "findings"
    FOOTER = "footer"


@dataclass(frozen=True, slots=True)
class Place:
    """The position and size of a panel, in cells from the upper left corner."""

    x: int
    y: int
    width: int
    height: int


class View(IntEnum):
    """The views, by the digit that selects them."""

    OVERVIEW = 1
    LOSS = 2
    ACCURACY = 3
    THRESHOLD = 4
    SAMPLES = 5
    CLASSES = 6
    CHANGES = 7
    OUTPUT = 8
    FINDINGS = 9


PANELS: dict[View, tuple[Panel, ...]] = {
    View.OVERVIEW: (Panel.LOSS, Panel.ACCURACY),
    View.LOSS: (Panel.LOSS,),
    View.ACCURACY: (Panel.ACCURACY,),
    View.THRESHOLD: (Panel.THRESHOLD,),
    View.SAMPLES: (Panel.SAMPLES,),
    View.CLASSES: (Panel.CLASSES,),
    View.CHANGES: (Panel.CHANGES,),
    View.OUTPUT: (Panel.LOG,),
    View.FINDINGS: (Panel.FINDINGS,),
}
"""The panels of each view from top to bottom, for the overview on a narrow terminal; the first if two do not fit."""


def too_small(width: int, height: int) -> bool:
    """Return whether only one line can be shown."""
    return width < MIN_WIDTH or height < MIN_HEIGHT


def header_height(height: int, has_warnings: bool) -> int:
    """Return the rows of the header: state, knobs, latest message, warnings."""
    if height < ROOMY_HEIGHT:
        return 2
    return 4 if has_warnings else 3


def arrange(
    width: int,
    height: int,
    view: View,
    has_metric: bool,
    has_warnings: bool,
    *,
    wanted: Mapping[Panel, int] | None = None,
) -> dict[Panel, Place]:
    """Return the place of every visible panel.

    Args:
        width: Columns of the terminal.
        height: Rows of the terminal.
        view: The selected view.
        has_metric: Whether there is a second metric to draw.
        has_warnings: Whether the header shows lasting warnings, about the data or the disk.
        wanted: The rows, frame included, that panels of the wide overview need to show everything; 0: nothing to show.
    """
    if too_small(width, height):
        return {Panel.HEADER: Place(0, 0, width, height)}
    head = header_height(height, has_warnings)
    body = Place(0, head, width, height - head - 1)
    wide = width >= WIDE_WIDTH and height >= WIDE_HEIGHT
    if view is not View.OVERVIEW:
        panels = _stacked(body, PANELS[view])
    else:
        panels = _overview(body, has_metric, wanted or {}) if wide else _narrow_overview(body, has_metric)
    return {
        Panel.HEADER: Place(0, 0, width, head),
        **panels,
        Panel.FOOTER: Place(0, height - 1, width, 1),
    }


def right_width(width: int) -> int:
    """Return the width of the panels beside the charts, in the overview of a terminal of that width."""
    return width - width // 2


def _narrow_overview(body: Place, has_metric: bool) -> dict[Panel, Place]:
    """Return the charts and, below them, a few lines for the diagnosis."""
    charts = PANELS[View.OVERVIEW][: 1 + (has_metric and body.height >= PAIR_HEIGHT)]
    lines = max(1, min(MAX_LINES, body.height // ROWS_PER_LINE))
    rest = Place(body.x, body.y, body.width, body.height - lines)
    return {**_stacked(rest, charts), Panel.MEANING: Place(body.x, body.y + rest.height, body.width, lines)}


def _overview(body: Place, has_metric: bool, wanted: Mapping[Panel, int]) -> dict[Panel, Place]:
    right = right_width(body.width)
    charts = (Panel.LOSS, Panel.ACCURACY) if has_metric else (Panel.LOSS,)
    beside = Place(body.width - right, body.y, right, body.height)
    left = Place(0, body.y, body.width - right, body.height)
    return {**_stacked(left, charts), **_beside(beside, wanted)}


def _beside(right: Place, wanted: Mapping[Panel, int]) -> dict[Panel, Place]:
    """Return the panels beside the charts: samples, diagnosis, changes, and the log if it has something to say."""
    places: dict[Panel, Place] = {}
    top = right.y
    for panel, height in _heights(right.height, wanted).items():
        if height:
            places[panel] = Place(right.x, top, right.width, height)
            top += height
    return places


def _heights(rows: int, wanted: Mapping[Panel, int]) -> dict[Panel, int]:
    """Return the heights of these panels, from top to bottom; 0: it is not shown.

    The samples get what the others do not need, and at least half; less only if they have little to show.
    """
    room = rows - min(wanted.get(Panel.THRESHOLD, rows), rows - rows // 2)
    log = wanted.get(Panel.LOG, 0) if rows >= LOG_HEIGHT else 0
    log = min(max(log, MIN_LOG), room // 4) if log else 0
    meaning = min(max(wanted.get(Panel.MEANING, USUAL_WANTED), MIN_MEANING), max(MIN_MEANING, room * 3 // 5))
    changes = min(max(wanted.get(Panel.CHANGES, USUAL_WANTED), MIN_CHANGES), max(MIN_CHANGES, room - meaning - log))
    return {
        Panel.THRESHOLD: rows - meaning - changes - log,
        Panel.MEANING: meaning,
        Panel.CHANGES: changes,
        Panel.LOG: log,
    }


def _stacked(body: Place, panels: tuple[Panel, ...]) -> dict[Panel, Place]:
    places: dict[Panel, Place] = {}
    top = body.y
    for index, panel in enumerate(panels):
        height = (body.y + body.height - top) // (len(panels) - index)
        places[panel] = Place(body.x, top, body.width, height)
        top += height
    return places
