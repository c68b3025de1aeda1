"""Lists all runs with their state and best epoch, in a thread of its own."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fitmon.engine.errors import DataError
from fitmon.engine.runs.best_epoch import best_epoch
from fitmon.engine.runs.run_status import RunStatus, run_status

if TYPE_CHECKING:
    from fitmon.engine.record.branch import BestEpoch
    from fitmon.engine.runs.run_folder import RunFolder
    from fitmon.engine.runs.runs import Runs


@dataclass(frozen=True, slots=True)
class ListedRun:
    """A run in the list."""

    folder: RunFolder
    status: RunStatus
    best: BestEpoch | None
    """Among all its branches; None while there is none."""


class RunListing:
    """All runs, newest first, as they are found."""

    def __init__(self, runs: Runs) -> None:
        """Read nothing yet."""
        self.complete = False
        """Whether all runs are listed."""
        self._runs = runs
        self._listed: tuple[ListedRun, ...] = ()
        self._closed = threading.Event()

    def start(self) -> None:
        """Start reading; call it once."""
        threading.Thread(target=self._read, name="fitmon runs", daemon=True).start()

    def listed(self) -> tuple[ListedRun, ...]:
        """Return the runs listed so far, newest first; never waits."""
        return self._listed

    def close(self) -> None:
        """Stop reading."""
        self._closed.set()

    def _read(self) -> None:
        with suppress(DataError):
            for folder in self._runs.newest_first():
                if self._closed.is_set():
                    return
                listed = ListedRun(folder, run_status(folder), best_epoch(folder.journal_path))
                self._listed = (*self._listed, listed)
        self.complete = True
