"""The recorded collection, and how the diagnosis does on it."""

import pytest

from bench.collection.recipes import RECIPES
from bench.collection.recording import SEEDS, Answer, Recording, path_of, read_collection
from bench.collection.simulated import plateaus
from bench.diagnosis import Score, called_overfitting, groups, names_by_epoch, scores, together
from fitmon.engine.diagnosis.rules import RULES

pytestmark = pytest.mark.slow

MIN_RUNS = 60
MAX_BYTES = 2_000_000
FLOOR = 0.9
"""The aim is 0.95, which `make bench` reports: of the rarer findings a single run weighs more than the difference."""


@pytest.fixture(scope="module", params=SEEDS)
def collection(request: pytest.FixtureRequest) -> tuple[Recording, ...]:
    return read_collection(request.param)


@pytest.fixture(scope="module")
def measured() -> dict[str, Score]:
    return together(map(scores, groups().values()))


def test_the_collection_has_at_least_sixty_runs_and_is_small(collection: tuple[Recording, ...]) -> None:
    assert len(collection) >= MIN_RUNS
    assert sum(path_of(seed).stat().st_size for seed in SEEDS) <= MAX_BYTES


def test_what_was_recorded_is_what_the_script_makes(collection: tuple[Recording, ...]) -> None:
    assert [(run.name, run.made) for run in collection] == [(recipe.name, recipe.made) for recipe in RECIPES]


def test_every_epoch_of_every_run_can_be_diagnosed(collection: tuple[Recording, ...]) -> None:
    for run in collection:
        *_, last = run.evidence()
        assert last.epoch == run.epochs_done
        assert all(len(curve) == run.epochs_done for curve in last.curves.values())


@pytest.mark.parametrize("finding", [rule.name for rule in RULES])
def test_there_are_runs_with_and_runs_without_each_finding(finding: str) -> None:
    answers = [run.answer(finding) for runs in groups().values() for run in runs]
    assert answers.count(Answer.MUST_NOT) >= 10
    # After the first epoch it is too early for each run.
    assert finding == "too_early" or answers.count(Answer.MUST) >= 3


@pytest.mark.parametrize("finding", [rule.name for rule in RULES])
def test_a_finding_is_right_and_made_where_it_is_due(finding: str, measured: dict[str, Score]) -> None:
    score = measured[finding]
    assert score.precision >= FLOOR, f"wrong: {score.wrong}"
    assert score.recall >= FLOOR, f"missed: {score.missed}"


@pytest.mark.parametrize(
    ("run", "finding"),
    [("source 1", "overfitting"), ("source 2, file order", "class_missing"), ("source 3", "not_learning")],
)
def test_the_tutorials_runs_are_called_what_they_are(run: str, finding: str, collection: tuple[Recording, ...]) -> None:
    recording = next(recording for recording in collection if recording.name == run)
    assert finding in names_by_epoch(recording)[-1]


def test_no_plateau_of_pure_noise_is_called_overfitting_at_any_epoch() -> None:
    assert called_overfitting(plateaus(60)) == []
