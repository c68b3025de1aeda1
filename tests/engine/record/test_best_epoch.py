"""Which epoch is the best: the one with the lowest data loss, whatever L1 and L2 were."""

from __future__ import annotations

import math

import msgspec
import pytest

from fitmon.engine import events
from fitmon.engine.measures import Measures
from fitmon.engine.progress import Progress
from fitmon.engine.record.branch import BestEpoch, best_of, better_of
from fitmon.engine.record.record import RunRecord
from fitmon.engine.record.series import Curve, Series

Epoch = tuple[float, float | None]
"""Validation loss, and the penalty in it; None: unknown."""

NOT_VALIDATED = -1.0
RAISED_L2: list[Epoch] = [(0.1187, 0.0), (0.1150, 0.0), (0.6, 0.46), (0.5771, 0.4657), (0.58, 0.4686)]
"""Data losses 0.1187, 0.115, 0.14, 0.1114, 0.1114: the screen review's run, in which "best" stayed at its start."""


def ended(epoch: int, val_loss: float, penalty: float | None = None) -> events.EpochEnded:
    metrics = {"loss": 1 / epoch} if val_loss == NOT_VALIDATED else {"loss": 1 / epoch, "val_loss": val_loss}
    measures = msgspec.UNSET if penalty is None else Measures(penalty=penalty)
    return events.EpochEnded(epoch=epoch, epochs=9, seconds=0.1, metrics=metrics, knobs={}, measures=measures)


def run(*epochs: Epoch) -> list[events.EpochEnded]:
    return [ended(epoch, *values) for epoch, values in enumerate(epochs, 1)]


def one_by_one(*told: events.EpochEnded) -> BestEpoch | None:
    best = None
    for event in told:
        best = better_of(best, event)
    return best


def curve(values: dict[int, float]) -> Curve:
    series = Series()
    for epoch, value in values.items():
        series.append(epoch, value)
    return series.curve()


@pytest.mark.parametrize(
    ("epochs", "expected", "why"),
    [
        (RAISED_L2, 4, "the lowest val_loss without its penalty, the first of two equals"),
        ([(0.3, 0.0), (0.2, 0.0), (0.25, 0.0)], 2, "without a penalty the lowest val_loss"),
        ([(0.3, None), (0.2, None), (0.25, None)], 2, "where no penalty is known, the lowest val_loss"),
        ([(0.5, 0.4), (0.2, 0.0), (0.15, 0.0)], 1, "lowering L2 does not make an epoch better either"),
        ([(0.5, None), (0.51, 0.4), (0.49, 0.4)], 3, "an unknown penalty is not taken for none"),
        ([(0.5, None), (0.49, 0.4), (0.6, 0.52)], 3, "of two known ones the data losses are compared"),
        ([(math.nan, 0.0), (0.4, 0.1), (math.inf, math.inf)], 2, "only a finite loss can be the best"),
        ([(0.4, 0.1), (0.3, math.nan)], 1, "and only a finite penalty"),
        ([(math.nan, None), (math.inf, None)], None, "no finite loss at all"),
        ([], None, "no epoch at all"),
        ([(NOT_VALIDATED, None), (NOT_VALIDATED, None)], 2, "without validation the lowest loss"),
    ],
)
def test_the_best_epoch_is_the_one_with_the_lowest_data_loss(
    epochs: list[Epoch], expected: int | None, why: str
) -> None:
    told = run(*epochs)
    best = one_by_one(*told)
    assert (best and best.epoch) == expected, why
    metrics = {
        name: curve({e.epoch: e.metrics[name] for e in told if name in e.metrics}) for name in ("loss", "val_loss")
    }
    penalties = curve({epoch: penalty for epoch, (_, penalty) in enumerate(epochs, 1) if penalty is not None})
    assert best_of({name: found for name, found in metrics.items() if len(found)}, {"penalty": penalties}) == best


def test_it_has_the_loss_that_keras_reports_and_the_penalty_in_it() -> None:
    best = one_by_one(*run(*RAISED_L2))
    assert best == BestEpoch(epoch=4, metric="val_loss", value=0.5771, penalty=0.4657)
    assert best.data_loss == pytest.approx(0.1114)
    assert BestEpoch(epoch=1, metric="val_loss", value=0.3).data_loss == 0.3


def test_a_record_has_the_same_best_epoch_and_finds_it_again_when_the_run_goes_back() -> None:
    record = RunRecord()
    for event in run(*RAISED_L2):
        record.apply(event)
    assert record.best is not None
    assert record.best.epoch == 4
    record.apply(events.BranchStarted(branch=2, parent=1, epoch=3, knobs={}))
    assert record.best.epoch == 2
    record.apply(ended(4, 0.57, 0.46))
    assert record.best.epoch == 4
    (left,) = record.snapshot().other_branches
    assert left.best is not None
    assert left.best.epoch == 4


def test_the_best_epoch_of_an_earlier_checkpoint_has_no_known_penalty() -> None:
    old = b'{"epochs_done":3,"best":{"epoch":2,"metric":"val_loss","value":0.5}}'
    progress = msgspec.json.decode(old, type=Progress)
    assert progress.best == BestEpoch(epoch=2, metric="val_loss", value=0.5)
    later = better_of(progress.best, ended(4, 0.51, 0.46))
    assert later == progress.best, "it would always win, were its penalty alone taken off"
