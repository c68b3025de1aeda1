"""Finds the checkpoints of a run on disk, whether or not a process trains it."""

from __future__ import annotations

from pathlib import Path

from fitmon.engine.checkpoints.checkpoint import read_checkpoint, stored_checkpoints
from fitmon.engine.checkpoints.state import TrainingState
from fitmon.engine.errors import DataError
from fitmon.engine.runs.run_folder import RunFolder


def kept_epochs(folder: RunFolder) -> dict[int, dict[int, Path]]:
    """Return, by branch, the epochs with a checkpoint at their end and its file."""
    return {
        branch: {
            stored.epochs_done: stored.path
            for stored in stored_checkpoints(folder.branch_path(branch))
            if not stored.step
        }
        for branch in folder.branch_numbers()
    }


def latest_state(folder: RunFolder, branch: int) -> tuple[TrainingState | None, list[str]]:
    """Return the newest readable state of a branch, and why newer ones cannot be read; None: there is none."""
    path = folder.branch_path(branch)
    damaged: list[str] = []
    for stored in reversed(stored_checkpoints(path) if path.is_dir() else []):
        try:
            return read_checkpoint(stored.path), damaged
        except DataError as error:
            damaged.append(str(error))
    return None, damaged
