"""Reads journals, from the beginning or from the end. A damaged line never hides the others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from fitmon.engine import events
from fitmon.engine.errors import DataError
from fitmon.engine.runs.journal_line import (
    FIELD_OF,
    DamagedLineError,
    EntriesLost,
    JournalEntry,
    JournalLine,
    JournalOpened,
    UnknownLineError,
    decode_line,
)

_BLOCK_BYTES = 65536


@dataclass(frozen=True, slots=True)
class JournalProblem:
    """Something that is wrong with a journal."""

    message: str
    """A sentence that names the line, counted from 1."""


def read_journal(path: Path) -> Iterator[JournalEntry | JournalProblem]:
    """Yield the entries of a journal, and what is wrong with it, in the order of its lines.

    Raises DataError when it cannot be read at all.
    """
    numbers = _EntryNumbers()
    try:
        with path.open("rb") as file:
            for line, raw in enumerate(file, 1):
                if raw.endswith(b"\n"):
                    yield from _read_line(raw, line, numbers)
                else:
                    yield JournalProblem(f"Line {line}, the last one, is cut off after {len(raw)} bytes.")
    except OSError as error:
        raise DataError(f"The journal {path} cannot be read ({error.strerror or error}).") from error


def read_backwards(path: Path, *kinds: type[JournalEntry]) -> Iterator[JournalEntry]:
    """Yield the entries of some kinds, the last first, and read no more of the journal than the caller takes.

    Anything that cannot be read is skipped. Only lines of these kinds are decoded: skipping 100 MB takes about 0.2
    seconds.
    """
    marks = [_mark_of(kind) for kind in kinds]
    with suppress(OSError), path.open("rb") as file:
        for raw in _backwards(file, marks):
            with suppress(DamagedLineError, UnknownLineError):
                entry = decode_line(raw).content()
                if isinstance(entry, kinds):
                    yield entry


def last_ending(path: Path) -> events.RunEnded | events.RunFailed | None:
    """Return how a run ended; None: it did not, it was resumed since, or its journal cannot be read."""
    try:
        with path.open("rb") as file:
            return _last_ending(file)
    except OSError:
        return None


@dataclass(frozen=True, slots=True)
class JournalEnd:
    """Where a journal ends."""

    whole_bytes: int
    """Length up to the last line break."""
    torn_bytes: int
    """Length of the unfinished line after it."""
    sequence: int
    """The number of the last line, even when that is damaged; 0: there is none."""


def journal_end(path: Path) -> JournalEnd:
    """Return where a journal ends, without reading all of it; raises OSError."""
    with path.open("rb") as file:
        lines = _backwards(file)
        torn_bytes = len(next(lines))
        return JournalEnd(file.seek(0, os.SEEK_END) - torn_bytes, torn_bytes, _last_sequence(lines))


@dataclass(slots=True)
class _EntryNumbers:
    """The numbers of the entries read so far, to notice missing and repeated ones."""

    last: int = 0
    damaged: int = 0
    """Lines after the last entry whose number is unknown."""

    def next_expected(self) -> int:
        return self.last + self.damaged + 1


def _read_line(raw: bytes, number: int, numbers: _EntryNumbers) -> Iterator[JournalEntry | JournalProblem]:
    try:
        line = decode_line(raw)
    except (DamagedLineError, UnknownLineError) as error:
        numbers.damaged += 1
        yield _problem(error, number)
        return
    if line.sequence <= numbers.last:
        yield JournalProblem(f"Line {number} repeats entry {line.sequence}.")
        return
    yield from _read_content(line, number, numbers.next_expected())
    numbers.last, numbers.damaged = line.sequence, 0


def _read_content(line: JournalLine, number: int, expected: int) -> Iterator[JournalEntry | JournalProblem]:
    entry: JournalEntry | JournalProblem | EntriesLost
    try:
        entry = line.content()
    except UnknownLineError as error:
        entry = _problem(error, number)
    if line.sequence > expected:
        reason = entry.reason if isinstance(entry, EntriesLost) else ""
        yield JournalProblem(_missing(expected, line.sequence - 1, number, reason))
    if not isinstance(entry, EntriesLost):
        yield entry


def _missing(first: int, last: int, number: int, reason: str) -> str:
    if first == last:
        lost, why = f"entry {first} is missing", "It could not be written"
    else:
        lost, why = f"entries {first} to {last} are missing", "They could not be written"
    return f"Before line {number}, {lost}." + (f" {why}: {reason}." if reason else "")


def _problem(error: Exception, number: int) -> JournalProblem:
    if isinstance(error, DamagedLineError):
        return JournalProblem(f"Line {number} is damaged: {error}.")
    return JournalProblem(f"Line {number} was written by another version of fitmon and cannot be read ({error}).")


def _mark_of(kind: type[JournalEntry]) -> bytes:
    """Return bytes that are in every line of a kind; inside a text they would have their quotation marks escaped."""
    tag = kind.__struct_config__.tag
    return (f'"{FIELD_OF[kind]}":' if kind in FIELD_OF else f'"{tag}"').encode()


def _last_ending(file: BufferedReader) -> events.RunEnded | events.RunFailed | None:
    lines = _backwards(file)
    next(lines)
    for raw in lines:
        try:
            entry = decode_line(raw).content()
        except (DamagedLineError, UnknownLineError):
            continue
        if isinstance(entry, events.RunEnded | events.RunFailed):
            return entry
        if isinstance(entry, _RESUMED):
            return None
    return None


_RESUMED = (JournalOpened, events.RunStarted, events.RunResumed, events.BranchStarted, events.EpochStarted)
"""Entries that show that a run trains again after an end. Others may follow while an ended run waits for the user."""


def _last_sequence(lines: Iterator[bytes]) -> int:
    damaged = 0
    for raw in lines:
        try:
            return decode_line(raw).sequence + damaged
        except (DamagedLineError, UnknownLineError):
            damaged += 1
    return damaged


def _backwards(file: BufferedReader, marks: Sequence[bytes] = (b"",)) -> Iterator[bytes]:
    """Yield what follows the last line break, then the lines before it, each with its line break, the last first.

    Lines without any of the marks may be left out.
    """
    position = file.seek(0, os.SEEK_END)
    rest, ending = b"", b""
    while position:
        begin = max(0, position - _BLOCK_BYTES)
        file.seek(begin)
        block = file.read(position - begin) + rest
        rest, *lines = block.split(b"\n") if any(mark in block for mark in marks) else block.split(b"\n", 1)
        position = begin
        for line in reversed(lines):
            if any(mark in line for mark in marks):
                yield line + ending
            ending = b"\n"
    yield rest + ending
