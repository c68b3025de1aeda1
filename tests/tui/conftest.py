"""What all tests of the screen share."""

import pytest

from fitmon.tui import app
from fitmon.tui.widgets import chart


@pytest.fixture(autouse=True)
def _impatient_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the run often and draw every chart at once; the pauses are for terminals."""
    monkeypatch.setattr(app, "POLL_SECONDS", 0.02)
    monkeypatch.setattr(chart, "SHORTEST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(chart, "LONGEST_PAUSE_SECONDS", 0.0)
