"""What all tests of the screen share."""

import pytest

from fitmon.tui import refresh


@pytest.fixture(autouse=True)
def _impatient_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the panels every picture at once; the pauses between pictures spare the training."""
    monkeypatch.setattr(refresh, "MIN_PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(refresh, "MAX_PAUSE_SECONDS", 0.0)
