"""What is compared: settings that differ, the best results, curves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fitmon.engine.runs.compared_runs import read_runs
from fitmon.engine.runs.comparison import (
    ComparedBranch,
    at_best,
    compared_branches,
    curve_of,
    differing,
    incomparable,
    lowest,
    metric_names,
    value_at,
)
from fitmon.engine.runs.run_folder import RunFolder
from tests.engine.runs.made_up_runs import FINISHED, begun, create, epoch, rewound, settings, trained


def _branches(*folders: RunFolder) -> list[ComparedBranch]:
    return compared_branches(read_runs(folders))


def test_only_settings_that_differ_are_named(tmp_path: Path) -> None:
    branches = _branches(
        trained(tmp_path, "one", [0.5, 0.4]), trained(tmp_path, "two", [0.5, 0.3], optimizer="sgd", units=(64, 32))
    )
    assert differing(branches) == ["units", "optimizer"]
    assert [branch.setting("units") for branch in branches] == [((512,),), ((64, 32),)]
    assert branches[0].setting("no such setting") == ()


def test_a_knob_that_changed_differs_from_one_that_did_not_and_has_both_values(tmp_path: Path) -> None:
    branches = _branches(trained(tmp_path, "plain", [0.5]), rewound(tmp_path, "rewound"))
    assert differing(branches) == ["learning_rate", "dropout"]
    plain, current, left = branches
    assert [branch.is_current for branch in branches] == [True, True, False]
    assert (current.setting("learning_rate"), current.setting("dropout")) == ((1e-3,), (0.0, 0.3))
    assert (left.setting("learning_rate"), left.setting("dropout")) == ((1e-3, 5e-4), (0.0,))
    assert plain.setting("dropout") == (0.0,)


def test_a_branch_that_was_left_has_only_the_epochs_of_its_own_and_the_one_before(tmp_path: Path) -> None:
    current, left = _branches(rewound(tmp_path, "rewound"))
    assert curve_of(current, "val_loss", data_loss=False).values.tolist() == [0.8, 0.4, 0.3]
    curve = curve_of(left, "val_loss", data_loss=False)
    assert (curve.epochs.tolist(), curve.values.tolist()) == ([2, 3], [0.4, 0.5])
    assert value_at(curve, 1) is None
    assert len(curve_of(left, "no such metric", data_loss=False)) == 0


def test_the_lowest_loss_is_found_and_the_metrics_at_it(tmp_path: Path) -> None:
    bad, good = _branches(trained(tmp_path, "bad", [0.5, math.nan, 0.4]), trained(tmp_path, "good", [0.6, 0.2, 0.9]))
    assert incomparable([bad, good]) == []
    assert lowest([bad, good]) is good
    assert at_best(good, "val_accuracy") == pytest.approx(0.95)
    assert lowest(_branches(create(tmp_path, "empty"))) is None


def test_losses_with_different_penalties_are_compared_without_them(tmp_path: Path) -> None:
    plain = create(tmp_path, "plain", begun(settings()), epoch(1, 0.5, penalty=0.0), FINISHED)
    strong = settings(l2=0.1)
    penalized = create(tmp_path, "penalized", begun(strong), epoch(1, 0.7, penalty=0.3), FINISHED, chosen=strong)
    branches = _branches(plain, penalized)
    best = lowest(branches)
    assert best is branches[1]
    assert curve_of(best, "val_loss", data_loss=True).values == pytest.approx([0.4])


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        pytest.param({"job": "iris"}, "job", id="another job"),
        pytest.param({"arguments": {"dataset": "wine"}}, "dataset", id="another data set"),
        pytest.param({"chosen": settings(l2=0.1)}, "penalty", id="penalties that were not measured"),
        pytest.param({"start": {"validation_samples": 500}}, "validation_samples", id="fewer validation samples"),
        pytest.param({"unvalidated": True}, "loss", id="nothing validated"),
    ],
)
def test_losses_that_cannot_be_compared_say_why_and_none_is_the_lowest(
    tmp_path: Path, other: dict[str, Any], reason: str
) -> None:
    first = create(tmp_path, "first", begun(settings()), epoch(1, 0.5), FINISHED, arguments={"dataset": "cancer"})
    chosen, start = other.pop("chosen", settings()), other.pop("start", {})
    ended = epoch(1, 0.1)
    if other.pop("unvalidated", False):
        ended = type(ended)(epoch=1, epochs=3, seconds=1.0, metrics={"loss": 0.1}, knobs={})
    given = {"arguments": {"dataset": "cancer"}, **other}
    second = create(tmp_path, "second", begun(chosen, **start), ended, FINISHED, chosen=chosen, **given)
    branches = _branches(first, second)
    assert incomparable(branches) == [reason]
    assert lowest(branches) is None


def test_metrics_are_named_with_the_loss_first_and_validation_before_training(tmp_path: Path) -> None:
    run = create(tmp_path, "run", begun(settings()), epoch(1, 0.5, mae=0.2, val_mae=0.3), FINISHED)
    assert metric_names(_branches(run)) == [
        *("val_loss", "loss", "val_accuracy", "accuracy", "val_mae", "mae"),
        "learning_rate",
    ]


def test_a_damaged_description_leaves_what_the_journal_says(tmp_path: Path) -> None:
    folder = trained(tmp_path, "run", [0.5, 0.4])
    folder.description_path.write_text("{")
    (branch,) = _branches(folder)
    assert branch.run.id is None
    assert branch.setting("parameters") == (50890,)
    assert branch.setting("optimizer") == ()
    assert np.array_equal(branch.branch.metrics["val_loss"].values, [0.5, 0.4])
