"""What the screen draws at one moment: a snapshot of the run and the settings of the view."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from fitmon.engine.record.snapshot import Snapshot
from fitmon.text.remedies import RewindChoices
from fitmon.tui.chart_view import ChartView
from fitmon.tui.layout import View


@dataclass(frozen=True, slots=True)
class Frame:
    """A snapshot and the settings of the view."""

    snapshot: Snapshot
    name: str
    """The name of the run, free of control characters."""
    threshold: float
    """In [0, 1]; a setting of the view, not of training."""
    log_scale: bool
    """Whether the charts' vertical axes are logarithmic."""
    frozen: bool
    """Whether the panels are frozen; the header never is."""
    notice: str
    """The response to the last key, until the run answers; may be empty."""
    phase_seconds: float
    """How long the run has been in its phase."""
    view: View = View.OVERVIEW
    """The selected view."""
    read_only: bool = False
    """Whether no command can be sent to the run."""
    viewer: bool = False
    """Whether another process trains the run, or none."""
    no_rewind: str = ""
    """Why the run cannot rewind; empty if it can."""
    kept_epochs: Mapping[int, Collection[int]] | None = None
    """By branch, the epochs with a checkpoint; None: unknown, or no finding asks for a rewind."""
    chart_view: ChartView = field(default_factory=ChartView)
    """How the charts are looked at."""
    paints: bool = False
    """Whether pictures may have colors of their own: the terminal has at least 256, and Unicode."""

    @property
    def rewind_choices(self) -> RewindChoices:
        """Which epochs the run can rewind to."""
        return RewindChoices(kept=self.kept_epochs, refusal=self.no_rewind)
