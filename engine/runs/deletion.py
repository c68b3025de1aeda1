"""Deletes runs: what fitmon wrote into their folders, and nothing else."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from typing import TYPE_CHECKING

from fitmon.engine.errors import DiskError
from fitmon.engine.runs.lock import RunLock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from fitmon.engine.runs.run_folder import RunFolder


def delete_runs(folders: Sequence[RunFolder]) -> list[Path]:
    """Delete runs; return the folders that still hold other files, such as an exported model, and are kept.

    Raises:
        RunInUseError: a process uses one of them; none is deleted.
        DiskError: a file cannot be deleted. The run can still be found, to delete it again.
    """
    with ExitStack() as locks:
        for folder in folders:
            locks.enter_context(RunLock(folder))
        return [folder.path for folder in folders if not _delete(folder)]


def size_of(folder: RunFolder) -> int:
    """Return how many bytes deleting a run would free."""
    return sum(path.lstat().st_size for path in _files(folder) if path.is_file() and not path.is_symlink())


def _delete(folder: RunFolder) -> bool:
    """Delete what fitmon wrote, the description last, because it makes the folder a run; return whether all is gone."""
    try:
        for path in (folder.journal_path, folder.log_path, folder.socket_path):
            path.unlink(missing_ok=True)
        if folder.checkpoints_path.is_dir() and not folder.checkpoints_path.is_symlink():
            shutil.rmtree(folder.checkpoints_path)
        for path in (folder.description_path, folder.lock_path):
            path.unlink(missing_ok=True)
    except OSError as error:
        raise DiskError(f"{folder.path} could not be deleted ({error.strerror or error}).") from error
    try:
        folder.path.rmdir()
    except OSError:
        return False
    return True


def _files(folder: RunFolder) -> Iterator[Path]:
    yield from (folder.journal_path, folder.log_path, folder.description_path)
    yield from folder.checkpoints_path.rglob("*")
