"""Branches are compared one row each: what differs, and what they reached."""

from __future__ import annotations

import math

import pytest
from rich.cells import cell_len

from fitmon.engine.values import KnobOffer
from fitmon.text.branch_table import BEST, PENALTIES_DIFFER, WIDTH, branch_table
from fitmon.text.format import NO_BREAK
from fitmon.text.summary import summary_lines
from tests.tui.fake_run import OFFERS, FakeRun, shown

KNOBS = tuple(KnobOffer(name=offer.name, value=offer.value or 0.3) for offer in OFFERS)
STORY: tuple[tuple[dict[str, float], float], ...] = (
    ({"dropout": 0.3}, 0.7),
    ({"dropout": 0.5}, 0.68),
    ({"dropout": 0.3, "l2": 0.01}, 0.71),
    ({"dropout": 0.3, "l1": 0.01}, 0.72),
)
"""Source 3's: what each branch was trained with, and the validation loss it came to."""


def told(offers: tuple[KnobOffer, ...] = KNOBS) -> FakeRun:
    run = FakeRun().begin(knobs=offers)
    plain = {offer.name: offer.value for offer in offers}
    for number, (knobs, val_loss) in enumerate(STORY, 1):
        if number > 1:
            run.branch(number, 1, 0)
        run.train(1, 3, val_loss=3 * val_loss, knobs={**plain, "l1": 0.0, "l2": 0.0, **knobs})
    return run


def lines(run: FakeRun, width: int = WIDTH) -> list[str]:
    return [line for line, _ in branch_table(run.snapshot(), width)]


def test_one_branch_is_compared_with_nothing() -> None:
    assert lines(FakeRun().begin().train(1, 3)) == []


def test_four_branches_are_four_rows_that_name_what_differs() -> None:
    assert lines(told()) == [
        "  branch from   dropout L1   L2   epochs best val_loss accuracy last",
        "  1      start  0.3     0    0    3      0.7000 at 3   0.4000   0.7000",
        "  2      0 of 1 0.5     0    0    3      0.6800 at 3   0.4000   0.6800",
        "  3      0 of 1 0.3     0    0.01 3      0.7100 at 3   0.4000   0.7100",
        "▸ 4      0 of 1 0.3     0.01 0    3      0.7200 at 3   0.4000   0.7200",
        PENALTIES_DIFFER,
    ]


def test_the_best_of_branches_with_equal_penalties_is_marked() -> None:
    run = FakeRun().begin().train(1, 2).branch(2, 1, 0)
    run.epoch_ended(1, None, loss=0.1, val_loss=0.01)
    assert [BEST in line for line in lines(run)] == [False, False, True]


def test_columns_have_a_wider_gap_if_there_is_room() -> None:
    assert lines(told(), 100)[0] == "  branch  from    dropout  L1    L2    epochs  best val_loss  accuracy  last"


@pytest.mark.parametrize("width", [10, 30, 36, 56, 76, 116])
def test_the_table_fits_every_width_and_drops_the_best_loss_last(width: int) -> None:
    table = lines(told(), width)
    assert len(table) == 6
    if width >= 30:
        assert max(map(cell_len, table)) <= width
        assert "best val_loss" in table[0]


def test_a_branch_that_reached_nothing_yet_has_dashes() -> None:
    run = FakeRun().begin().train(1, 2).branch(2, 1, 0)
    assert lines(run)[-1].split() == ["▸", "2", "0", "of", "1", "0", "–", "–", "–"]


def test_nan_losses_are_shown_as_such() -> None:
    run = FakeRun().begin().epoch_ended(1, None, loss=math.nan, val_loss=math.nan).branch(2, 1, 0)
    run.epoch_ended(1, None, loss=1.0, val_loss=2.0)
    assert [line.split()[-1] for line in lines(run)[1:]] == ["nan", "2.0000"]


def test_of_very_many_branches_the_newest_are_listed() -> None:
    run = FakeRun().begin().train(1, 2)
    for number in range(2, 31):
        run.branch(number, 1, 1).train(2, 2)
    table = lines(run)
    assert len(table) == 1 + 12 + 1
    assert table[-1] == "and 18 earlier branches"
    assert table[-2].startswith("▸ 30")


def test_the_summary_ends_with_the_table() -> None:
    run = told().ended()
    assert summary_lines(run.snapshot())[-6:] == lines(run)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
@pytest.mark.parametrize("over", [False, True])
async def test_view_7_shows_the_table_in_columns(size: tuple[int, int], over: bool) -> None:
    run = told().ended() if over else told()
    async with shown(run, size=size) as screen:
        await screen.press("7")
        wanted = [line.strip() for line in lines(run, size[0] - 4)]
        await screen.until(lambda: all(line in screen.text.replace(NO_BREAK, " ") for line in wanted))
