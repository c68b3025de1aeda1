"""Which panels stand where at which size of the terminal. Pure sums."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

SMALLEST_WIDTH = 40
SMALLEST_HEIGHT = 10
"""Below this size, one line says what is going on."""

WIDE_WIDTH = 100
WIDE_HEIGHT = 28
"""From this size on, the overview shows charts and panels side by side."""

LOG_HEIGHT = 44
"""From this height on, the wide overview has room for the log as well."""

PAIR_HEIGHT = 16
"""Rows that two panels above one another need."""

ROOMY_HEIGHT = 20
"""From this height on, the header takes a row of its own for each thing it says."""


class Panel(StrEnum):
    """A part of the screen, by the id of its widget."""

    HEADER = "header"
    LOSS = "loss"
    ACCURACY = "accuracy"
    THRESHOLD = "threshold"
    SAMPLES = "samples"
    CLASSES = "classes"
    CHANGES = "changes"
    LOG = "log"
    FOOTER = "footer"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel stands, in cells from the upper left corner."""

    x: int
    y: int
    width: int
    height: int


class View(IntEnum):
    """What the user can look at, by the digit that chooses it."""

    OVERVIEW = 1
    LOSS = 2
    ACCURACY = 3
    THRESHOLD = 4
    SAMPLES = 5
    CLASSES = 6
    CHANGES = 7
    OUTPUT = 8


PANELS: dict[View, tuple[Panel, ...]] = {
    View.OVERVIEW: (Panel.LOSS, Panel.ACCURACY),
    View.LOSS: (Panel.LOSS,),
    View.ACCURACY: (Panel.ACCURACY,),
    View.THRESHOLD: (Panel.THRESHOLD,),
    View.SAMPLES: (Panel.SAMPLES,),
    View.CLASSES: (Panel.CLASSES,),
    View.CHANGES: (Panel.CHANGES,),
    View.OUTPUT: (Panel.LOG,),
}
"""The panels of each view from top to bottom, of the overview on a narrow terminal; the first alone where two have no
room."""


def too_small(width: int, height: int) -> bool:
    """Return whether only one line can be shown."""
    return width < SMALLEST_WIDTH or height < SMALLEST_HEIGHT


def header_height(height: int, has_notes: bool) -> int:
    """Return the rows of the header: state, knobs, what just happened, what stands."""
    if height < ROOMY_HEIGHT:
        return 2
    return 4 if has_notes else 3


def arrange(width: int, height: int, view: View, has_metric: bool, has_notes: bool) -> dict[Panel, Place]:
    """Return the place of every panel that is to be seen.

    Args:
        width: Columns of the terminal.
        height: Rows of the terminal.
        view: Which view is chosen.
        has_metric: Whether there is a second curve to draw beside the loss.
        has_notes: Whether the header must say something all the time, on the data or the disk.
    """
    if too_small(width, height):
        return {Panel.HEADER: Place(0, 0, width, height)}
    head = header_height(height, has_notes)
    body = Place(0, head, width, height - head - 1)
    wide = width >= WIDE_WIDTH and height >= WIDE_HEIGHT
    panels = (
        _overview(body, has_metric)
        if wide and view is View.OVERVIEW
        else _stacked(body, _narrow_panels(body, view, has_metric))
    )
    return {
        Panel.HEADER: Place(0, 0, width, head),
        **panels,
        Panel.FOOTER: Place(0, height - 1, width, 1),
    }


def _narrow_panels(body: Place, view: View, has_metric: bool) -> tuple[Panel, ...]:
    panels = PANELS[view]
    if view is View.OVERVIEW and not has_metric:
        panels = (Panel.LOSS,)
    return panels if body.height >= PAIR_HEIGHT else panels[:1]


def _overview(body: Place, has_metric: bool) -> dict[Panel, Place]:
    left = body.width // 2
    charts = (Panel.LOSS, Panel.ACCURACY) if has_metric else (Panel.LOSS,)
    beside = (
        (Panel.THRESHOLD, Panel.CHANGES, Panel.LOG) if body.height >= LOG_HEIGHT else (Panel.THRESHOLD, Panel.CHANGES)
    )
    return {
        **_stacked(Place(0, body.y, left, body.height), charts),
        **_stacked(Place(left, body.y, body.width - left, body.height), beside),
    }


def _stacked(body: Place, panels: tuple[Panel, ...]) -> dict[Panel, Place]:
    places: dict[Panel, Place] = {}
    top = body.y
    for index, panel in enumerate(panels):
        height = (body.y + body.height - top) // (len(panels) - index)
        places[panel] = Place(body.x, top, body.width, height)
        top += height
    return places
