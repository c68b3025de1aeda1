"""Parts of a view share its height."""

from collections.abc import Sequence

import pytest

from fitmon.text.rows import Row, row, text_of
from fitmon.tui.drawing.threshold_blocks import Block, chosen, packed


def lines(letter: str, number: int) -> list[Row]:
    return [row(letter)] * number


FIRST = Block(rows=lines("a", 4), smaller=lines("a", 1), larger=(lines("a", 6),))
SECOND = Block(rows=lines("b", 2), larger=(lines("b", 3), lines("b", 5)))
NOTHING = Block(rows=())


def heights(forms: Sequence[Sequence[Row]]) -> list[int]:
    return [len(form) for form in forms]


@pytest.mark.parametrize(
    ("height", "expected", "why"),
    [
        (-1, [0, 0], "no room at all"),
        (0, [0, 0], "no room at all"),
        (1, [1, 0], "the smaller form of the first"),
        (3, [1, 2], "the smaller form leaves room for the second"),
        (4, [4, 0], "the first comes first"),
        (6, [4, 2], "both as usual"),
        (7, [4, 3], "room that is left goes to the last"),
        (9, [4, 5], "and again"),
        (11, [6, 5], "then to the first"),
        (90, [6, 5], "there is no larger form"),
    ],
)
def test_each_block_uses_the_largest_form_that_fits(height: int, expected: list[int], why: str) -> None:
    assert heights(chosen([FIRST, SECOND], height)) == expected, why


def test_a_block_without_rows_uses_no_space() -> None:
    assert heights(chosen([NOTHING, SECOND], 5)) == [0, 5]
    assert packed([(), lines("b", 1), ()], 9) == lines("b", 1)


def test_blocks_are_separated_only_if_all_of_them_can_be() -> None:
    forms = [lines("a", 1), lines("b", 1), lines("c", 1)]
    assert "".join(text_of(line) or "-" for line in packed(forms, 5)) == "a-b-c"
    assert "".join(text_of(line) or "-" for line in packed(forms, 4)) == "abc"
