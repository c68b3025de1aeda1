"""A run told again from its journal: the record as it would be had the events been heard as they came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.record.record import RunRecord
from fitmon.engine.runs.journal_reader import Entry, Problem, read_journal

if TYPE_CHECKING:
    from fitmon.engine.runs.run_folder import RunFolder


@dataclass(slots=True)
class ReplayedJournal:
    """What a journal tells."""

    record: RunRecord = field(default_factory=RunRecord)
    started: events.RunStarted | None = None
    """How the last process began; None when none came so far."""
    asked: list[events.KnobAsked] = field(default_factory=list)
    """Changes of the branch under way that were accepted and not taken back, in order; many have taken hold since."""
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with the journal, and where."""

    def hear(self, event: events.Event) -> None:
        """Take one event into account."""
        self.record.apply(event)
        match event:
            case events.RunStarted():
                self.started = event
            case events.KnobAsked():
                self.asked.append(event)
            case events.KnobRefused(epoch=int() as epoch):
                self.asked = [asked for asked in self.asked if (asked.knob, asked.epoch) != (event.knob, epoch)]
            case events.BranchStarted():
                self.asked = []


def replay_journal(folder: RunFolder) -> ReplayedJournal:
    """Return what the journal of a run tells; raises DataError when it cannot be read at all."""
    replayed = ReplayedJournal()
    for told in read_journal(folder.journal_path):
        if isinstance(told, Problem):
            replayed.problems.append(told)
        elif isinstance(told, Entry) and told.event is not None:
            replayed.hear(told.event)
    return replayed
