"""The outcome of a change is the loss before it and the loss some epochs later."""

from __future__ import annotations

import math

import pytest

from fitmon.engine.events import KnobApplied
from fitmon.engine.record.branch import Branch
from fitmon.engine.record.outcome import Outcome, outcomes_of
from fitmon.engine.record.series import Curve, Series


def _curve(values: dict[int, float]) -> Curve:
    series = Series()
    for epoch, value in values.items():
        series.append(epoch, value)
    return series.curve()


def _losses(*values: float) -> dict[int, float]:
    return dict(enumerate(values, start=1))


def _branch(
    val_loss: dict[int, float],
    *receipts: KnobApplied,
    number: int = 1,
    parent: int | None = None,
    from_epoch: int = 0,
    measured: dict[int, float] | None = None,
    because: str = "",
) -> Branch:
    return Branch(
        number=number,
        parent=parent,
        from_epoch=from_epoch,
        epochs_done=max(val_loss, default=from_epoch),
        metrics={"val_loss": _curve(val_loss)} if val_loss else {},
        best=None,
        knobs={},
        receipts=receipts,
        measures={} if measured is None else {"validation_loss": _curve(measured)},
        because=because,
    )


def _receipt(knob: str, epoch: int, value: float = 0.5, because: str = "") -> KnobApplied:
    return KnobApplied(knob=knob, requested=value, value=value, previous=0.3, epoch=epoch, step=1, because=because)


def _told(outcome: Outcome) -> tuple[float | None, float | None, int | None, bool]:
    return outcome.before, outcome.after, outcome.after_epoch, outcome.settled


@pytest.mark.parametrize(
    ("epochs_done", "told"),
    [
        pytest.param(3, (0.7, None, None, False), id="not one epoch yet"),
        pytest.param(4, (0.7, 0.6, 4, False), id="one epoch"),
        pytest.param(5, (0.7, 0.5, 5, False), id="two epochs"),
        pytest.param(6, (0.7, 0.4, 6, True), id="three epochs"),
        pytest.param(9, (0.7, 0.4, 6, True), id="later ones change nothing"),
    ],
)
def test_a_change_is_judged_by_the_third_epoch_trained_with_it(
    epochs_done: int, told: tuple[float | None, float | None, int | None, bool]
) -> None:
    values = _losses(0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)
    known = {epoch: value for epoch, value in values.items() if epoch <= epochs_done}
    (outcome,) = outcomes_of(_branch(known, _receipt("dropout", 4, because="overfitting")), ())
    assert _told(outcome) == told
    assert (outcome.what, outcome.requested, outcome.previous, outcome.value) == ("dropout", 0.5, 0.3, 0.5)
    assert (outcome.epoch, outcome.because, outcome.metric, outcome.against) == (4, "overfitting", "val_loss", None)


def test_the_change_is_how_much_the_loss_rose() -> None:
    (outcome,) = outcomes_of(_branch(_losses(0.9, 0.5), _receipt("dropout", 2)), ())
    assert outcome.change == pytest.approx(-0.4)


def test_a_change_in_the_first_epoch_has_no_loss_before() -> None:
    (outcome,) = outcomes_of(_branch(_losses(0.9, 0.5), _receipt("dropout", 1)), ())
    assert _told(outcome) == (None, 0.5, 2, False)
    assert outcome.change is None


def test_a_loss_of_nan_is_reported_as_it_is() -> None:
    (outcome,) = outcomes_of(_branch(_losses(0.9, math.nan), _receipt("learning_rate", 2)), ())
    assert outcome.after is not None
    assert math.isnan(outcome.after)


def test_the_loss_without_penalty_is_preferred_since_l2_itself_changes_the_other() -> None:
    branch = _branch(_losses(1.0, 9.0), _receipt("l2", 2), measured=_losses(0.8, 0.7))
    (outcome,) = outcomes_of(branch, ())
    assert (outcome.metric, outcome.before, outcome.after) == ("validation_loss", 0.8, 0.7)


def test_epochs_without_measures_are_compared_by_a_metric_that_both_have() -> None:
    branch = _branch(_losses(1.0, 0.9), _receipt("dropout", 2), measured={2: 0.7})
    (outcome,) = outcomes_of(branch, ())
    assert (outcome.metric, outcome.before, outcome.after) == ("val_loss", 1.0, 0.9)


def test_an_outcome_is_unknown_before_the_first_epoch_has_ended() -> None:
    (outcome,) = outcomes_of(_branch({}, _receipt("dropout", 1)), ())
    assert (outcome.metric, outcome.before, outcome.after, outcome.settled) == ("", None, None, False)


def test_a_rewind_is_compared_with_the_branch_before_it_at_equal_epochs() -> None:
    first = _branch(_losses(0.9, 0.8, 0.85, 0.9, 0.95, 1.0, 1.1))
    second = _branch(
        _losses(0.9, 0.8, 0.75, 0.7, 0.65, 0.6),
        _receipt("dropout", 3, because="overfitting"),
        number=2,
        parent=1,
        from_epoch=2,
        because="overfitting",
    )
    back, dropout = outcomes_of(second, (first,))
    assert (back.what, back.requested, back.previous, back.value, back.epoch) == ("rewind", 2, 7, 2, 3)
    assert _told(back) == _told(dropout) == (0.95, 0.65, 5, True)
    assert (back.against, dropout.against, back.because) == (1, 1, "overfitting")
    assert (back.together_with, dropout.together_with) == (("dropout",), ("rewind",))


def test_a_rewind_is_compared_at_the_last_epoch_of_both_branches() -> None:
    first = _branch(_losses(0.9, 0.8, 0.85))
    second = _branch(_losses(0.9, 0.8, 0.75, 0.7, 0.65), number=2, parent=1, from_epoch=2)
    (back,) = outcomes_of(second, (first,))
    assert _told(back) == (0.85, 0.75, 3, True)


def test_a_branch_from_the_last_epoch_is_compared_with_that_epoch() -> None:
    first = _branch(_losses(0.9, 0.8))
    second = _branch(_losses(0.9, 0.8, 0.7), _receipt("l2", 3), number=2, parent=1, from_epoch=2)
    for outcome in outcomes_of(second, (first,)):
        assert (outcome.against, *_told(outcome)) == (None, 0.8, 0.7, 3, False)


def test_a_later_change_in_a_branch_is_compared_with_the_previous_epoch() -> None:
    first = _branch(_losses(0.9, 0.8, 0.85, 0.9, 0.95))
    second = _branch(_losses(0.9, 0.7, 0.6, 0.5), _receipt("l2", 4), number=2, parent=1, from_epoch=1)
    later = outcomes_of(second, (first,))[-1]
    assert (later.what, later.against, *_told(later)) == ("l2", None, 0.6, 0.5, 4, False)


def test_a_branch_from_an_old_one_is_compared_with_the_one_before_the_rewind() -> None:
    first = _branch(_losses(0.9, 0.8, 0.7, 0.6))
    second = _branch(_losses(0.9, 0.8, 0.5, 0.4), number=2, parent=1, from_epoch=2)
    third = _branch(_losses(0.9, 0.3), number=3, parent=1, from_epoch=1)
    back = outcomes_of(third, (first, second))[-1]
    assert (back.branch, back.against, *_told(back)) == (3, 2, 0.8, 0.3, 2, False)


def test_an_inherited_change_is_listed_once_for_the_branch_that_trained_with_it() -> None:
    inherited = _receipt("dropout", 2)
    first = _branch(_losses(0.9, 0.8, 0.7, 0.6), inherited, _receipt("l2", 4))
    second = _branch(_losses(0.9, 0.8, 0.1, 0.1), inherited, number=2, parent=1, from_epoch=2)
    told = outcomes_of(second, (first,))
    assert [(o.what, o.branch, o.epoch, o.after) for o in told] == [
        ("dropout", 1, 2, 0.6),
        ("l2", 1, 4, 0.6),
        ("rewind", 2, 3, 0.1),
    ]


def test_changes_within_the_epochs_that_judge_another_are_named_with_it() -> None:
    branch = _branch(
        _losses(0.9, 0.8, 0.7, 0.6, 0.5, 0.4), _receipt("dropout", 2), _receipt("l2", 4), _receipt("l1", 5)
    )
    assert [o.together_with for o in outcomes_of(branch, ())] == [("l2",), ("l1",), ()]


def test_a_branch_of_unknown_origin_has_nothing_to_compare_with() -> None:
    (back,) = outcomes_of(_branch({3: 0.7}, number=2, parent=1, from_epoch=2), ())
    assert (back.previous, back.against, *_told(back)) == (None, None, None, 0.7, 3, False)
