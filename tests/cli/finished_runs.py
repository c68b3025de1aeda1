"""Finished runs that tests copy, so that each does not have to train one of its own."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from fitmon.cli.main import main
from fitmon.engine import events
from fitmon.engine.runs.journal_reader import read_journal
from fitmon.engine.runs.run_folder import RunFolder

# Validated with one class that is not trained on, so that the first epoch is the best.
JOB = "iris --split last --dropout 0.1 --units 4 --batch-size 60 --learning-rate 0.05"


@dataclass(frozen=True)
class FinishedRun:
    """A run whose folder is only read."""

    folder: RunFolder

    @property
    def events(self) -> list[events.Event]:
        entries = read_journal(self.folder.journal_path)
        return [entry for entry in entries if isinstance(entry, events.Event)]

    @property
    def metrics(self) -> dict[int, dict[str, float]]:
        return {event.epoch: dict(event.metrics) for event in self.events if isinstance(event, events.EpochEnded)}

    def copied_to(self, root: Path, name: str) -> RunFolder:
        """Return a copy of the run in the folder of all runs."""
        shutil.copytree(self.folder.path, root / name)
        return RunFolder(root / name)


def trained(root: Path, name: str, options: str) -> FinishedRun:
    """Train a run and return it."""
    assert main(f"{JOB} {options} --json --name {name} --run-dir {root}".split()) == 0
    return FinishedRun(RunFolder(root / name))
