"""Rebuilds the record of a run from its journal, as if each event had been applied when it happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.record.record import RunRecord
from fitmon.engine.runs.journal_line import CommandReceived, JournalOpened
from fitmon.engine.runs.journal_reader import JournalProblem, read_journal

if TYPE_CHECKING:
    from fitmon.engine.runs.run_folder import RunFolder


@dataclass(slots=True)
class ReplayedJournal:
    """What a journal says of its run."""

    record: RunRecord = field(default_factory=RunRecord)
    started: events.RunStarted | None = None
    """How the last process started; None: none got that far."""
    requested: list[events.KnobRequested] = field(default_factory=list)
    """Changes accepted in the current branch and not withdrawn, in order; many have taken effect since."""
    problems: list[JournalProblem] = field(default_factory=list)
    """What is wrong with the journal, and where."""

    def apply(self, event: events.Event) -> None:
        """Add one event."""
        self.record.apply(event)
        match event:
            case events.RunStarted():
                self.started = event
            case events.KnobRequested():
                self.requested.append(event)
            case events.KnobRefused(epoch=int() as epoch):
                refused = event.knob, epoch
                self.requested = [each for each in self.requested if (each.knob, each.epoch) != refused]
            case events.BranchStarted():
                self.requested = []


def replay_journal(folder: RunFolder) -> ReplayedJournal:
    """Return what the journal of a run says; raises DataError when it cannot be read at all."""
    replayed = ReplayedJournal()
    for entry in read_journal(folder.journal_path):
        match entry:
            case JournalProblem():
                replayed.problems.append(entry)
            case CommandReceived() | JournalOpened():
                pass
            case _:
                replayed.apply(entry)
    return replayed
