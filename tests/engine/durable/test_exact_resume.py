"""A run that is killed anywhere and taken up again becomes, by hash, the run that nobody killed."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from fitmon.engine.durable.checkpoint import PARTIAL_NAME
from fitmon.engine.durable.keeper import kept_epochs

from .kept_training import EPOCHS, Kill, continued, new_run, outcome, train
from .small_runs import RUNS, STEPS

FIRST = next(iter(RUNS))
BOUNDARIES = [Kill("EpochEnded", epoch) for epoch in range(1, EPOCHS)]
# Chunks grow from one step on: each of these ends one somewhere in the run.
INSIDE = [Kill("ChunkEnded", 1, 1), Kill("ChunkEnded", 2), Kill("SamplesScored", 3)]
KILLED = -9


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What every run becomes when nobody interrupts it."""
    root = tmp_path_factory.mktemp("straight")
    outcomes = {}
    for name in RUNS:
        folder = new_run(root, name)
        assert train(folder) == 0
        outcomes[name] = outcome(folder)
    return outcomes


@pytest.mark.slow
@pytest.mark.parametrize("kill", [*BOUNDARIES, *INSIDE], ids=str)
def test_a_run_killed_at_an_epochs_end_or_inside_one_becomes_the_same_run(
    kill: Kill, straight: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    folder = new_run(tmp_path, FIRST)
    assert train(folder, kill=kill) == KILLED
    assert train(folder) == 0
    assert outcome(folder) == straight[FIRST]
    (taken_up,) = continued(folder)
    assert (taken_up.exact, taken_up.reasons) == (True, ())


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RUNS if name != FIRST])
def test_every_kind_of_state_is_taken_up(name: str, straight: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """Schedules, dropout raised from 0, loss scales, bfloat16, optimizers of the step's own, knobs in the journal."""
    folder = new_run(tmp_path, name)
    for epoch in (2, 3):
        assert train(folder, kill=Kill("EpochEnded", epoch, delay_seconds=0.02)) == KILLED
    assert train(folder) == 0
    assert outcome(folder) == straight[name]


@pytest.mark.slow
def test_a_run_killed_again_and_again_while_it_writes_checkpoints_becomes_the_same_run(
    straight: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    folder, delays = new_run(tmp_path, FIRST), random.Random(1)  # noqa: S311
    while_writing = 0
    for round_number in range(12):
        epoch = 1 + round_number % (EPOCHS - 1)
        code = train(folder, kill=Kill("EpochEnded", epoch, delay_seconds=delays.uniform(0, 0.012)))
        assert code in {0, KILLED}
        while_writing += any(folder.checkpoints_path.rglob(PARTIAL_NAME))
        if code == 0:
            break
    assert train(folder) == 0 or outcome(folder)
    assert outcome(folder) == straight[FIRST]


@pytest.mark.slow
def test_without_the_seeds_it_would_have_become_another_run(
    straight: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """A control: so that the tests above can fail. The run itself notices, and says so."""
    folder = new_run(tmp_path, FIRST)
    assert train(folder, kill=Kill("EpochEnded", 2), forget=True) == KILLED
    assert train(folder, forget=True) == 0
    assert outcome(folder) != straight[FIRST]
    (taken_up,) = continued(folder)
    assert not taken_up.exact
    assert taken_up.reasons == ("a chunk that was trained again gave other numbers",)


@pytest.mark.slow
def test_a_run_on_another_number_of_threads_says_that_it_is_not_exact(tmp_path: Path) -> None:
    folder = new_run(tmp_path, FIRST)
    assert train(folder, kill=Kill("EpochEnded", 2)) == KILLED
    assert train(folder, variables={"OMP_NUM_THREADS": "1"}) == 0
    (taken_up,) = continued(folder)
    assert (taken_up.exact, taken_up.reasons) == (False, ("OMP_NUM_THREADS not set → 1",))


@pytest.mark.slow
def test_checkpoints_of_all_epochs_are_there_for_the_user_alone(tmp_path: Path) -> None:
    folder = new_run(tmp_path, FIRST)
    assert train(folder) == 0
    assert sorted(kept_epochs(folder)[1]) == list(range(EPOCHS + 1))
    files = [path for path in folder.path.rglob("*") if path.name != "outcome.json"]
    assert files
    assert {oct(os.stat(path).st_mode & 0o777) for path in files} <= {"0o600", "0o700"}
    assert STEPS > 1
