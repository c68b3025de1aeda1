"""Every kind of state that a run can have is restored by a resume after SIGKILL."""

from __future__ import annotations

from pathlib import Path

import pytest

from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.training.kept_training import KILLED, Kill, Process, new_run, outcome, train, train_all
from tests.engine.training.small_runs import FIRST, RUNS

pytestmark = pytest.mark.slow

NAMES = [name for name in RUNS if name != FIRST]


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """Return a run of each kind that was not interrupted; one process trains them all."""
    folders = {name: new_run(tmp_path_factory.mktemp("straight"), name) for name in NAMES}
    assert train_all(list(folders.values())) == 0
    return folders


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_state_is_restored(name: str, straight: dict[str, RunFolder], tmp_path: Path) -> None:
    """Schedules, dropout raised from 0, loss scales, bfloat16, optimizers of the step's own, knobs in the journal."""
    killed = new_run(tmp_path, name)
    assert train(killed, Process(kill=Kill("EpochEnded", 3))) == KILLED
    assert train(killed) == 0
    assert outcome(killed) == outcome(straight[name])
