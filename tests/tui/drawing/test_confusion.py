"""Who is taken for whom: counts in a matrix where it fits, in a list where it does not."""

import re
from dataclasses import replace

import numpy as np
import pytest

from fitmon.engine.insight.confusion import confusion_matrix
from fitmon.text.roles import Paint, Role
from fitmon.text.rows import Row, row, text_of, width_of
from fitmon.tui.drawing.confusion import Confusion, Pair, confusion_of, draw_confusion, fitting_grid, grids

AT = row(("at threshold 0.5", Role.STRONG))


def confusion(*pairs: tuple[int, int, int], classes: int, names: tuple[str, ...] = ()) -> Confusion:
    """Return the confusion of so many samples each: (true, answered, samples)."""
    true = np.repeat([pair[0] for pair in pairs], [pair[2] for pair in pairs]).astype(np.int32)
    answers = np.repeat([pair[1] for pair in pairs], [pair[2] for pair in pairs]).astype(np.int32)
    return confusion_of(true, answers, classes, names)


def drawn(seen: Confusion, width: int = 60, height: int = 14, at: Row = ()) -> list[str]:
    return [text_of(line) for line in draw_confusion(seen, at, "epoch 4", width, height)]


DIGITS = confusion((0, 0, 90), (0, 1, 1), (1, 1, 60), (1, 2, 40), (2, 2, 96), (2, 0, 3), (2, 1, 1), classes=3)


def test_rows_are_true_classes_and_columns_predictions() -> None:
    lines = drawn(DIGITS)
    assert "true ↓ predicted →" in lines[0] + lines[1]
    assert lines[1].split("│")[1].split()[-3:] == ["0", "1", "2"]
    assert lines[2].split("│")[1].split() == ["0", "[90]", "1", "."]
    assert lines[3].split("│")[1].split()[:3] == ["1", ".", "[60]"]


def test_correct_predictions_are_in_brackets_and_bold() -> None:
    rows = draw_confusion(DIGITS, (), "epoch 4", 60, 14)
    bold = [text.strip() for line in rows[2:5] for text, role in line if role is Role.STRONG]
    assert bold == ["[90]", "[60]", "[96]"]


def test_confusions_are_shaded_by_their_share_of_the_row_relative_to_the_largest() -> None:
    seen = confusion(
        (0, 0, 60), (0, 1, 40), (1, 1, 80), (1, 0, 20), (2, 2, 89), (2, 0, 11), (3, 3, 99), (3, 0, 1), classes=4
    )
    text = "\n".join(drawn(seen))
    assert "▓40▓" in text
    assert "▒20▒" in text
    assert "░11░" in text
    assert "1░" not in text.replace("░11░", "")
    assert re.search(r"░ 10%  ▒ 20%  ▓ 30%  or more of the row", "\n".join(drawn(seen, 70)))


def test_the_diagonal_of_a_good_model_does_not_drown_its_confusions() -> None:
    good = confusion((0, 0, 990), (0, 1, 10), (1, 1, 1000), (1, 0, 2), (2, 2, 1000), classes=3)
    assert "▓10▓" in "\n".join(drawn(good))
    rare = confusion((0, 0, 990), (0, 1, 10), (1, 1, 1000), (2, 0, 1), classes=3)
    assert "▓10▓" in "\n".join(drawn(rare)), "one sample of a class of one is no share to measure by"


def test_shades_are_background_colors_where_the_terminal_has_them() -> None:
    rows = draw_confusion(replace(DIGITS, paints=True), (), "epoch 4", 60, 14)
    heat = [(text.strip(), role.background) for line in rows[2:5] for text, role in line if isinstance(role, Paint)]
    assert [text for text, _ in heat] == ["40"]
    assert not re.search("[░▒▓]", "\n".join(map(text_of, rows)))


def test_columns_line_up_and_numbers_end_below_their_heading() -> None:
    wide = confusion((0, 0, 12345), (0, 1, 7), (1, 1, 1000), (1, 0, 999), classes=2, names=("no", "yes"))
    head, first, second = drawn(wide)[1:4]
    assert "[12,345]" in first
    assert head.index("no") + 2 == first.index("]") == second.index("999") + 3
    assert head.index("yes") + 3 == first.index("7") + 1 == second.index("]")


def test_the_title_names_the_threshold_for_two_classes() -> None:
    for width in (40, 60, 120):
        assert "at threshold 0.5" in drawn(DIGITS, width, at=AT)[0]


def test_names_too_long_for_headings_are_replaced_by_numbers_on_both_axes() -> None:
    named = confusion((0, 0, 5), (1, 2, 5), (2, 2, 5), classes=3, names=("T-shirt/top", "Trouser", "Ankle boot"))
    lines = drawn(named, 40)
    assert lines[1].split("│")[1].split()[-3:] == ["0", "1", "2"]
    assert "2 Ankle boot" in lines[4]


def test_escape_codes_in_names_are_removed_and_markup_is_not_interpreted() -> None:
    named = confusion((0, 1, 5), (1, 1, 5), classes=2, names=("\x1b[31mred\x1b]0;t\x07", "[bold]\nx"))
    text = "\n".join(drawn(named, 70))
    assert "\x1b" not in text
    assert "red" in text
    assert "[bold] x" in text


def test_the_most_frequent_confusions_are_listed_below_the_matrix_with_their_share() -> None:
    text = "\n".join(drawn(DIGITS, 60, 16))
    assert "1 → 2  40×    40.0% of all 1" in text
    assert "2 → 0   3×     3.0% of all 2" in text


def test_a_matrix_that_does_not_fit_is_replaced_by_the_list() -> None:
    many = confusion(*((place, place, 9) for place in range(30)), (4, 9, 31), classes=30)
    text = "\n".join(drawn(many, 60, 14))
    assert "most frequent confusions" in text
    assert "4 → 9  31×    77.5% of all 4" in text
    assert "[9]" not in text


def test_thousands_of_classes_have_no_matrix_but_their_confusions_are_listed() -> None:
    seen = confusion((3, 4999, 7), (17, 2, 9), (17, 17, 1), (4000, 4000, 50), classes=5000)
    assert seen.matrix is None
    assert grids(seen) == ()
    assert seen.frequent == (Pair(17, 2, 9, 0.9), Pair(3, 4999, 7, 1.0))
    assert (seen.pairs, seen.wrong) == (2, 16)


def test_the_confusions_found_are_those_of_the_matrix() -> None:
    random = np.random.default_rng(0)
    true, answers = random.integers(0, 7, (2, 500)).astype(np.int32)
    seen = confusion_of(true, answers, 7, ())
    matrix = confusion_matrix(true, answers, 7)
    assert matrix is not None
    np.fill_diagonal(matrix := matrix.copy(), 0)
    assert {(pair.true, pair.predicted): pair.samples for pair in seen.frequent} == {
        (true, answered): matrix[true, answered] for true, answered in np.argwhere(matrix).tolist()
    }
    assert [pair.samples for pair in seen.frequent] == sorted(matrix[matrix > 0].tolist(), reverse=True)


def test_confusions_that_do_not_fit_in_the_list_are_counted() -> None:
    many = confusion(*((place, (place + 1) % 40, 40 - place) for place in range(40)), classes=40)
    lines = drawn(many, 60, 8)
    assert "5 → 6" not in "\n".join(lines)
    assert "and 35 more confusions, 630× in all" in lines[-2]


def test_without_wrong_predictions_the_list_says_so() -> None:
    assert "every prediction is right" in "\n".join(drawn(confusion((0, 0, 3), (1, 1, 3), classes=2), 60, 14))


def test_long_names_of_many_classes_are_distinguished_by_their_numbers() -> None:
    names = tuple(f"a_long_common_beginning_{place}" for place in range(300))
    text = "\n".join(drawn(confusion((17, 217, 5), classes=300, names=names), 40, 8))
    assert "17 a_lo" in text
    assert "217 a_l" in text


@pytest.mark.parametrize("classes", [2, 3, 10, 40, 201])
def test_the_matrix_is_as_wide_as_its_grid_says(classes: int) -> None:
    seen = confusion(*((place, place, 1000 + place) for place in range(classes)), classes=classes)
    for grid in grids(seen):
        lines = draw_confusion(seen, (), "epoch 4", grid.framed_width, grid.framed_height)
        assert all(width_of(line) == grid.framed_width for line in lines)
        assert fitting_grid(seen, grid.framed_width, grid.framed_height) == grid
        assert text_of(lines[-2]).count("[") == 1
        assert "…" not in "".join(text_of(line) for line in lines[1:])
