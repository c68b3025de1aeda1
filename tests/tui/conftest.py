"""What all tests of the screen share."""

import pytest

from fitmon.tui.widgets import chart


@pytest.fixture(autouse=True)
def _impatient_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw every chart at once; the pauses between drawings are for slow terminals."""
    monkeypatch.setattr(chart, "SHORTEST_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(chart, "LONGEST_PAUSE_SECONDS", 0.0)
