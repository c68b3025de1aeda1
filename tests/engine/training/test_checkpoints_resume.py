"""A run taken up again in a new process becomes, bit for bit, what it would have been without the interruption."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from fitmon.engine.checkpoints.checkpoint import stored_checkpoints, write_checkpoint
from tests.engine.training.small_runs import RUNS, Trained

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Both:
    """Hashes of all that a run has become, by its name: gone straight through, and taken up by another process."""

    straight: dict[str, dict[str, str]]
    taken_up: dict[str, dict[str, str]]
    folder: Path


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("runs")
    straight = {}
    for name, run in RUNS.items():
        (folder / name).mkdir()
        trained = Trained(run)
        for moment in run.leave_at:
            trained.train_to(*moment)
            write_checkpoint(folder / name, trained.capture())
        trained.train_to(3)
        straight[name] = trained.digests()
    command = [sys.executable, "-m", "tests.engine.training.resume_child", str(folder)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    told = subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return Both(straight, json.loads(told.stdout), folder)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_a_run_resumed_from_any_checkpoint_ends_like_an_uninterrupted_one(both: Both, name: str) -> None:
    """Weights, moments, seeds, averages, loss scale, metrics: inside epochs and between them, knobs turned or not."""
    checkpoints = stored_checkpoints(both.folder / name)
    assert [(stored.epochs_done, stored.step) for stored in checkpoints] == list(RUNS[name].leave_at)
    for stored in checkpoints:
        assert both.taken_up[f"{name} {stored.path.name}"] == both.straight[name]


@pytest.mark.slow
def test_taking_checkpoints_changes_nothing(both: Both) -> None:
    name = "attention, schedule"
    undisturbed = Trained(RUNS[name])
    undisturbed.train_to(3)
    assert undisturbed.digests() == both.straight[name]
