"""Draws an image in characters: two pixels per cell, one above the other, in gray levels without color."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

GLYPHS = np.array([" ", "░", "▒", "▓", "█", "▀", "▄"])
LIT = np.array([[0, 0], [0.25, 0.25], [0.5, 0.5], [0.75, 0.75], [1, 1], [1, 0], [0, 1]], dtype=np.float32)
"""How much of the upper and the lower half of its cell each glyph fills."""

MAX_ENLARGED = 32
"""A small image is enlarged to at most this many columns."""


def draw_half_blocks(brightness: Floats, width: int, height: int) -> list[str]:
    """Return an image as lines of text that are as wide as the image.

    Each cell gets the glyph closest to the brightness of its two pixels (least squares).

    Args:
        brightness: (rows, columns) float32 in [0, 1]; 0 is blank, 1 is a full block.
        width: maximum columns. A larger image is averaged down with its aspect ratio; a much smaller one is enlarged by
            a whole number.
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


def fitted_image(pixels: Floats, max_columns: int, max_rows: int) -> Floats:
    """Return the image averaged down, or enlarged by a whole number, to fit into that many pixels; both at least 1."""
    rows, columns = pixels.shape
    shrinking = max(rows / max_rows, columns / max_columns)
    if shrinking > 1:
        return _averaged(pixels, max(1, int(rows / shrinking)), max(1, int(columns / shrinking)))
    factor = max(1, min(max_rows // rows, max_columns // columns, MAX_ENLARGED // columns))
    return pixels.repeat(factor, axis=0).repeat(factor, axis=1)


def _averaged(pixels: Floats, rows: int, columns: int) -> Floats:
    for axis, parts in enumerate((rows, columns)):
        edges = np.arange(parts) * pixels.shape[axis] // parts
        sizes = np.diff(edges, append=pixels.shape[axis]).astype(np.float32)
        pixels = np.add.reduceat(pixels, edges, axis=axis) / np.expand_dims(sizes, 1 - axis)
    return pixels
