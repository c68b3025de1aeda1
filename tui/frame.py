"""What the screen draws at one moment: a snapshot of the run and how the user chose to look at it."""

from dataclasses import dataclass

from fitmon.engine.record.snapshot import Snapshot
from fitmon.tui.layout import View


@dataclass(frozen=True, slots=True)
class Frame:
    """A snapshot and the settings of the view."""

    snapshot: Snapshot
    name: str
    """What the run is called, free of control characters."""
    threshold: float
    """In [0, 1]; the view's own, the training knows none."""
    log_scale: bool
    """Whether the charts' vertical axes are logarithmic."""
    held: bool
    """Whether the panels hold still; the header never does."""
    notice: str
    """What the user's last key did, until the run answers; may be empty."""
    phase_seconds: float
    """For how long the run has been in its phase."""
    view: View = View.OVERVIEW
    """Which view is chosen."""
    read_only: bool = False
    """Whether nothing can be asked of the run."""
    no_rewind: str = ""
    """Why the run cannot go back to an epoch; empty when it can."""
