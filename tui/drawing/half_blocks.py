"""Draws an image in half blocks, two pixels per cell, one above the other: in colors of its own, or in gray shades."""

from itertools import groupby
from typing import Any

import numpy as np
import numpy.typing as npt

from fitmon.text.roles import Paint
from fitmon.text.rows import Piece, Row

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

GLYPHS = np.array([" ", "░", "▒", "▓", "█", "▀", "▄"])
LIT = np.array([[0, 0], [0.25, 0.25], [0.5, 0.5], [0.75, 0.75], [1, 1], [1, 0], [0, 1]], dtype=np.float32)
"""How much of the upper and the lower half of its cell each glyph fills."""

UPPER_HALF = "▀"
GRAYS = np.array([0, *range(8, 239, 10), 255], dtype=np.uint8)
"""Black, the gray ramp of terminals with 256 colors, and white: pictures look alike on all terminals that have them."""
COLOR_STEP = 8
"""Levels of a color are rounded to multiples of it, so that neighbors more often share their codes."""

SMALL_COLUMNS = 48
"""Up to this many columns, a small image is enlarged by any whole number."""
MAX_FACTOR = 3
"""Larger images are enlarged at most by this factor."""

Pixel = tuple[int, int, int]


def draw_half_blocks(brightness: Floats, width: int, height: int) -> list[str]:
    """Return an image in gray shades, as lines of text that are as wide as the image.

    Each cell gets the glyph closest to the brightness of its two pixels (least squares).

    Args:
        brightness: (rows, columns) float32 in [0, 1]; 0 is blank, 1 is a full block.
        width: maximum columns. A larger image is averaged down with its aspect ratio; a smaller one is enlarged by a
            whole number.
        height: maximum rows.
    """
    if width < 1 or height < 1 or not brightness.size:
        return []
    fitted = fitted_image(brightness, width, 2 * height)
    if len(fitted) % 2:
        fitted = np.vstack([fitted, np.zeros_like(fitted[:1])])
    pairs = np.stack([fitted[0::2], fitted[1::2]], axis=-1)
    distances = np.square(pairs[:, :, np.newaxis, :] - LIT).sum(axis=-1)
    return ["".join(line) for line in GLYPHS[distances.argmin(axis=-1)].tolist()]


def paint_half_blocks(levels: Floats, width: int, height: int) -> list[Row]:
    """Return an image in gray levels or in color, fitted like `draw_half_blocks`.

    Args:
        levels: (rows, columns) or (rows, columns, 3) float32 in [0, 1]; 0 is black.
        width: maximum columns.
        height: maximum rows.
    """
    if width < 1 or height < 1 or not levels.size:
        return []
    pixels = _pixels(fitted_image(levels, width, 2 * height)).tolist()
    return [
        _painted(pixels[top], pixels[top + 1] if top + 1 < len(pixels) else None) for top in range(0, len(pixels), 2)
    ]


def _pixels(levels: Floats) -> Bytes:
    """Return the colors that are drawn: (rows, columns, 3) uint8."""
    values = levels * 255
    if levels.ndim == 2:  # noqa: PLR2004 - no channels
        between = (GRAYS[1:].astype(np.float32) + GRAYS[:-1]) / 2
        return np.repeat(GRAYS[np.searchsorted(between, values)][:, :, np.newaxis], 3, axis=2)
    rounded: Bytes = np.clip(np.round(values / COLOR_STEP) * COLOR_STEP, 0, 255).astype(np.uint8)
    return rounded


def _painted(upper: list[list[int]], lower: list[list[int]] | None) -> Row:
    """Return a row of cells; without a lower row of pixels, their lower half is the terminal's background."""
    pairs = zip(map(_pixel, upper), map(_pixel, lower) if lower else [None] * len(upper), strict=True)
    return tuple(_piece(top, bottom, len(list(run))) for (top, bottom), run in groupby(pairs))


def _pixel(channels: list[int]) -> Pixel:
    red, green, blue = channels
    return red, green, blue


def _piece(top: Pixel, bottom: Pixel | None, cells: int) -> Piece:
    if top == bottom:
        return " " * cells, Paint(foreground=None, background=top)
    return UPPER_HALF * cells, Paint(foreground=top, background=bottom)


def fitted_image(pixels: Floats, max_columns: int, max_rows: int) -> Floats:
    """Return the image averaged down, or enlarged by a whole number, to fit into that many pixels; both at least 1."""
    rows, columns = pixels.shape[:2]
    shrinking = max(rows / max_rows, columns / max_columns)
    if shrinking > 1:
        return _averaged(pixels, max(1, int(rows / shrinking)), max(1, int(columns / shrinking)))
    most = max(MAX_FACTOR, SMALL_COLUMNS // columns)
    factor = max(1, min(max_rows // rows, max_columns // columns, most))
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def _averaged(pixels: npt.NDArray[Any], rows: int, columns: int) -> Floats:
    for axis, parts in enumerate((rows, columns)):
        edges = np.arange(parts) * pixels.shape[axis] // parts
        sizes = np.diff(edges, append=pixels.shape[axis]).astype(np.float32)
        shape = [1] * pixels.ndim
        shape[axis] = parts
        pixels = np.add.reduceat(pixels, edges, axis=axis) / sizes.reshape(shape)
    return pixels
