"""The panels show one picture together, and a new one when it is time or when the user did something."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fitmon.tui import refresh
from fitmon.tui.frame import Frame
from fitmon.tui.refresh import RefreshThrottle
from tests.tui.fake_run import FakeRun


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refresh, "MIN_PAUSE_SECONDS", 1.0)
    monkeypatch.setattr(refresh, "MAX_PAUSE_SECONDS", 1.0)


def _picture(run: FakeRun) -> Frame:
    return Frame(
        snapshot=run.snapshot(), name="x", threshold=0.5, log_scale=False, frozen=False, notice="", phase_seconds=0.0
    )


def test_between_two_frames_the_panels_keep_the_current_one() -> None:
    run, panels = FakeRun().begin().chunk(10), RefreshThrottle()
    first = panels.next_frame(_picture(run), 0.0)
    panels.drawn(0.0)
    run.chunk(20)
    assert panels.next_frame(_picture(run), 0.5) is first
    assert panels.next_frame(_picture(run), 1.0).snapshot.step == 20


def test_what_the_user_did_is_shown_at_once() -> None:
    run, panels = FakeRun().begin().chunk(10), RefreshThrottle()
    panels.next_frame(_picture(run), 0.0)
    panels.drawn(0.0)
    newest = replace(_picture(run), log_scale=True)
    assert panels.next_frame(newest, 0.1) is newest
