"""The header never hides what the user must know: whose run it is, the learning rate, how far the run came."""

from __future__ import annotations

from typing import Any

import pytest

from fitmon.engine import events
from fitmon.engine.values import KnobOffer
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.header import knob_row, state_row
from fitmon.tui.frame import Frame
from tests.tui.fake_run import FakeRun

KNOBS = {"learning_rate": 1e-3, "dropout": 0.3, "l1": 0.0, "l2": 1e-4, "batch_size": 64, "epochs": 10}


def frame(run: FakeRun, **seen: Any) -> Frame:
    facts: dict[str, Any] = {"name": "mnist-2026-11-28-1", "threshold": 0.5, "log_scale": False, "frozen": False}
    return Frame(snapshot=run.snapshot(), notice="", phase_seconds=0.0, **(facts | seen))


def five_pending() -> FakeRun:
    offers = tuple(KnobOffer(name=name, value=value) for name, value in KNOBS.items())
    run = FakeRun().begin(knobs=offers, class_names=("no", "yes"))
    for name, value in (("learning_rate", 3e-4), ("dropout", 0.5), ("l2", 1e-3), ("batch_size", 128), ("epochs", 12)):
        run.tell(events.KnobRequested(knob=name, value=value, epoch=2))
    return run


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120, 200])
def test_the_pending_learning_rate_is_never_dropped(width: int) -> None:
    row = knob_row(frame(five_pending()), width)
    assert "lr 1e-3 → 3e-4" in text_of(row)
    assert width_of(row) < width


def test_with_room_each_pending_change_says_from_when() -> None:
    assert "lr 1e-3 → 3e-4 from epoch 2 · dropout 0.3 → 0.5 from epoch 2" in text_of(
        knob_row(frame(five_pending()), 200)
    )


def test_where_that_does_not_fit_the_epochs_are_left_out_before_a_change_is() -> None:
    said = text_of(knob_row(frame(five_pending()), 120))
    changes = ("lr 1e-3 → 3e-4", "dropout 0.3 → 0.5", "L2 1e-4 → 1e-3", "batch 64 → 128", "epochs 10 → 12")
    assert not [change for change in changes if change not in said]
    assert "from epoch" not in said


@pytest.mark.parametrize(
    ("run", "seen", "kind"),
    [
        (FakeRun().begin(), {"viewer": True}, "(attached)"),
        (FakeRun().begin(), {"viewer": True, "read_only": True}, "(read-only)"),
        (FakeRun().begin().ended(), {"viewer": True, "read_only": True}, "(recorded)"),
    ],
)
@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_long_name_does_not_hide_what_kind_of_view_this_is(
    run: FakeRun, seen: dict[str, Any], kind: str, width: int
) -> None:
    row = state_row(frame(run, name="a-very-long-name-of-a-run-that-somebody-gave-it", **seen), width)
    assert kind in text_of(row)
    assert width_of(row) < width


def test_the_name_of_a_run_is_whole_at_120_columns() -> None:
    row = state_row(frame(FakeRun().begin(), name="breast-cancer-2026-11-28-1", viewer=True), 120)
    assert "fitmon · breast-cancer-2026-11-28-1" in text_of(row)


def test_after_a_stop_the_epochs_that_were_completed_are_counted() -> None:
    run = FakeRun().begin().epochs(7).ended(completed=False, reason="stopped by the user")
    assert "epoch 7/10" in text_of(state_row(frame(run), 120))
