"""Every kind of state that a run can have is restored by a resume after SIGKILL."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.training.kept_training import KILLED, Kill, Process, new_run, outcome, train
from tests.engine.training.small_runs import FIRST, RUNS

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", [name for name in RUNS if name != FIRST])
def test_every_kind_of_state_is_restored(name: str, tmp_path: Path) -> None:
    """Schedules, dropout raised from 0, loss scales, bfloat16, optimizers of the step's own, knobs in the journal."""
    straight, killed = new_run(tmp_path / "straight", name), new_run(tmp_path / "killed", name)
    assert train(straight) == 0
    assert train(killed, Process(kill=Kill("EpochEnded", 3))) == KILLED
    assert train(killed) == 0
    assert outcome(killed) == outcome(straight)
