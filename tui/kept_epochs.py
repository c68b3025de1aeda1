"""Which epochs have a checkpoint, asked only as often as the answer may be new: it is read from the disk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from fitmon.tui.options import RewindOptions

if TYPE_CHECKING:
    from fitmon.engine.record.snapshot import Snapshot

MIN_SECONDS = 1.0
"""Between two questions."""


class KeptEpochs:
    """The epochs that a suggested fix can rewind to."""

    def __init__(self, options: RewindOptions) -> None:
        """Ask nothing yet."""
        self._options = options
        self._kept: Mapping[int, Collection[int]] | None = None
        self._ask_at = 0.0

    def at(self, now_seconds: float, snapshot: Snapshot) -> Mapping[int, Collection[int]] | None:
        """Return the epochs with a checkpoint, by branch; None: unknown, or no finding suggests a rewind.

        Args:
            now_seconds: Since any fixed moment.
            snapshot: Of the run.
        """
        remedies = [remedy for finding in snapshot.findings for remedy in finding.remedies]
        if not any(remedy.rewind_to is not None or (snapshot.over and remedy.changes) for remedy in remedies):
            return None
        if self._kept is None or now_seconds >= self._ask_at:
            self._kept, self._ask_at = self.now(), now_seconds + MIN_SECONDS
        return self._kept

    def now(self) -> Mapping[int, Collection[int]] | None:
        """Return the same at this moment, whatever the findings suggest."""
        try:
            return self._options.kept_epochs()
        except OSError:
            # Somebody may have deleted the folder of the run.
            return {}
