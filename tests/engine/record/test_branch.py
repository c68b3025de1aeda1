"""Which epochs led to a branch, which did not, and the knobs of each."""

from __future__ import annotations

import pytest

from fitmon.engine.events import KnobApplied
from fitmon.engine.record.branch import Branch, Stretch, other_stretches, path_to
from fitmon.engine.record.series import Series, empty_curve


def _branch(number: int, parent: int | None, from_epoch: int, epochs_done: int) -> Branch:
    return Branch(
        number=number,
        parent=parent,
        from_epoch=from_epoch,
        epochs_done=epochs_done,
        metrics={},
        best=None,
        knobs={},
        receipts=(),
    )


FIRST = _branch(1, None, 0, 8)
SECOND = _branch(2, 1, 3, 7)
THIRD = _branch(3, 2, 5, 9)


def _told(stretches: list[Stretch]) -> list[tuple[int, int, int]]:
    return [(stretch.branch.number, stretch.epochs[0], stretch.epochs[-1]) for stretch in stretches]


@pytest.mark.parametrize(
    ("branch", "left", "way", "rest"),
    [
        pytest.param(FIRST, (), [(1, 0, 8)], [], id="one branch alone"),
        pytest.param(_branch(1, None, 0, 0), (), [(1, 0, 0)], [], id="nothing but the model before training"),
        pytest.param(SECOND, (FIRST,), [(2, 4, 7), (1, 0, 3)], [(1, 4, 8)], id="a branch of the first"),
        pytest.param(
            THIRD, (FIRST, SECOND), [(3, 6, 9), (2, 4, 5), (1, 0, 3)], [(2, 6, 7), (1, 4, 8)], id="a branch of a branch"
        ),
        pytest.param(
            _branch(3, 1, 5, 6), (FIRST, SECOND), [(3, 6, 6), (1, 0, 5)], [(2, 4, 7), (1, 6, 8)], id="back to the first"
        ),
        pytest.param(
            _branch(2, 1, 8, 8), (FIRST,), [(1, 0, 8)], [], id="nothing trained yet, no epoch of another branch"
        ),
        pytest.param(_branch(2, 1, 0, 2), (FIRST,), [(2, 1, 2), (1, 0, 0)], [(1, 1, 8)], id="from the very start"),
        pytest.param(_branch(9, 5, 2, 3), (FIRST,), [(9, 3, 3)], [(1, 0, 8)], id="an unknown parent"),
        pytest.param(_branch(2, 2, 1, 3), (FIRST, _branch(2, 2, 1, 3)), [(2, 2, 3)], [(1, 0, 8)], id="its own parent"),
    ],
)
def test_every_epoch_belongs_to_the_branch_or_to_another_one(
    branch: Branch, left: tuple[Branch, ...], way: list[tuple[int, int, int]], rest: list[tuple[int, int, int]]
) -> None:
    assert _told(path_to(branch, left)) == way
    assert _told(other_stretches(branch, left)) == rest


def test_the_knobs_of_an_epoch_follow_from_the_receipts_until_then() -> None:
    def receipt(value: float, previous: float, epoch: int) -> KnobApplied:
        return KnobApplied(knob="dropout", requested=value, value=value, previous=previous, epoch=epoch, step=1)

    branch = Branch(
        number=1,
        parent=None,
        from_epoch=0,
        epochs_done=9,
        metrics={},
        best=None,
        knobs={"dropout": 0.7, "l2": 0.0},
        receipts=(receipt(0.5, 0.3, 3), receipt(0.7, 0.5, 6)),
    )
    told = {epoch: branch.knobs_at(epoch)["dropout"] for epoch in (0, 2, 3, 5, 6, 9)}
    assert told == {0: 0.3, 2: 0.3, 3: 0.5, 5: 0.5, 6: 0.7, 9: 0.7}
    assert branch.knobs_at(1)["l2"] == 0.0


@pytest.mark.parametrize(("epoch", "kept"), [(0, 0), (1, 1), (70, 70), (200, 100), (2.5, 2)])
def test_a_series_that_starts_as_a_copy_grows_independently(epoch: float, kept: int) -> None:
    whole = Series()
    for at in range(1, 101):
        whole.append(at, at / 10)
    part = Series.until(whole.curve(), epoch)
    part.append(500, -1.0)
    assert part.curve().epochs.tolist() == [*range(1, kept + 1), 500]
    assert whole.curve().epochs.tolist() == list(range(1, 101))
    assert len(Series.until(empty_curve(), epoch).curve()) == 0
