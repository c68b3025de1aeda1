"""Where the training reports what happens: events, and the phase it is in."""

from __future__ import annotations

from collections.abc import Callable

from fitmon.engine import events
from fitmon.engine.events import Phase


class Reporter:
    """Emits events in the training thread, and a phase only when it changes."""

    def __init__(self, emit: Callable[[events.Event], None]) -> None:
        """Report nothing yet; `emit` is called with every event."""
        self.emit = emit
        self.phase = Phase.WAITING
        """The phase reported last."""
        self._detail = ""

    def enter(self, phase: Phase, detail: str = "") -> None:
        """Report what the run is busy with; nothing if it is reported already."""
        if (phase, detail) != (self.phase, self._detail):
            self.phase, self._detail = phase, detail
            self.emit(events.PhaseChanged(phase=phase, detail=detail))
