"""How a run is shown: the options of the screen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # It imports numpy, which the first frame must not wait for.
    from fitmon.engine.record.snapshot import Snapshot

from fitmon.engine.runs.run_folder import RunFolder

STALLED_SECONDS = 60.0
"""How long a terminal may accept no bytes before the screen closes; far longer than a user stops it with ctrl+s."""


@dataclass(frozen=True, slots=True)
class RewindOptions:
    """Which epochs a run can rewind to."""

    kept_epochs: Callable[[], Mapping[int, Collection[int]] | None] = lambda: None
    """Returns the epochs with a checkpoint, by branch; None: unknown, so any may have one."""
    why_not: Callable[[], str] = str
    """Returns why the run cannot rewind at all, such as that it is not saved to disk; empty if it can."""


NO_REWIND = RewindOptions(why_not=lambda: "this run is not saved to disk")
"""The run cannot rewind."""


@dataclass(frozen=True, slots=True)
class DetachOptions:
    """Whether and how the user can leave a run that continues in the background."""

    why_not: str = "it was not started with the command fitmon"
    """Why it cannot, as the end of a sentence; empty if it can."""
    leave: Callable[[], None] = lambda: None
    """Called when the terminal is restored: gives it back to the shell."""


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """How a run is shown, and what the user may do with it."""

    threshold: float = 0.5
    """In [0, 1]: class 1 is predicted if its probability is larger."""
    log_path: Path | None = None
    """The file that receives everything printed while the screen is open; None: it is discarded."""
    exit_when_over: bool = False
    """Whether to quit as soon as the run is over."""
    mouse: bool = True
    """Whether the terminal reports the mouse; without it, the user can select text."""
    theme: str | None = None
    """One of `themes.THEMES`, or `auto`: by the terminal's background. None: what FITMON_THEME says, else `auto`."""
    ascii_only: bool = False
    """Whether only ASCII is drawn, as it is where the locale is C or POSIX."""
    continue_without_terminal: bool = True
    """Whether the run continues when the terminal is lost. If not, because it could not be found again, it is stopped
    and the exit code is 129; a terminal that stops responding is waited for."""
    viewer: bool = False
    """Whether another process trains the run: quitting never stops it nor waits for it, and the exit code is 0."""
    read_only: bool = False
    """Whether no command is sent to the run, whatever key is pressed."""
    rewind: RewindOptions = NO_REWIND
    """Which epochs the run can rewind to."""
    folder: RunFolder | None = None
    """Where the run is saved, to compare it with others; None: nowhere."""
    detach: DetachOptions = DetachOptions()
    """Whether the key q can leave the run training in the background."""
    next_steps: Callable[[Snapshot], list[str]] = lambda _: []
    """Returns the lines printed below the summary when the screen has closed; lines are not broken."""
    stalled_seconds: float = STALLED_SECONDS
    """How long the terminal may accept no bytes before it counts as lost."""
