"""Public cases with an established cause, trained here: what must be found, by when, and what must not be said."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from fitmon.engine import events
from fitmon.engine.commands import Resume
from fitmon.engine.diagnosis.rules import RULES
from fitmon.engine.finding import Finding
from fitmon.engine.job import Job, Settings, TrainingData
from tests.engine.watching import Watched

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore:You are using a softmax over axis -1")]

CASES = Path(__file__).parents[4] / "shared" / "cases"
NOTE = 0.5
"""Weight times confidence below which a finding is a note, not an alarm."""
GOOD_NEWS = {"learning_well", "good_fit", "too_early", "undecided"}
WEIGHTS = {rule.name: rule.weight for rule in RULES}
BLAMES = frozenset({"overfitting", "memorizing", "suspected_labels", "learning_rate_too_high", "learning_rate_too_low"})


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is expected of a file."""

    finding: str = ""
    """The cause, the strongest finding; empty: the run is healthy."""
    by: int = 1
    """The epoch by which it is found; 0: before the first."""
    says: tuple[str, ...] = ()
    """Parts of its sentence at the end of the run."""
    others: frozenset[str] = frozenset()
    """Findings that are there too at the end."""
    forbidden: frozenset[str] = frozenset()
    """Findings that must not be made after any epoch."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Fields of the training data that the file's `fit` call has."""


EXPECTED = {
    "batchnorm_lags": Case(
        finding="inference_differs",
        says=("training mode", "inference mode", "2 BatchNormalization layers", "momentum 0.99"),
        forbidden=BLAMES | {"learning_well", "validation_looks_better", "unbalanced"},
    ),
    "class_weights": Case(
        options={"class_weight": {0: 1.0, 1: 9.0}},
        others=frozenset({"weighted_loss"}),
        forbidden=BLAMES | {"validation_looks_better"},
    ),
    "huge_targets": Case(
        finding="unscaled_targets",
        by=0,
        says=("standard deviation 2.79e+07",),
        others=frozenset({"worse_than_guessing"}),
        forbidden=BLAMES | {"validation_looks_better", "learning_well"},
    ),
    "rare_labels": Case(
        finding="rare_labels",
        by=0,
        says=("40 of 40 labels", "binary accuracy of 0.96"),
        forbidden=BLAMES | {"not_learning"},
    ),
    "segmentation": Case(forbidden=BLAMES | {"not_learning", "class_missing", "constant_features"}),
    "softmax_over_one_unit": Case(
        finding="output_mismatch", by=0, says=("Softmax over one output",), forbidden=BLAMES | {"duplicates"}
    ),
    "sorted_stream": Case(
        finding="sorted_labels",
        says=("sorted by label", "of all pairs"),
        others=frozenset({"checks_not_run"}),
        forbidden=BLAMES,
    ),
    "targets_outside_0_1": Case(
        finding="targets_out_of_range",
        by=0,
        says=("from 0 to 1", "from 0 to 16"),
        forbidden=BLAMES | {"learning_well", "good_fit", "plateau", "undecided", "not_learning"},
    ),
    "unscaled_regression": Case(
        finding="unscaled_features",
        by=0,
        says=("standard deviations of features reach 419",),
        others=frozenset({"non_finite_loss"}),
        forbidden=BLAMES,
    ),
    "validation_scaled_differently": Case(
        finding="validation_differs",
        by=0,
        says=("from 0 to 1 in training", "from -128 to 128 in validation", "standard deviation 0.381 and 96.4"),
        others=frozenset({"worse_than_guessing"}),
        forbidden=BLAMES | {"undecided", "validation_too_small"},
    ),
    "vanishing_gradient": Case(
        finding="vanishing_gradients",
        by=4,
        says=("dense_5", "5 sigmoid layers"),
        forbidden=BLAMES | {"learning_well"},
    ),
}


def strength(finding: Finding) -> float:
    return WEIGHTS.get(finding.name, 0.0) * finding.confidence


def found_by_epoch(name: str, case: Case) -> list[tuple[Finding, ...]]:
    """Train a file as its `fit` call does; return the findings before the first epoch and after each."""
    if not CASES.is_dir():
        reason = f"There are no public cases at {CASES}."
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    module = _module(CASES / f"{name}.py")

    def load(*_: Any) -> TrainingData:
        parts = module.load_data()
        names = ("x", "x_validation") if len(parts) == 2 else ("x", "y", "x_validation", "y_validation")
        return TrainingData(**dict(zip(names, parts, strict=True)), **case.options)

    settings = Settings(
        epochs=module.EPOCHS, batch_size=getattr(module, "BATCH", 32), learning_rate=module.LR, units=()
    )
    job = Job(name=name, settings=settings, load=load, build=lambda *_: module.build_model())
    watched = Watched(job)
    # A NaN loss pauses the run.
    watched.on(events.RunPaused, lambda _: watched.session.send(Resume())).run()
    ends = watched.all(events.EpochEnded)
    assert len(ends) == module.EPOCHS
    return [watched.one(events.RunStarted).findings or (), *(event.findings or () for event in ends)]


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", EXPECTED)
def test_a_public_case_gets_its_cause_and_nothing_that_misleads(name: str) -> None:
    case = EXPECTED[name]
    by_epoch = found_by_epoch(name, case)
    said = {finding.name for found in by_epoch for finding in found}
    assert not said & case.forbidden
    at_the_end = {finding.name: finding for finding in by_epoch[-1]}
    assert case.others <= at_the_end.keys()
    if not case.finding:
        alarms = [each for found in by_epoch for each in found if strength(each) >= NOTE and each.name not in GOOD_NEWS]
        assert not alarms
        return
    assert all(found[0].name == case.finding for found in by_epoch[case.by :]), "it stays the strongest"
    for part in case.says:
        assert part in at_the_end[case.finding].sentence
    others = [finding for finding in by_epoch[-1][1:] if finding.name in {"not_learning", "worse_than_guessing"}]
    assert not any(finding.remedies for finding in others), "remedies come from the cause alone"


def test_every_public_case_has_its_expectation() -> None:
    if CASES.is_dir():
        assert {path.stem for path in CASES.glob("*.py")} == EXPECTED.keys()
