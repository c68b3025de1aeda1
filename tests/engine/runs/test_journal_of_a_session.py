"""The journal of a real training contains its events."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from fitmon.engine import events
from fitmon.engine.commands import Command, Pause, PauseAt, Resume, SetKnob
from fitmon.engine.runs.journal import JournalWriter
from fitmon.engine.runs.journal_line import CommandReceived
from tests.engine.runs.made_up_journal import entries, journaled, problems, record_of
from tests.engine.watching import Watched, build_table_model, settings, table_job

pytestmark = pytest.mark.slow

COMMANDS: list[Command] = [
    SetKnob(knob="epochs", value=4),
    SetKnob(knob="dropout", value=0.5, epoch=2),
    SetKnob(knob="learning_rate", value=1e-3, epoch=3),
    SetKnob(knob="batch_size", value=32, epoch=2),
    SetKnob(knob="learning_rate_factor", value=0.5),
    Pause(at=PauseAt.EPOCH),
]


def test_the_record_of_a_training_can_be_rebuilt_from_its_journal(tmp_path: Path) -> None:
    journal = JournalWriter(tmp_path / "journal")
    for command in COMMANDS:
        journal.command(command, by="the command line")
    watched = Watched(table_job(build_table_model, settings(dropout=0.25, l2=0.01)), *COMMANDS)
    for kind in get_args(events.Event):
        watched.on(kind, journal.event)
    watched.on(events.RunPaused, lambda _: watched.session.send(Resume()))
    watched.run()
    journal.close()

    live = watched.session.snapshot()
    again = record_of(journaled(tmp_path / "journal")).snapshot()
    assert live.ending == events.RunEnded(reason="all epochs done", epochs_done=4, completed=True)
    assert len(live.receipts) == 4
    assert live.refusal is not None
    assert {name: curve.values.tobytes() for name, curve in again.metrics.items()} == {
        name: curve.values.tobytes() for name, curve in live.metrics.items()
    }
    for fact in ("ending", "receipts", "refusal", "knobs", "best", "started", "phase", "epoch", "seconds_per_epoch"):
        assert getattr(again, fact) == getattr(live, fact)
    commands = [entry.command for entry in entries(tmp_path / "journal") if isinstance(entry, CommandReceived)]
    assert commands == COMMANDS
    assert not problems(tmp_path / "journal")
