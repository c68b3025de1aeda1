"""The folder of one run, and the paths of what is in it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fitmon.engine import events
from fitmon.engine.errors import DiskError
from fitmon.engine.runs.description import RunDescription, read_description, write_description
from fitmon.engine.runs.journal_reader import last_ending


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run on disk."""

    path: Path

    @property
    def name(self) -> str:
        """The name of the run."""
        return self.path.name

    @property
    def description_path(self) -> Path:
        """What the run was started with."""
        return self.path / "run.json"

    @property
    def journal_path(self) -> Path:
        """What happened, one entry per line."""
        return self.path / "journal.jsonl"

    @property
    def lock_path(self) -> Path:
        """Which process owns the run."""
        return self.path / "lock"

    @property
    def socket_path(self) -> Path:
        """Where viewers connect while the run trains."""
        return self.path / "socket"

    @property
    def log_path(self) -> Path:
        """What TensorFlow and the model print."""
        return self.path / "log.txt"

    @property
    def checkpoints_path(self) -> Path:
        """The folder of the checkpoints."""
        return self.path / "checkpoints"

    def branch_path(self, branch: int) -> Path:
        """The folder of a branch's checkpoints."""
        return self.checkpoints_path / f"branch-{branch}"

    def branch_numbers(self) -> list[int]:
        """Return the numbers of the branches with checkpoints, ascending."""
        names = [path.name.removeprefix("branch-") for path in self.checkpoints_path.glob("branch-*")]
        return sorted(int(name) for name in names if name.isdecimal())

    def exists(self) -> bool:
        """Return whether there is a run with a description."""
        try:
            return self.description_path.is_file()
        except OSError:
            # Such as a name that is too long, or a folder without permission.
            return False

    def description(self) -> RunDescription:
        """Read what the run was started with; raises DataError when it is missing or damaged."""
        return read_description(self.description_path)

    def describe(self, description: RunDescription) -> None:
        """Replace the description; raises DiskError, and then the previous one is unchanged."""
        try:
            write_description(self.description_path, description)
        except OSError as error:
            raise DiskError(
                f"{self.description_path} could not be written ({error.strerror or error}). "
                "Free space or fix permissions."
            ) from error

    def changed(self) -> float:
        """Return when the journal or the description was last written, in seconds since 1970."""
        latest = 0.0
        for path in (self.journal_path, self.description_path):
            with suppress(OSError):
                latest = max(latest, path.stat().st_mtime)
        return latest

    def finished(self) -> bool:
        """Return whether all epochs are trained; a run that was stopped, failed or killed can be resumed."""
        ending = last_ending(self.journal_path)
        return isinstance(ending, events.RunEnded) and ending.completed
