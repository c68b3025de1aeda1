"""Measures how many rows the panels of the wide overview need, so that its layout follows what they have to show."""

from collections.abc import Callable, Mapping

from fitmon.tui.drawing import changes, meaning
from fitmon.tui.frame import Frame
from fitmon.tui.layout import Panel, View, right_width

EMPTY_ROWS = 5
"""What a panel without samples needs to say why."""


class WantedRows:
    """The rows that panels need; they only grow while the overview is shown, so that panels do not jump at an epoch."""

    def __init__(self, log_rows: Callable[[int], int]) -> None:
        """Start without any; `log_rows` returns what the log needs in that width."""
        self._log_rows = log_rows
        self._wanted: dict[Panel, int] = {}
        self._since: tuple[object, ...] = ()
        self._version = -1

    def measured(self, frame: Frame, terminal_width: int) -> Mapping[Panel, int]:
        """Return the rows that each panel needs in a terminal of that width; those not named need all they can get."""
        width, snapshot = right_width(terminal_width), frame.snapshot
        since = terminal_width, frame.view, snapshot.branch.number, snapshot.over
        if since != self._since:
            self._since, self._wanted, self._version = since, {}, -1
        if frame.view is not View.OVERVIEW:
            return {}
        self._grow({Panel.LOG: self._log_rows(width)})
        if snapshot.version != self._version:
            self._version = snapshot.version
            self._grow(
                {
                    Panel.MEANING: meaning.wanted_rows(frame, width),
                    Panel.CHANGES: changes.wanted_rows(frame, width),
                }
            )
        has_no_samples = snapshot.started is not None and snapshot.started.no_probabilities
        return self._wanted | ({Panel.THRESHOLD: EMPTY_ROWS} if has_no_samples else {})

    def _grow(self, rows: Mapping[Panel, int]) -> None:
        self._wanted |= {panel: max(wanted, self._wanted.get(panel, 0)) for panel, wanted in rows.items()}
