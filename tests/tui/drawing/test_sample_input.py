"""A sample is shown as what it is: an image, a row of a table, or its first numbers."""

import math

import numpy as np
import pytest

from fitmon.engine.samples import ValidationSamples
from fitmon.text.rows import text_of, width_of
from fitmon.tui.drawing.sample_input import (
    FeatureScroll,
    InputRoom,
    can_be_shown,
    draw_input,
    furthest_from_mean,
    shades_of,
)
from tests.tui.sample_observations import samples_of

IRIS = samples_of(
    np.array([[0.55, -1.2], [-0.55, 1.2]], dtype=np.float32),
    original=np.array([[4.7, 1.4], [5.9, 3.2]]),
    feature_names=("petal length (cm)", "petal width (cm)"),
)


def drawn(samples: ValidationSamples | None, number: int = 0, width: int = 55, height: int = 20) -> list[str]:
    return [text_of(line).rstrip() for line in draw_input(samples, number, InputRoom(width, height))]


def test_a_row_of_a_table_gives_every_value_its_name_and_what_the_model_sees() -> None:
    assert drawn(IRIS) == [
        "                   value  model input",
        "petal length (cm)    4.7         0.55",
        "petal width (cm)     1.4         −1.2",
    ]


def test_the_scaled_value_is_dropped_before_a_name_becomes_illegible() -> None:
    assert drawn(IRIS, width=25) == ["petal length (cm)    4.7", "petal width (cm)     1.4"]


def test_unscaled_values_are_shown_alone() -> None:
    plain = samples_of(np.array([[4.7, 1.5e-5]]), feature_names=("a", "b"))
    assert drawn(plain) == ["a     4.7", "b  1.5e-5"]


def test_a_vector_without_names_is_numbered() -> None:
    assert drawn(samples_of(np.array([[0.5, 2.0]], dtype=np.float32))) == ["x[0]    0.5", "x[1]      2"]


def test_an_original_of_another_shape_is_shown_without_the_scaled_values() -> None:
    expanded = samples_of(np.eye(3, dtype=np.float32), original=np.array([[7.0], [8.0], [9.0]]), feature_names=("n",))
    assert drawn(expanded, 1) == ["n      8"]


def test_of_many_features_the_most_unusual_come_first_and_the_others_can_be_scrolled_to() -> None:
    table = np.zeros((11, 6), dtype=np.float32)
    table[1:] = np.random.default_rng(0).standard_normal((10, 6))
    table[0] = [0, 50, 0, -90, 0, 5]
    samples = samples_of(table, feature_names=tuple("abcdef"))
    assert furthest_from_mean(samples, 0)[:2].tolist() in ([1, 3], [3, 1])
    lines = drawn(samples, height=3)
    assert {line.split()[0] for line in lines[:2]} == {"b", "d"}
    assert lines[2] == "1–2 of 6, the least usual first · ← →"
    scroll, seen = FeatureScroll(), []
    for _ in range(4):
        page = [text_of(line) for line in draw_input(samples, 0, InputRoom(60, 3, scroll=scroll))]
        seen.append([line.split()[0] for line in page[:2]])
        scroll.page(1)
    assert sorted(name for names in seen[:3] for name in names) == list("abcdef")
    assert seen[3] == seen[2], "the last page stays"
    for pages in (0, -1):
        scroll.page(pages)
        draw_input(samples, 0, InputRoom(60, 3, scroll=scroll))
    assert text_of(draw_input(samples, 0, InputRoom(60, 3, scroll=scroll))[2]).startswith("3–4 of 6")
    assert text_of(draw_input(samples, 1, InputRoom(60, 3, scroll=scroll))[2]).startswith("1–2 of 6")


def test_thousands_of_features_are_scrolled_without_delay_or_loss() -> None:
    samples = samples_of(np.random.default_rng(0).standard_normal((200, 5_000)).astype(np.float32))
    assert len(set(furthest_from_mean(samples, 7).tolist())) == 5_000
    scroll = FeatureScroll()
    scroll.page(1)
    draw_input(samples, 7, InputRoom(60, 21, scroll=scroll))
    scroll.page(10_000)
    assert text_of(draw_input(samples, 7, InputRoom(60, 21, scroll=scroll))[-1]).startswith("4,981–5,000 of 5,000")


def test_features_that_never_change_are_the_least_unusual() -> None:
    table = np.array([[5.0, 1.0], [5.0, 2.0], [5.0, 4.0]])
    assert furthest_from_mean(samples_of(table), 2).tolist() == [1, 0]


@pytest.mark.parametrize("shape", [(1, 28, 28), (1, 28, 28, 1), (1, 28, 28, 3)])
@pytest.mark.parametrize(("full", "dtype"), [(1, "float32"), (255, "uint8"), (255, "float32")])
def test_an_image_is_drawn_whatever_its_channels_and_its_usual_scale(
    shape: tuple[int, ...], full: float, dtype: str
) -> None:
    pixels = np.zeros(shape).astype(dtype)
    pixels[:, :14] = full
    lines = drawn(samples_of(pixels))
    assert lines[0] == f"{' × '.join(map(str, shape[1:]))} · blank 0, █ {full}"
    assert lines[1:] == ["█" * 28] * 7 + [""] * 7


def test_an_image_on_another_scale_is_stretched_and_says_so() -> None:
    pixels = np.full((1, 8, 8), -2.0)
    pixels[0, :4] = 3.0
    lines = drawn(samples_of(pixels), width=40, height=5)
    assert lines == ["8 × 8 · blank −2, █ 3 · its own range", "████████", "████████", "", ""]


def test_the_description_of_an_image_is_wrapped_not_cut() -> None:
    lines = drawn(samples_of(np.linspace(-2, 3, 256).reshape(1, 16, 16)), width=20, height=6)
    assert lines[:3] == ["16 × 16", "blank −2, █ 3", "its own range"]
    assert len(lines) == 6


def test_the_values_of_an_image_lie_between_blank_and_full() -> None:
    for values in ([0.0, 0.0], [7.0, 7.0], [-1e308, -1e308], [-1.7e308, 1.7e308]):
        brightness = shades_of(np.array([values])).brightness
        assert brightness.min() >= 0
        assert brightness.max() <= 1


def test_nan_pixels_are_blank() -> None:
    pixels = np.ones((1, 8, 8))
    pixels[0, :4] = math.nan
    lines = drawn(samples_of(pixels), height=5)
    assert lines == ["8 × 8 · blank 0, █ 1", "", "", "████████", "████████"]


def test_colours_become_as_bright_as_they_are_seen() -> None:
    pixels = np.zeros((1, 3, 3))
    pixels[0] = np.eye(3)
    assert shades_of(pixels).brightness[0] == pytest.approx([0.299, 0.587, 0.114])


def test_an_original_image_is_drawn_where_the_model_sees_a_vector() -> None:
    samples = samples_of(np.zeros((1, 784)), original=np.zeros((1, 28, 28), dtype=np.uint8))
    assert drawn(samples)[0] == "28 × 28 · blank 0, █ 1"


@pytest.mark.parametrize(
    ("inputs", "about", "first"),
    [
        (np.arange(600, dtype=np.int64).reshape(2, 100, 3), "shape 100 × 3 · int64", "0 1 2 3"),
        (np.arange(20, dtype=np.int32).reshape(2, 10), "shape 10 · int32", "0 1 2 3"),
        (np.ones((2, 4, 4, 4, 4), dtype=np.float32), "shape 4 × 4 × 4 × 4 · float32", "1 1 1"),
        (np.array([2.5, 3.5]), "float64", "2.5"),
    ],
)
def test_other_shapes_are_named_with_their_first_numbers(inputs: np.ndarray, about: str, first: str) -> None:
    lines = drawn(samples_of(inputs), height=3)
    assert lines[0] == about
    assert lines[1].startswith(first)


@pytest.mark.parametrize("samples", [None, samples_of(None), samples_of(np.zeros((0, 3)))])
def test_a_missing_sample_shows_nothing(samples: ValidationSamples | None) -> None:
    assert drawn(samples) == []
    assert not can_be_shown(samples, 0)


def test_an_empty_sample_shows_its_shape() -> None:
    assert drawn(samples_of(np.zeros((1, 0)))) == ["shape 0 · float64", ""]


def test_names_cannot_control_the_terminal() -> None:
    text = "\n".join(drawn(samples_of(np.array([[1.0]]), feature_names=("\x1b[31mred\n\x07",))))
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "red" in text


SHOWN = {
    "table": samples_of(np.full((3, 40), math.nan), original=np.ones((3, 40)), feature_names=("name " * 9,) * 40),
    "image": samples_of(np.random.default_rng(0).random((3, 31, 47, 3))),
    "sequence": samples_of(np.full((3, 500, 2), math.nan)),
    "nothing": None,
}


@pytest.mark.parametrize("samples", SHOWN.values(), ids=SHOWN.keys())
@pytest.mark.parametrize("size", [(1, 1), (5, 0), (12, 3), (26, 8), (46, 20), (200, 60)])
def test_no_size_is_exceeded_and_no_nan_is_shown(samples: ValidationSamples | None, size: tuple[int, int]) -> None:
    rows = draw_input(samples, 2, InputRoom(*size))
    painted = draw_input(samples, 2, InputRoom(*size, paints=True))
    assert len(painted) == len(rows)
    assert len(rows) <= size[1]
    assert all("nan" not in text_of(line) for line in rows)
    if size[0] >= 12:
        assert all(width_of(line) <= size[0] for line in rows)
