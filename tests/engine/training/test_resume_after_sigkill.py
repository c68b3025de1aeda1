"""A run that is killed anywhere and resumed becomes, by hash, the run that was not killed.

What surrounds a run decides whether its resume is exact, and whether it can be written at all.
"""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from fitmon.engine import events
from fitmon.engine.checkpoints.find import kept_epochs
from fitmon.engine.runs.journal_reader import JournalProblem, read_journal
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.training.kept_training import (
    EPOCHS,
    INSIGHTS,
    KILLED,
    Kill,
    Process,
    new_run,
    outcome,
    resumptions,
    train,
)
from tests.engine.training.small_runs import FIRST

pytestmark = pytest.mark.slow

# Chunks grow from one step on: each of these ends one somewhere in the run.
KILLS = [
    Kill("ChunkEnded", 1, 1),
    Kill("EpochEnded", 1),
    Kill("ChunkEnded", 2),
    Kill("EpochEnded", 2),
    Kill("SamplesScored", 3),
    Kill("EpochEnded", 3),
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Return a run that was not interrupted."""
    folder = new_run(tmp_path_factory.mktemp("straight"), FIRST)
    assert train(folder) == 0
    return folder


@pytest.fixture(scope="module")
def straight(finished: RunFolder) -> dict[str, Any]:
    return outcome(finished)


@pytest.mark.parametrize("kills", [KILLS[::2], KILLS[1::2]], ids=["inside epochs", "at the ends of epochs"])
def test_a_run_killed_inside_epochs_or_at_their_ends_becomes_the_same_run(
    kills: list[Kill], straight: dict[str, Any], tmp_path: Path
) -> None:
    folder = new_run(tmp_path, FIRST)
    for kill in kills:
        assert train(folder, Process(kill=kill)) == KILLED, kill
    assert train(folder) == 0
    assert outcome(folder) == straight
    assert [(resumed.exact, resumed.reasons) for resumed in resumptions(folder)] == [(True, ())] * len(kills)


def test_a_run_killed_repeatedly_while_writing_checkpoints_becomes_the_same_run(
    straight: dict[str, Any], tmp_path: Path
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
    assert outcome(folder) == straight


def test_without_the_seeds_it_would_have_become_another_run(straight: dict[str, Any], tmp_path: Path) -> None:
    """A control: so that the tests above can fail. The run itself notices, and says so."""
    folder = new_run(tmp_path, FIRST)
    assert train(folder, Process(kill=Kill("EpochEnded", 2), forget=True)) == KILLED
    assert train(folder, Process(forget=True)) == 0
    assert outcome(folder) != straight
    (resumed,) = resumptions(folder)
    assert not resumed.exact
    assert resumed.reasons == ("a replayed chunk gave different numbers",)


def test_a_resume_on_another_number_of_threads_is_reported_as_not_exact(tmp_path: Path) -> None:
    folder = new_run(tmp_path, FIRST)
    assert train(folder, Process(kill=Kill("EpochEnded", 2))) == KILLED
    assert train(folder, Process(variables={"OMP_NUM_THREADS": "1"})) == 0
    (resumed,) = resumptions(folder)
    assert (resumed.exact, resumed.reasons) == (False, ("OMP_NUM_THREADS not set → 1",))


def test_checkpoints_of_all_epochs_are_readable_by_the_user_only(finished: RunFolder) -> None:
    folder = finished
    assert sorted(kept_epochs(folder)[1]) == list(range(EPOCHS + 1))
    files = [path for path in folder.path.rglob("*") if path.name not in {"outcome.json", INSIGHTS}]
    assert files
    assert {oct(path.stat().st_mode & 0o777) for path in files} <= {"0o600", "0o700"}


def test_on_a_full_disk_training_continues_and_old_checkpoints_stay(straight: dict[str, Any], tmp_path: Path) -> None:
    folder = new_run(tmp_path, FIRST)
    assert train(folder, Process(full_disk=(1, 3))) == 0
    told = list(read_journal(folder.journal_path))
    # That the disk is full finds no room on it; that there is room again does.
    assert [type(entry) for entry in told].count(events.CheckpointsResumed) == 1
    (lost,) = [problem for problem in told if isinstance(problem, JournalProblem)]
    assert "could not be written" in lost.message
    assert 0 in kept_epochs(folder)[1]
    assert EPOCHS in kept_epochs(folder)[1]
    assert outcome(folder)["model 0"] == straight["model 0"]
    assert train(folder) == 0, "what is on the disk can be resumed"
