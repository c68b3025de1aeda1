"""A training state as one file: a JSON header, followed by the raw bytes of the arrays, one after another.

The file starts with a fixed prefix: a mark, the version of the format, length and SHA-256 of the header. The header has
the facts and the name, dtype, shape and SHA-256 of every array; where an array starts follows from those before it. All
numbers are little-endian. Reading trusts nothing: it allocates no more memory than the file is long, and nothing in the
file can be code. Neither Keras nor TensorFlow is needed here.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import re
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from io import BufferedReader
from pathlib import Path
from typing import Annotated, Any, cast

import msgspec
import numpy as np
import numpy.typing as npt

from fitmon.engine.checkpoints.random_state import RandomState
from fitmon.engine.checkpoints.retention import StoredCheckpoint, checkpoint_name
from fitmon.engine.checkpoints.state import CheckpointFacts, ReplayTarget, TrainingState
from fitmon.engine.errors import DataError, DiskError
from fitmon.engine.knobs.saved_knobs import SavedKnobs
from fitmon.engine.runs.private_files import write_atomically, write_private

MARK = b"fitmon checkpoint\n"
VERSION = 1
MAX_HEADER_BYTES = 64 * 1024**2
"""About 300,000 arrays; a longer header is rejected before it is read."""
SPARE_BYTES = 4 * 1024**2
"""What a checkpoint leaves free on the disk, so that the journal can still be written."""
REPLAY_NAME = "replay.checkpoint"
PARTIAL_NAME = "checkpoint.partial"
"""The file being written. If a killed process left one behind, the next write removes it."""

_PREFIX = struct.Struct("<18sIQ32s")
_FILE_NAME = re.compile(r"epoch-(\d{1,9})-step-(\d{1,18})\.checkpoint")
_STANDARD_DTYPES = frozenset(
    f"{kind}{bits}" for kind, lengths in {"int": (8, 16, 32, 64), "uint": (8, 16, 32, 64)}.items() for bits in lengths
) | {"bool", "float16", "float32", "float64", "complex64", "complex128"}
_OTHER_DTYPES = frozenset({"bfloat16", "float8_e4m3fn", "float8_e5m2"})
"""Dtypes that numpy only knows once `ml_dtypes` is imported, which TensorFlow does."""


class ArrayHeader(msgspec.Struct, frozen=True):
    """One array, as the header describes it."""

    name: str
    dtype: str
    """Numpy's name, such as `float32` or `bfloat16`."""
    shape: Annotated[tuple[Annotated[int, msgspec.Meta(ge=0)], ...], msgspec.Meta(max_length=32)]
    sha256: str
    """Of the array's bytes, in hexadecimal."""


class CheckpointHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The header of a checkpoint."""

    facts: CheckpointFacts
    replay: ReplayTarget | None = None
    """Only in `replay.checkpoint`: what replaying from this state must lead to."""
    knobs: SavedKnobs
    random: RandomState
    variables: tuple[ArrayHeader, ...]
    others: tuple[ArrayHeader, ...]


def write_checkpoint(folder: Path, state: TrainingState) -> Path:
    """Write a state into a folder and return the file, once it is flushed to the disk.

    The file, with mode 0600, is written whole or not at all; one of the same epoch and step is replaced. Raises
    DiskError when it cannot be written; existing checkpoints are unchanged then.
    """
    return _write(folder, checkpoint_name(state.facts.epochs_done, state.facts.step), state)


def write_replay(folder: Path, before: TrainingState, replay: ReplayTarget) -> Path:
    """Write what a stretch began with and led to, in place of the previous one; like `write_checkpoint`."""
    return _write(folder, REPLAY_NAME, before, replay)


def forget_replay(folder: Path) -> bool:
    """Delete what `write_replay` wrote; return whether that freed space."""
    try:
        (folder / REPLAY_NAME).unlink()
    except OSError:
        return False
    return True


def _write(folder: Path, name: str, state: TrainingState, replay: ReplayTarget | None = None) -> Path:
    path = folder / name
    arrays = [_bytes_of(name, array) for group in (state.variables, state.others) for name, array in group.items()]
    head = _head(state, arrays, replay)
    try:
        _check_free_space(folder, len(head) + sum(len(array) for array in arrays))
        write_atomically(path, partial(write_private, parts=[head, *arrays]), partial=folder / PARTIAL_NAME)
    except OSError as error:
        raise DiskError(
            f"The checkpoint could not be written into {folder} ({error.strerror or error}). "
            "Earlier checkpoints are unchanged."
        ) from error
    return path


def read_checkpoint(path: Path) -> TrainingState:
    """Read a checkpoint; raises DataError when it cannot be read, is damaged, or has another format."""
    return _read(path)[0]


def read_replay(folder: Path) -> tuple[TrainingState, ReplayTarget] | None:
    """Read what `write_replay` wrote into a folder; None when it is missing or cannot be used."""
    try:
        state, replay = _read(folder / REPLAY_NAME)
    except DataError:
        return None
    return None if replay is None else (state, replay)


def _read(path: Path) -> tuple[TrainingState, ReplayTarget | None]:
    with _open(path) as file:
        header = _read_header(file, path)
        variables, others = (_read_arrays(file, path, group) for group in (header.variables, header.others))
        if file.read(1):
            raise DataError(f"The checkpoint {path} is damaged: there is data after its last array.")
    state = TrainingState(
        facts=header.facts, knobs=header.knobs, random=header.random, variables=variables, others=others
    )
    return state, header.replay


def stored_checkpoints(folder: Path) -> list[StoredCheckpoint]:
    """Return the checkpoints in a folder, the newest last, without reading them."""
    found = []
    for path in folder.iterdir():
        name = _FILE_NAME.fullmatch(path.name)
        # Its run may delete it at this moment.
        with suppress(FileNotFoundError):
            if name is not None:
                size = path.stat().st_size
                found.append(StoredCheckpoint(epochs_done=int(name[1]), step=int(name[2]), bytes=size, folder=folder))
    return sorted(found)


def _head(state: TrainingState, arrays: list[memoryview], replay: ReplayTarget | None) -> bytes:
    described = [
        ArrayHeader(name, array.dtype.name, array.shape, hashlib.sha256(raw).hexdigest())
        for (name, array), raw in zip([*state.variables.items(), *state.others.items()], arrays, strict=True)
    ]
    count = len(state.variables)
    header = msgspec.json.encode(
        CheckpointHeader(
            facts=state.facts,
            replay=replay,
            knobs=state.knobs,
            random=state.random,
            variables=tuple(described[:count]),
            others=tuple(described[count:]),
        )
    )
    if len(header) > MAX_HEADER_BYTES:
        raise DiskError(f"The checkpoint could not be written: {count} variables are too many.")
    return _PREFIX.pack(MARK, VERSION, len(header), hashlib.sha256(header).digest()) + header


def _bytes_of(name: str, array: npt.NDArray[Any]) -> memoryview:
    """Return an array's bytes, little-endian, in row-major order."""
    if array.dtype.name not in _STANDARD_DTYPES | _OTHER_DTYPES:
        raise DiskError(f"The checkpoint could not be written: {name!r} has the unsupported dtype {array.dtype}.")
    if array.dtype.name in _STANDARD_DTYPES:
        array = array.astype(array.dtype.newbyteorder("<"), copy=False)
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


def _check_free_space(folder: Path, needed_bytes: int) -> None:
    disk = os.statvfs(folder)
    # File systems without a fixed size report 0 blocks.
    if disk.f_blocks and disk.f_bavail * disk.f_frsize < needed_bytes + SPARE_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextmanager
def _open(path: Path) -> Iterator[BufferedReader]:
    # Opening a pipe of that name would block.
    if not path.is_file():
        raise DataError(f"There is no checkpoint {path}.")
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise DataError(f"The checkpoint {path} cannot be read ({error.strerror or error}).") from error


def _read_header(file: BufferedReader, path: Path) -> CheckpointHeader:
    prefix = file.read(_PREFIX.size)
    if len(prefix) < _PREFIX.size or not prefix.startswith(MARK):
        raise DataError(f"{path} is not a checkpoint of fitmon.")
    _mark, version, length, digest = _PREFIX.unpack(prefix)
    if version != VERSION:
        raise DataError(
            f"Expected {path} to have format {VERSION}, received {version}: written by another version of fitmon."
        )
    header = file.read(length) if length <= MAX_HEADER_BYTES else b""
    if hashlib.sha256(header).digest() != digest:
        raise DataError(f"The checkpoint {path} is damaged: its header differs from what was written.")
    try:
        return msgspec.json.decode(header, type=CheckpointHeader)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise DataError(f"The checkpoint {path} has an invalid header ({error}).") from error


def _read_arrays(file: BufferedReader, path: Path, described: tuple[ArrayHeader, ...]) -> dict[str, npt.NDArray[Any]]:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for header in described:
        if header.name in arrays:
            raise DataError(f"The checkpoint {path} has two arrays named {header.name!r}.")
        arrays[header.name] = _read_array(file, path, header)
    return arrays


def _read_array(file: BufferedReader, path: Path, header: ArrayHeader) -> npt.NDArray[Any]:
    damaged = f"The checkpoint {path} is damaged: its array {header.name!r}"
    dtype = _dtype_named(header.dtype)
    if dtype is None:
        raise DataError(f"{damaged} has the unknown dtype {header.dtype!r}.")
    length = math.prod(header.shape) * dtype.itemsize
    if length > os.fstat(file.fileno()).st_size - file.tell():
        raise DataError(f"{damaged} is cut off.")
    raw = np.empty(length, dtype=np.uint8)
    file.readinto(raw.data)
    if hashlib.sha256(raw.data).hexdigest() != header.sha256:
        raise DataError(f"{damaged} differs from what was written.")
    try:
        return raw.view(dtype).reshape(header.shape).astype(dtype.newbyteorder("="), copy=False)
    except ValueError as error:
        raise DataError(f"{damaged} has an invalid shape.") from error


def _dtype_named(name: str) -> np.dtype[Any] | None:
    if name in _STANDARD_DTYPES:
        return np.dtype(name).newbyteorder("<")
    if name not in _OTHER_DTYPES:
        return None
    import ml_dtypes

    return np.dtype(cast("type", getattr(ml_dtypes, name)))
