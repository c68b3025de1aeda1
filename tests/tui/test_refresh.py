"""The panels show one picture together, and a new one when it is time or when the user did something."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fitmon.tui import refresh as pace
from fitmon.tui.frame import Frame
from fitmon.tui.refresh import RefreshThrottle
from tests.tui.fake_run import FakeRun


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SHORTEST_PAUSE_SECONDS", 1.0)
    monkeypatch.setattr(pace, "LONGEST_PAUSE_SECONDS", 1.0)


def _picture(run: FakeRun) -> Frame:
    return Frame(
        snapshot=run.snapshot(), name="x", threshold=0.5, log_scale=False, held=False, notice="", phase_seconds=0.0
    )


def test_between_two_pictures_the_panels_keep_the_one_they_have() -> None:
    run, panels = FakeRun().begin().chunk(10), RefreshThrottle()
    first = panels.picture(_picture(run), 0.0)
    panels.drawn(0.0)
    run.chunk(20)
    assert panels.picture(_picture(run), 0.5) is first
    assert panels.picture(_picture(run), 1.0).snapshot.step == 20


def test_what_the_user_did_is_shown_at_once() -> None:
    run, panels = FakeRun().begin().chunk(10), RefreshThrottle()
    panels.picture(_picture(run), 0.0)
    panels.drawn(0.0)
    newest = replace(_picture(run), log_scale=True)
    assert panels.picture(newest, 0.1) is newest
