"""A run that is killed anywhere and resumed becomes, by hash, the run that was not killed."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from tests.engine.training.kept_training import EPOCHS, KILLED, Kill, Process, new_run, outcome, resumptions, train
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
def straight(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what the run becomes when it is not interrupted."""
    folder = new_run(tmp_path_factory.mktemp("straight"), FIRST)
    assert train(folder) == 0
    return outcome(folder)


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
