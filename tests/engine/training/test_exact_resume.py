"""A run that is killed anywhere and taken up again becomes, by hash, the run that nobody killed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from fitmon.engine import events
from fitmon.engine.checkpoints.find import kept_epochs
from fitmon.engine.runs.journal_reader import JournalProblem, read_journal
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.training.kept_training import EPOCHS, INSIGHTS, Kill, Process, continued, new_run, outcome, train
from tests.engine.training.small_runs import RUNS

FIRST = next(iter(RUNS))
BOUNDARIES = [Kill("EpochEnded", epoch) for epoch in range(1, EPOCHS)]
# Chunks grow from one step on: each of these ends one somewhere in the run.
INSIDE = [Kill("ChunkEnded", 1, 1), Kill("ChunkEnded", 2), Kill("SamplesScored", 3)]
KILLED = -9


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """Return the runs as they are when nobody interrupts them."""
    root = tmp_path_factory.mktemp("straight")
    folders = {name: new_run(root, name) for name in RUNS}
    assert [train(folder) for folder in folders.values()] == [0] * len(RUNS)
    return folders


@pytest.fixture(scope="module")
def straight(folders: dict[str, RunFolder]) -> dict[str, dict[str, Any]]:
    """Return what they became."""
    return {name: outcome(folder) for name, folder in folders.items()}


@pytest.mark.slow
@pytest.mark.parametrize("kill", [*BOUNDARIES, *INSIDE], ids=str)
def test_a_run_killed_at_an_epochs_end_or_inside_one_becomes_the_same_run(
    kill: Kill, straight: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    folder = new_run(tmp_path, FIRST)
    assert train(folder, Process(kill=kill)) == KILLED
    assert train(folder) == 0
    assert outcome(folder) == straight[FIRST]
    (taken_up,) = continued(folder)
    assert (taken_up.exact, taken_up.reasons) == (True, ())


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in RUNS if name != FIRST])
def test_every_kind_of_state_is_taken_up(name: str, straight: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    """Schedules, dropout raised from 0, loss scales, bfloat16, optimizers of the step's own, knobs in the journal."""
    folder = new_run(tmp_path, name)
    assert train(folder, Process(kill=Kill("EpochEnded", 3))) == KILLED
    assert train(folder) == 0
    assert outcome(folder) == straight[name]


@pytest.mark.slow
def test_a_run_killed_again_and_again_while_it_writes_checkpoints_becomes_the_same_run(
    straight: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    folder, delays = new_run(tmp_path, FIRST), random.Random(1)  # noqa: S311
    for round_number in range(12):
        epoch = 1 + round_number % (EPOCHS - 1)
        code = train(folder, Process(kill=Kill("EpochEnded", epoch, delay_seconds=delays.uniform(0, 0.012))))
        assert code in {0, KILLED}
        if code == 0:
            break
    if code == KILLED:
        assert train(folder) == 0
    assert outcome(folder) == straight[FIRST]


@pytest.mark.slow
def test_without_the_seeds_it_would_have_become_another_run(
    straight: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    """A control: so that the tests above can fail. The run itself notices, and says so."""
    folder = new_run(tmp_path, FIRST)
    assert train(folder, Process(kill=Kill("EpochEnded", 2), forget=True)) == KILLED
    assert train(folder, Process(forget=True)) == 0
    assert outcome(folder) != straight[FIRST]
    (taken_up,) = continued(folder)
    assert not taken_up.exact
    assert taken_up.reasons == ("a replayed chunk gave different numbers",)


@pytest.mark.slow
def test_a_run_on_another_number_of_threads_says_that_it_is_not_exact(tmp_path: Path) -> None:
    folder = new_run(tmp_path, FIRST)
    assert train(folder, Process(kill=Kill("EpochEnded", 2))) == KILLED
    assert train(folder, Process(variables={"OMP_NUM_THREADS": "1"})) == 0
    (taken_up,) = continued(folder)
    assert (taken_up.exact, taken_up.reasons) == (False, ("OMP_NUM_THREADS not set → 1",))


@pytest.mark.slow
def test_checkpoints_of_all_epochs_are_there_for_the_user_alone(folders: dict[str, RunFolder]) -> None:
    folder = folders[FIRST]
    assert sorted(kept_epochs(folder)[1]) == list(range(EPOCHS + 1))
    files = [path for path in folder.path.rglob("*") if path.name not in {"outcome.json", INSIGHTS}]
    assert files
    assert {oct(path.stat().st_mode & 0o777) for path in files} <= {"0o600", "0o700"}


@pytest.mark.slow
def test_while_the_disk_is_full_the_training_goes_on_and_keeps_what_it_had(
    straight: dict[str, dict[str, Any]], tmp_path: Path
) -> None:
    folder = new_run(tmp_path, FIRST)
    assert train(folder, Process(full_disk=(1, 3))) == 0
    told = list(read_journal(folder.journal_path))
    # That the disk is full finds no room on it; that there is room again does.
    assert [type(entry) for entry in told].count(events.CheckpointsResumed) == 1
    (lost,) = [problem for problem in told if isinstance(problem, JournalProblem)]
    assert "could not be written" in lost.message
    assert 0 in kept_epochs(folder)[1]
    assert EPOCHS in kept_epochs(folder)[1]
    assert outcome(folder)["model 0"] == straight[FIRST]["model 0"]
    assert train(folder) == 0, "what is on the disk can be gone on from"
