"""All runs of this user: where they are, creating a new one, and finding one."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from fitmon.engine import environment
from fitmon.engine.errors import DataError, DiskError, UsageError
from fitmon.engine.job import Settings
from fitmon.engine.runs.description import RunDescription, write_description
from fitmon.engine.runs.private_files import make_private_folder, make_private_folders, sync_folder
from fitmon.engine.runs.run_folder import RunFolder
from fitmon.engine.runs.run_name import check_run_name, dated_name, is_run_name


def state_folder() -> Path:
    """Return the default folder of runs, such as `~/.local/state/fitmon/runs`.

    Raises DiskError when this user has no home.
    """
    import platformdirs

    folder = Path(platformdirs.user_state_dir("fitmon", appauthor=False)) / "runs"
    if not folder.is_absolute():
        raise DiskError(
            "There is no folder for runs, because this user has no home. Set HOME, choose a folder with --run-dir, or "
            "run without one with --ephemeral."
        )
    return folder


class Runs:
    """The runs in one folder."""

    def __init__(self, root: Path | None = None, *, now: Callable[[], datetime] = datetime.now) -> None:
        """Read nothing yet.

        Args:
            root: the folder of the runs' folders; None: `state_folder()`, which may raise DiskError.
            now: the local time, with or without a time zone.
        """
        self.root = state_folder() if root is None else root.absolute()
        self._now = now

    def create(
        self,
        *,
        job: str,
        settings: Settings,
        name: str | None = None,
        arguments: Mapping[str, str | int | float | bool | None] | None = None,
    ) -> RunFolder:
        """Create the folder of a new run, with its description.

        Args:
            job: the name of the job.
            settings: what it starts with.
            name: the run's name; None: the job, the day and a number.
            arguments: see `RunDescription`.

        Raises:
            UsageError: the name is not valid, or taken.
            DiskError: the folder cannot be written; nothing is left behind.
        """
        checked = None if name is None else check_run_name(name)
        try:
            make_private_folders(self.root)
            folder = self._new_folder(job, checked)
            try:
                write_description(folder.description_path, self._description(job, settings, arguments or {}))
                sync_folder(self.root)
            except OSError:
                shutil.rmtree(folder.path, ignore_errors=True)
                raise
        except OSError as error:
            raise DiskError(
                f"No run can be created in {self.root} ({error.strerror or error}). Choose another folder with "
                "--run-dir, or run without one with --ephemeral."
            ) from error
        return folder

    def find(self, which: str | None = None) -> RunFolder:
        """Return a run.

        Args:
            which: its name, id or folder; None: the unfinished run that wrote its journal last.

        Raises:
            UsageError: there is none.
        """
        if which is None:
            return self._latest_unfinished()
        for folder in self._candidates(which):
            if folder.exists():
                return folder
        raise UsageError(f"There is no run {which!r} in {self.root}; `fitmon runs` lists them.")

    def newest_first(self) -> list[RunFolder]:
        """Return all runs, the most recent first; their descriptions may be damaged."""
        try:
            found = [RunFolder(path) for path in self.root.iterdir()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise DataError(f"The runs in {self.root} cannot be listed ({error.strerror or error}).") from error
        return sorted((folder for folder in found if folder.exists()), key=RunFolder.changed, reverse=True)

    def _latest_unfinished(self) -> RunFolder:
        for folder in self.newest_first():
            if not folder.finished():
                return folder
        raise UsageError(f"There is no unfinished run in {self.root}; `fitmon runs` lists all.")

    def _candidates(self, which: str) -> Iterator[RunFolder]:
        if is_run_name(which):
            yield RunFolder(self.root / which)
        yield RunFolder(Path(which).absolute())
        for folder in self.newest_first():
            with suppress(DataError):
                if folder.description().id == which:
                    yield folder

    def _new_folder(self, job: str, name: str | None) -> RunFolder:
        for number in count(1):
            folder = RunFolder(self.root / (name or dated_name(job, self._now().date(), number)))
            try:
                make_private_folder(folder.path)
                break
            except FileExistsError:
                if name is not None:
                    raise UsageError(
                        f"There is already a run called {name!r}. Choose another name, or resume that run with "
                        "`fitmon resume`."
                    ) from None
        return folder

    def _description(
        self, job: str, settings: Settings, arguments: Mapping[str, str | int | float | bool | None]
    ) -> RunDescription:
        return RunDescription(
            id=secrets.token_hex(4),
            job=job,
            settings=settings,
            arguments=dict(arguments),
            versions=environment.versions(),
            pid=os.getpid(),
            host=socket.gethostname(),
            started=self._now().astimezone(UTC),
        )
