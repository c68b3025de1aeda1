"""Finds samples that two sets share: first by a quick key of each row, then by a digest of likely rows."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from fitmon.engine.diagnosis.row_blocks import Block, Rows

Keys = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]

KEY_BYTES = 512
"""How many bytes from the middle of each array of a row make its key: images differ there."""
MAX_DIGESTED = 256 * 1024**2
"""Bytes of likely rows, about a second's work; more occur where rows differ only outside their middle."""
MAX_LIKELY_ROWS = 300_000
"""Likewise of narrow rows, each of which costs a digest."""
MAX_SHUFFLED_COLUMNS = 64
MAX_VALUES = 32
"""Different values in a column of a discrete table."""
FACTORS = np.random.default_rng(0).integers(1, 2**63, KEY_BYTES // 8, dtype=np.uint64) * 2 + 1
"""Odd, so that no factor loses bits of a word."""


def shared_samples(training: Rows, validation: Rows) -> int | None:
    """Return how many validation rows are also training rows, equal in every bit.

    None where they cannot be compared, or only slowly.
    """
    layout = _layout(training)
    if layout is None or layout != _layout(validation) or not (training.whole and validation.whole):
        return None
    wanted = np.unique(np.concatenate([_keys(block) for block in validation.blocks()]))
    digests: set[bytes] = set()
    matched = np.zeros(len(wanted), dtype=bool)
    likely = 0
    for block in training.blocks():
        places, found = _find(_keys(block), wanted)
        matched[places[found]] = True
        likely += int(np.count_nonzero(found))
        if likely * training.bytes_each > MAX_DIGESTED or likely > MAX_LIKELY_ROWS:
            return None
        digests.update(_digests(block, found))
    if not digests:
        return 0
    shared_keys = wanted[matched]
    return sum(
        digest in digests
        for block in validation.blocks()
        for digest in _digests(block, _find(_keys(block), shared_keys)[1])
    )


def chance_of_sharing(training: Rows, validation: Rows) -> float | None:
    """Return how many validation rows would be training rows too if their columns were independent of each other.

    In a table of few possible rows, such as three bits, samples agree by chance. Each column is shuffled by itself:
    that keeps the values and breaks the rows. Columns that depend on each other, as one-hot ones do, repeat rows within
    the training set too. None for rows of many numbers, which do not agree by chance.
    """
    arrays = [np.asarray(array) for array in validation.arrays]
    if sum(array[:1].size for array in arrays) > MAX_SHUFFLED_COLUMNS:
        return None
    random = np.random.default_rng(0)
    shuffled = tuple(
        random.permuted(array.reshape(len(array), -1), axis=0).reshape(array.shape).astype(array.dtype)
        for array in arrays
    )
    found = shared_samples(training, Rows(arrays=shuffled, count=validation.count, bytes_each=validation.bytes_each))
    repeated = _share_repeated(training) * validation.count if _is_discrete(arrays) else 0.0
    return None if found is None else max(float(found), repeated)


def _is_discrete(arrays: list[npt.NDArray[Any]]) -> bool:
    """Return whether each column has few different values, such as codes, counts or one-hot columns."""
    columns = (column for array in arrays for column in array.reshape(len(array), -1).T)
    return all(len(np.unique(column)) <= MAX_VALUES for column in columns)


def _share_repeated(rows: Rows) -> float:
    """Return the share of rows that occur more than once: so many would be found again in any other sample."""
    _, counts = np.unique(np.concatenate([_keys(block) for block in rows.blocks()]), return_counts=True)
    return float(counts[counts > 1].sum() / counts.sum())


def _layout(rows: Rows) -> list[tuple[Any, ...]] | None:
    firsts = [np.asarray(array[:1]) for array in rows.arrays]
    return None if any(first.dtype.hasobject for first in firsts) else [(f.dtype, f.shape[1:]) for f in firsts]


def _find(keys: Keys, wanted: Keys) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """Return where each key would be in `wanted`, which is sorted, and whether it is there."""
    places = np.minimum(np.searchsorted(wanted, keys), len(wanted) - 1)
    return places, wanted[places] == keys


def _keys(block: Block) -> Keys:
    keys = np.zeros(len(block[0]), dtype=np.uint64)
    for number, part in enumerate(map(_bytes, block)):
        keys = keys * np.uint64(2 * number + 3) + _key(part)
    return keys


def _key(rows: Bytes) -> Keys:
    """Return a number for each row, the same for the same bytes in its middle."""
    start = max(0, rows.shape[1] - KEY_BYTES) // 2
    middle = rows[:, start : start + KEY_BYTES]
    padded = np.zeros((len(rows), -(-middle.shape[1] // 8) * 8), dtype=np.uint8)
    padded[:, : middle.shape[1]] = middle
    words = padded.view(np.uint64)
    # Numbers such as 0.0 and 1.0 differ only in their upper bits, which a product would lose.
    words = (words ^ (words >> np.uint64(32))) * np.uint64(0x9E3779B97F4A7C15)
    words ^= words >> np.uint64(29)
    key: Keys = (words * FACTORS[: words.shape[1]]).sum(axis=1, dtype=np.uint64)
    return key


def _digests(block: Block, chosen: npt.NDArray[np.bool_]) -> list[bytes]:
    parts = [_bytes(part) for part in block]
    return [
        hashlib.blake2b(b"".join(part[row].tobytes() for part in parts), digest_size=16).digest()
        for row in np.flatnonzero(chosen)
    ]


def _bytes(part: npt.NDArray[Any]) -> Bytes:
    return np.ascontiguousarray(part).reshape(len(part), -1).view(np.uint8)
