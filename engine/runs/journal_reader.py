"""Reads journals: whole, as they grow, or from their end. What is wrong with a line never hides the others."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from io import BufferedReader
from pathlib import Path

from fitmon.engine import events
from fitmon.engine.errors import DataError
from fitmon.engine.runs.journal_line import (
    Asked,
    DamagedLineError,
    Gap,
    JournalEvent,
    Line,
    Opened,
    UnknownLineError,
    decode_line,
)

_BLOCK_BYTES = 65536


class Trouble(StrEnum):
    """What may be wrong with a journal."""

    TORN = "torn"
    """The last line is not finished: normal when a process was killed, or is writing it now."""
    DAMAGED = "damaged"
    """A line is not what was written."""
    MISSING = "missing"
    """Lines are not there."""
    UNKNOWN = "unknown"
    """A line of a newer fitmon tells something that this one does not know."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong with a journal."""

    trouble: Trouble
    line: int
    """One-based, in the file."""
    message: str
    """A sentence, with the line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened."""

    sequence: int
    """One-based; rises by one from entry to entry over all processes of the run."""
    wall: datetime
    """In UTC."""
    monotonic_seconds: float
    """Comparable between two `Opened`."""
    line: int
    """One-based, in the file."""
    content: JournalEvent | Asked | Opened

    @property
    def event(self) -> JournalEvent | None:
        """What the run told; None when the entry is something else."""
        return None if isinstance(self.content, Asked | Opened) else self.content


@dataclass(frozen=True, slots=True)
class Position:
    """How far a journal was read."""

    offset: int = 0
    """Bytes, always at the beginning of a line."""
    line: int = 0
    """Lines before it."""
    sequence: int = 0
    """The number of the last whole entry before it."""
    damaged: int = 0
    """Lines behind that entry whose number nobody knows."""


class JournalReader:
    """Reads a journal that may grow meanwhile."""

    def __init__(self, path: Path, position: Position | None = None) -> None:
        """Open nothing yet; None reads from the beginning."""
        self._path = path
        self.position = position or Position()
        """Where the next `read` begins."""
        self.torn_bytes = 0
        """Length of the unfinished line that the last `read` ended at."""

    def read(self) -> Iterator[Entry | Problem]:
        """Yield what was added since the last time, up to an unfinished line; raises DataError if it cannot be read."""
        self.torn_bytes = 0
        try:
            with self._path.open("rb") as file:
                file.seek(self.position.offset)
                for raw in file:
                    if not raw.endswith(b"\n"):
                        self.torn_bytes = len(raw)
                        return
                    yield from self._take(raw)
        except OSError as error:
            raise DataError(f"The journal {self._path} cannot be read ({error.strerror or error}).") from error

    def _take(self, raw: bytes) -> list[Entry | Problem]:
        before = self.position
        number = before.line + 1
        try:
            line = decode_line(raw)
        except (DamagedLineError, UnknownLineError) as error:
            self.position = Position(before.offset + len(raw), number, before.sequence, before.damaged + 1)
            return [_problem(error, number)]
        if line.sequence <= before.sequence:
            self.position = Position(before.offset + len(raw), number, before.sequence, before.damaged)
            return [Problem(Trouble.DAMAGED, number, f"Line {number} tells entry {line.sequence} a second time.")]
        self.position = Position(before.offset + len(raw), number, line.sequence)
        return _told(line, number, first_wanted=before.sequence + before.damaged + 1)


def read_journal(path: Path) -> Iterator[Entry | Problem]:
    """Yield all of a journal, entries and what is wrong, in the order of its lines.

    Raises DataError when it cannot be read at all.
    """
    reader = JournalReader(path)
    yield from reader.read()
    if reader.torn_bytes:
        number = reader.position.line + 1
        yield Problem(Trouble.TORN, number, f"Line {number}, the last one, breaks off after {reader.torn_bytes} bytes.")


def told_backwards(path: Path, *kinds: type[JournalEvent | Asked | Opened]) -> Iterator[JournalEvent | Asked | Opened]:
    """Yield what a journal tells of some kinds, the last first, reading no more of it than is asked for.

    Whatever cannot be read is left out. Only lines of these kinds are decoded: passing over 100 MB takes about 0.2
    seconds.
    """
    marks = [_mark_of(kind) for kind in kinds]
    with suppress(OSError), path.open("rb") as file:
        for raw in _backwards(file, marks):
            with suppress(DamagedLineError, UnknownLineError):
                content = decode_line(raw).content()
                if isinstance(content, kinds):
                    yield content


def last_ending(path: Path) -> events.RunEnded | events.RunFailed | None:
    """Return how a run ended, from its journal's last lines; None: it did not, or went on, or nobody can tell."""
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
    """Length of the unfinished line behind it."""
    sequence: int
    """The number of the last line, even when it is damaged; 0: there is none."""


def journal_end(path: Path) -> JournalEnd:
    """Return where a journal ends, without reading all of it; raises OSError."""
    with path.open("rb") as file:
        lines = _backwards(file)
        torn_bytes = len(next(lines))
        return JournalEnd(file.seek(0, os.SEEK_END) - torn_bytes, torn_bytes, _last_sequence(lines))


def _told(line: Line, number: int, first_wanted: int) -> list[Entry | Problem]:
    reason = ""
    found: list[Entry | Problem] = []
    try:
        content = line.content()
        if isinstance(content, Gap):
            reason = content.reason
        else:
            found.append(Entry(line.sequence, line.wall, line.monotonic, number, content))
    except UnknownLineError as error:
        found.append(_problem(error, number))
    if line.sequence > first_wanted:
        message = _missing(first_wanted, line.sequence - 1, number, reason)
        found.insert(0, Problem(Trouble.MISSING, number, message))
    return found


def _missing(first: int, last: int, number: int, reason: str) -> str:
    if first == last:
        lost, why = f"entry {first} is missing", "It could not be written"
    else:
        lost, why = f"entries {first} to {last} are missing", "They could not be written"
    return f"Before line {number}, {lost}." + (f" {why}: {reason}." if reason else "")


def _problem(error: Exception, number: int) -> Problem:
    if isinstance(error, DamagedLineError):
        return Problem(Trouble.DAMAGED, number, f"Line {number} is damaged: {error}.")
    return Problem(Trouble.UNKNOWN, number, f"Line {number} tells what this fitmon does not know ({error}).")


def _mark_of(kind: type[JournalEvent | Asked | Opened]) -> bytes:
    """Return what stands in every line of a kind; within a text it would have its quotation marks escaped."""
    tag = kind.__struct_config__.tag
    return (f'"{tag}"' if tag else f'"{kind.__name__.lower()}":').encode()


def _last_ending(file: BufferedReader) -> events.RunEnded | events.RunFailed | None:
    lines = _backwards(file)
    next(lines)
    for raw in lines:
        try:
            content = decode_line(raw).content()
        except (DamagedLineError, UnknownLineError):
            continue
        if isinstance(content, events.RunEnded | events.RunFailed):
            return content
        if isinstance(content, _WENT_ON):
            return None
    return None


_WENT_ON = (Opened, events.RunStarted, events.RunContinued, events.BranchStarted, events.EpochStarted)
"""What tells that a run trains behind an end of it. Refusals and requests may come while it only waits for somebody."""


def _last_sequence(lines: Iterator[bytes]) -> int:
    damaged = 0
    for raw in lines:
        try:
            return decode_line(raw).sequence + damaged
        except (DamagedLineError, UnknownLineError):
            damaged += 1
    return damaged


def _backwards(file: BufferedReader, marks: Sequence[bytes] = (b"",)) -> Iterator[bytes]:
    """Yield what stands behind the last line break, without one, then the lines before it, each with its own.

    Those without any of the marks may be left out.
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
