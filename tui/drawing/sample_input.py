"""Draws a validation sample: an image in half blocks, a table row as named values, else its first numbers."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.cells import cell_len

from fitmon.engine.samples import ValidationSamples
from fitmon.text import format as form
from fitmon.text.roles import Role
from fitmon.text.rows import Row, row
from fitmon.tui.drawing.half_blocks import Floats, draw_half_blocks, paint_half_blocks
from fitmon.tui.drawing.sample_facts import one_line

Array = npt.NDArray[Any]

LUMINANCE = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""The luminance of red, green and blue (Recommendation ITU-R BT.601)."""
MIN_SIDE = 8
"""A (rows, columns) array with a shorter side is treated as a sequence of steps, not as an image."""
MIN_BYTE_MAXIMUM = 64
"""Values up to 255 whose maximum is smaller than this are assumed to be on another scale."""
MAX_COMPARED = 1_000
"""The mean and deviation of a feature are estimated from at most this many evenly spaced samples."""
MAX_CELLS = 500_000
"""With thousands of features, from fewer: at most about this many numbers are read."""
MAX_FEATURE = 32
MIN_FEATURE = 14
"""With fewer cells for a name, the column of the model's input is left out."""
MAX_VALUES = 256
"""More values of a long sequence are not shown."""


class FeatureScroll:
    """How far the features of a table row are scrolled; each sample starts at its most unusual ones."""

    def __init__(self) -> None:
        self._number = -1
        self._first = 0
        self._visible = 1

    def page(self, pages: int) -> None:
        """Scroll by a number of pages; back if negative."""
        self._first += pages * self._visible

    def first(self, number: int, features: int, visible: int) -> int:
        """Return the first of `features` to show of the sample at `number`, such that the last page is full."""
        if number != self._number:
            self._number, self._first = number, 0
        self._visible = max(1, visible)
        self._first = max(0, min(self._first, features - self._visible))
        return self._first


@dataclass(frozen=True, slots=True)
class InputRoom:
    """The room for a sample, and how it is drawn in it."""

    width: int
    """In cells."""
    height: int
    """In rows."""
    paints: bool = False
    """Whether a picture may have colors of its own."""
    scroll: FeatureScroll | None = None
    """How far a table row is scrolled; None: not at all."""


@dataclass(frozen=True, slots=True)
class Shades:
    """An image as brightness or colors."""

    levels: Floats
    """(rows, columns), or (rows, columns, 3) in color, float32 in [0, 1]."""
    low: float
    """The value shown as 0."""
    high: float
    """The value shown as 1."""
    own_range: bool
    """Whether these are the minimum and maximum of this image, because it is on no common scale."""

    @property
    def brightness(self) -> Floats:
        """(rows, columns) float32 in [0, 1]; colors as bright as they are seen."""
        return self.levels @ LUMINANCE if self.levels.ndim == 3 else self.levels  # noqa: PLR2004 - with channels


def draw_input(samples: ValidationSamples | None, number: int, room: InputRoom) -> list[Row]:
    """Return the sample at `number` as far as the room goes; empty if it is unavailable."""
    inputs, shown = _sample(samples, number)
    if samples is None or shown is None or room.height < 1:
        return []
    if is_image(shown):
        return draw_image(shown, room.width, room.height, paints=room.paints)
    if is_table_row(shown, samples.feature_names):
        return _draw_table_row(samples, number, room)
    return _draw_numbers(shown if inputs is None else inputs, room.width)[: room.height]


def shows_image(samples: ValidationSamples | None, number: int) -> bool:
    """Return whether the sample at `number` is drawn as an image."""
    shown = _sample(samples, number)[1]
    return shown is not None and is_image(shown)


def can_be_shown(samples: ValidationSamples | None, number: int) -> bool:
    """Return whether the sample at `number` is available: not if the model has several inputs, or nonnumeric ones."""
    return _sample(samples, number)[1] is not None


def _sample(samples: ValidationSamples | None, number: int) -> tuple[Array | None, Array | None]:
    """Return the sample as the model receives it and in its original form; None for what is unavailable."""
    if samples is None:
        return None, None
    given, original = (
        None if array is None or number >= len(array) else array[number] for array in (samples.inputs, samples.original)
    )
    return given, given if original is None else original


def is_image(sample: Array) -> bool:
    """Return whether a sample is drawn as an image: (rows, columns) of sufficient size, or with 1 or 3 channels."""
    if sample.ndim == 2:  # noqa: PLR2004 - rows and columns
        return bool(min(sample.shape) >= MIN_SIDE)
    return bool(sample.ndim == 3 and sample.shape[2] in {1, 3} and sample.size)  # noqa: PLR2004 - and channels


def is_table_row(sample: Array, feature_names: tuple[str, ...]) -> bool:
    """Return whether a sample is a row of features: a vector with names, or of floating-point numbers."""
    return sample.ndim == 1 and len(sample) > 0 and (len(sample) == len(feature_names) or sample.dtype.kind == "f")


def draw_image(image: Array, width: int, height: int, *, paints: bool = False) -> list[Row]:
    """Return an image in half blocks, with its size and the values of its darkest and brightest pixels above it.

    With `paints`, in gray levels or in color; else in shades of the terminal's own color.
    """
    shades = shades_of(image)
    low, high = _three_digits(shades.low), _three_digits(shades.high)
    scale = f"blank {low}, █ {high}"
    if paints:
        scale = f"{low} to {high}" if shades.levels.ndim > 2 else f"black {low}, white {high}"  # noqa: PLR2004
    parts = [" × ".join(str(side) for side in image.shape), scale, *(["its own range"] if shades.own_range else [])]
    whole = " · ".join(parts)
    caption = ([whole] if cell_len(whole) <= width else parts)[:height]
    said = [row((form.clip(line, width), Role.FAINT)) for line in caption]
    if paints:
        return [*said, *paint_half_blocks(shades.levels, width, height - len(caption))]
    return [*said, *(row(line) for line in draw_half_blocks(shades.brightness, width, height - len(caption)))]


def _three_digits(value: float) -> str:
    return form.signs(form.setting(float(f"{value:.3g}")))


def shades_of(image: Array) -> Shades:
    """Return an image on the scale 0 to 1 or 0 to 255 if its values fit, else on its own range.

    Nonfinite values become 0.
    """
    numbers = image.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    own_range = False
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif low >= 0 and MIN_BYTE_MAXIMUM <= high <= 255:  # noqa: PLR2004 - the largest byte
        low, high = 0.0, 255.0
    else:
        own_range = True
    # Halves, because the difference of two numbers may overflow.
    half_range = high / 2 - low / 2
    levels = np.where(np.isfinite(numbers), (numbers / 2 - low / 2) / (half_range or 1), 0).astype(np.float32)
    if image.ndim == 3 and image.shape[2] != len(LUMINANCE):  # noqa: PLR2004 - the last axis holds one channel
        levels = levels[:, :, 0]
    return Shades(levels=levels, low=low, high=high, own_range=own_range)


def _draw_table_row(samples: ValidationSamples, number: int, room: InputRoom) -> list[Row]:
    given, shown = _sample(samples, number)
    if shown is None:
        return []
    # The model's input is not comparable if it has another shape, such as one column per category.
    model_input = given if given is not None and given is not shown and given.shape == shown.shape else None
    rows = room.height - (model_input is not None)
    if len(shown) <= rows:
        return _feature_rows(samples.feature_names, list(range(len(shown))), shown, model_input, room.width)
    features = furthest_from_mean(samples, number)
    first = (room.scroll or FeatureScroll()).first(number, len(shown), rows - 1)
    features = features[first : first + max(0, rows - 1)]
    lines = _feature_rows(samples.feature_names, features.tolist(), shown, model_input, room.width)
    position = f"{form.count(first + 1)}–{form.count(first + len(features))} of {form.count(len(shown))}"
    words = f"{position}, the least usual first · ← →", f"{position} · ← →"
    said = next((text for text in words if cell_len(text) <= room.width), position)
    return [*lines, row((form.clip(said, room.width), Role.FAINT))]


def furthest_from_mean(samples: ValidationSamples, number: int) -> npt.NDArray[np.int64]:
    """Return the features of a row, (features,) int64, by decreasing standard deviations from the mean.

    Mean and deviation are those of at most `MAX_COMPARED` validation samples.
    """
    table = samples.inputs if samples.original is None else samples.original
    if table is None:
        return np.empty(0, dtype=np.int64)
    compared = max(1, min(MAX_COMPARED, MAX_CELLS // table.shape[1]))
    some = table[:: max(1, len(table) // compared)].astype(np.float64)
    with np.errstate(all="ignore"):
        deviation = np.abs(table[number] - some.mean(axis=0)) / some.std(axis=0)
    return np.argsort(-np.nan_to_num(deviation, nan=0.0, posinf=0.0), kind="stable")


def _feature_rows(
    feature_names: tuple[str, ...], features: list[int], shown: Array, model_input: Array | None, width: int
) -> list[Row]:
    """Return a row per feature, below a row that names the columns if there are two."""
    has_names = len(feature_names) == len(shown)
    names = [one_line(feature_names[each]) if has_names else f"x[{each}]" for each in features]
    columns = [_right_aligned("value", shown, features)]
    if model_input is not None:
        columns.append(_right_aligned("model input", model_input, features))
        if _room_for_names(columns, width) < min(MIN_FEATURE, max(map(cell_len, names), default=0)):
            columns.pop()
    room = min(MAX_FEATURE, _room_for_names(columns, width))
    clipped = ["", *(form.clip(name, max(1, room)) for name in names)]
    name_width = max(map(cell_len, clipped))
    lines = [
        row(
            name + " " * (name_width - cell_len(name)) + "  ",
            (cells[0], Role.STRONG if place else Role.FAINT),
            ("".join(f"  {cell}" for cell in cells[1:]), Role.FAINT),
        )
        for place, (name, *cells) in enumerate(zip(clipped, *columns, strict=True))
    ]
    return lines if len(columns) > 1 else lines[1:]


def _room_for_names(columns: list[list[str]], width: int) -> int:
    return width - sum(cell_len(column[0]) + 2 for column in columns)


def _right_aligned(title: str, values: Array, features: list[int]) -> list[str]:
    cells = [title, *(value_words(values[each]) for each in features)]
    width = max(map(cell_len, cells))
    return [cell.rjust(width) for cell in cells]


def value_words(value: Any) -> str:
    """Return one number of a sample; NaN as a dash."""
    number = float(value)
    return form.ABSENT if math.isnan(number) else form.signs(form.setting(number))


def _draw_numbers(sample: Array, width: int) -> list[Row]:
    shape = " × ".join(str(side) for side in sample.shape)
    first = " ".join(value_words(value) for value in sample.reshape(-1)[:MAX_VALUES])
    about = f"shape {shape} · {sample.dtype}" if shape else str(sample.dtype)
    return [row((form.clip(about, width), Role.FAINT)), *(row(line) for line in form.wrap(first, width, indent=""))]
