"""An image is drawn two pixels a cell, in its proportions, legibly without any colour."""

import numpy as np
import pytest

from fitmon.text.roles import Paint
from fitmon.text.rows import width_of
from fitmon.tui.drawing.half_blocks import draw_half_blocks, fitted_image, paint_half_blocks


def image(*rows: list[float]) -> np.ndarray:
    return np.array(rows, dtype=np.float32)


def test_each_pair_of_pixels_gets_the_glyph_nearest_to_it() -> None:
    upper = [0.0, 0.25, 0.5, 0.75, 1.0, 1.0, 0.0, 0.9]
    lower = [0.0, 0.25, 0.5, 0.75, 1.0, 0.0, 1.0, 0.1]
    assert draw_half_blocks(image(upper, lower), 8, 1) == [" ░▒▓█▀▄▀"]


def test_an_odd_last_row_has_a_blank_below_it() -> None:
    pixels = np.ones((3, 32), dtype=np.float32)
    assert draw_half_blocks(pixels, 32, 4) == ["█" * 32, "▀" * 32]


@pytest.mark.parametrize(("room", "factor"), [((55, 60), 1), ((60, 40), 2), ((60, 27), 1), ((200, 100), 3)])
def test_an_image_of_28_by_28_is_enlarged_by_whole_numbers_as_there_is_room(room: tuple[int, int], factor: int) -> None:
    lines = draw_half_blocks(np.ones((28, 28), dtype=np.float32), *room)
    assert lines == ["█" * 28 * factor] * 14 * factor


def test_gray_levels_are_those_of_the_palette_and_equal_neighbors_share_a_piece() -> None:
    (drawn,) = paint_half_blocks(image([0, 0, 0.5, 1], [0, 0, 0.5, 0]), 4, 1)
    assert drawn == (
        ("  ", Paint(foreground=None, background=(0, 0, 0))),
        (" ", Paint(foreground=None, background=(128, 128, 128))),
        ("▀", Paint(foreground=(255, 255, 255), background=(0, 0, 0))),
    )


def test_colors_stay_colors_and_an_odd_last_row_leaves_the_background_alone() -> None:
    red, blue = [1, 0, 0], [0, 0, 1]
    pixels = np.array([[red], [blue], [red]], dtype=np.float32).repeat(30, axis=1)
    assert paint_half_blocks(pixels, 30, 2) == [
        (("▀" * 30, Paint(foreground=(255, 0, 0), background=(0, 0, 255))),),
        (("▀" * 30, Paint(foreground=(255, 0, 0), background=None)),),
    ]


def test_a_small_image_is_enlarged_by_a_whole_number() -> None:
    assert fitted_image(image([0, 1], [1, 0]), 5, 100).tolist() == [
        [0, 0, 1, 1],
        [0, 0, 1, 1],
        [1, 1, 0, 0],
        [1, 1, 0, 0],
    ]


def test_a_large_image_is_averaged_down_with_its_proportions() -> None:
    halves = np.zeros((100, 200), dtype=np.float32)
    halves[:, 100:] = 1
    small = fitted_image(halves, 20, 1000)
    assert small.shape == (10, 20)
    assert small[:, :10].max() == 0
    assert small[:, 10:].min() == 1


@pytest.mark.parametrize("shape", [(37, 91), (91, 37), (224, 224), (28, 29)])
def test_averaging_nearly_preserves_the_mean(shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).random(shape, dtype=np.float32)
    assert fitted_image(pixels, 20, 20).mean() == pytest.approx(pixels.mean(), abs=0.01)


@pytest.mark.parametrize("shape", [(1, 1), (1, 500), (500, 1), (2, 3), (28, 28), (300, 200)])
@pytest.mark.parametrize("room", [(1, 1), (3, 2), (40, 5), (200, 60)])
def test_the_image_never_exceeds_its_size(shape: tuple[int, int], room: tuple[int, int]) -> None:
    lines = draw_half_blocks(np.ones(shape, dtype=np.float32), *room)
    assert 1 <= len(lines) <= room[1]
    assert 1 <= max(map(len, lines)) <= room[0]
    for levels in (np.ones(shape, dtype=np.float32), np.ones((*shape, 3), dtype=np.float32)):
        rows = paint_half_blocks(levels, *room)
        assert len(rows) == len(lines)
        assert {width_of(line) for line in rows} == {max(map(len, lines))}


def test_without_room_or_pixels_there_is_no_image() -> None:
    assert draw_half_blocks(np.ones((8, 8), dtype=np.float32), 0, 5) == []
    assert draw_half_blocks(np.ones((8, 8), dtype=np.float32), 5, 0) == []
    assert draw_half_blocks(np.ones((0, 8), dtype=np.float32), 5, 5) == []
