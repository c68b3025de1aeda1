"""Places the panels for a size of the terminal. Pure."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

MIN_WIDTH = 40
MIN_HEIGHT = 10
"""Below this size, only one line is shown."""

WIDE_WIDTH = 100
WIDE_HEIGHT = 28
"""From this size on, the overview shows charts and panels side by side."""

LOG_HEIGHT = 44
"""From this height on, the wide overview has room for the log as well."""

PAIR_HEIGHT = 16
"""Rows that two stacked panels need."""

SHARE_OF_MEANING = 4
"""One row in this many of the wide overview is for the diagnosis, within the two bounds below."""
MIN_MEANING, MAX_MEANING = 7, 10

SHARE_OF_SAMPLES = 3
"""Of the other rows, this many are for the samples, to two for each panel below."""

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


def arrange(width: int, height: int, view: View, has_metric: bool, has_warnings: bool) -> dict[Panel, Place]:
    """Return the place of every visible panel.

    Args:
        width: Columns of the terminal.
        height: Rows of the terminal.
        view: The selected view.
        has_metric: Whether there is a second metric to draw.
        has_warnings: Whether the header shows lasting warnings, about the data or the disk.
    """
    if too_small(width, height):
        return {Panel.HEADER: Place(0, 0, width, height)}
    head = header_height(height, has_warnings)
    body = Place(0, head, width, height - head - 1)
    wide = width >= WIDE_WIDTH and height >= WIDE_HEIGHT
    if view is not View.OVERVIEW:
        panels = _stacked(body, PANELS[view])
    else:
        panels = _overview(body, has_metric) if wide else _narrow_overview(body, has_metric)
    return {
        Panel.HEADER: Place(0, 0, width, head),
        **panels,
        Panel.FOOTER: Place(0, height - 1, width, 1),
    }


def _narrow_overview(body: Place, has_metric: bool) -> dict[Panel, Place]:
    """Return the charts and, below them, one row for the diagnosis."""
    charts = PANELS[View.OVERVIEW][: 1 + (has_metric and body.height >= PAIR_HEIGHT)]
    rest = Place(body.x, body.y, body.width, body.height - 1)
    return {**_stacked(rest, charts), Panel.MEANING: Place(body.x, body.y + rest.height, body.width, 1)}


def _overview(body: Place, has_metric: bool) -> dict[Panel, Place]:
    left = body.width // 2
    charts = (Panel.LOSS, Panel.ACCURACY) if has_metric else (Panel.LOSS,)
    right = Place(left, body.y, body.width - left, body.height)
    return {**_stacked(Place(0, body.y, left, body.height), charts), **_beside(right)}


def _beside(right: Place) -> dict[Panel, Place]:
    """Return the panels beside the charts: samples, diagnosis, changes, and the log if there is room."""
    meaning = max(MIN_MEANING, min(MAX_MEANING, right.height // SHARE_OF_MEANING))
    others = (Panel.CHANGES, Panel.LOG) if right.height >= LOG_HEIGHT else (Panel.CHANGES,)
    above = (right.height - meaning) * SHARE_OF_SAMPLES // (SHARE_OF_SAMPLES + 2 * len(others))
    below = right.y + above + meaning
    return {
        Panel.THRESHOLD: Place(right.x, right.y, right.width, above),
        Panel.MEANING: Place(right.x, right.y + above, right.width, meaning),
        **_stacked(Place(right.x, below, right.width, right.height - above - meaning), others),
    }


def _stacked(body: Place, panels: tuple[Panel, ...]) -> dict[Panel, Place]:
    places: dict[Panel, Place] = {}
    top = body.y
    for index, panel in enumerate(panels):
        height = (body.y + body.height - top) // (len(panels) - index)
        places[panel] = Place(body.x, top, body.width, height)
        top += height
    return places
