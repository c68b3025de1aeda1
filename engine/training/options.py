"""How a run is to be trained, apart from what: everything a caller may choose about a session."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitmon.engine import events

if TYPE_CHECKING:
    from fitmon.engine.checkpoints.resume_point import ResumePoint

Listener = Callable[[events.Event], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of one run; the defaults suit a program that trains without a screen."""

    name: str | None = None
    """What the run is called; None: as the job."""
    on_event: Listener | None = None
    """Called with every event, in the training thread; it must not wait. None: nothing is called."""
    stop_when_non_finite: bool = False
    """Whether a NaN or infinite loss ends the run as failed; otherwise it pauses until the user resumes it."""
    summarize_epochs: bool = True
    """Whether every `EpochEnded` has an `insight`. A screen finds more in the snapshots, and spares small models, whose
    epochs take milliseconds, the time that it costs."""
    wait_after_end: bool = False
    """Whether the session waits after the end, ready to rewind, until a `Stop` comes. Only then does the model belong
    to plain Keras."""
    resume_point: ResumePoint | None = None
    """Where another process left the run; None: it starts from the beginning."""
    clock: Callable[[], float] = time.monotonic
    """Returns seconds since any fixed moment."""
