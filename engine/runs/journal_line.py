"""One line of a journal: a JSON object with number, times, an entry, and a checksum of everything before it.

    {"sequence":7,"wall":"2026-11-22T09:14:03.512Z","monotonic":81.206,"event":{"event":"epoch_ended",…},"crc32":27182}

A number that JSON lacks is written as `"nan"`, `"inf"` or `"-inf"`. Nothing in a line can be code.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from fitmon.engine import events
from fitmon.engine.commands import Command

JournalEvent = (
    events.PhaseChanged
    | events.RunStarted
    | events.EpochStarted
    | events.ChunkEnded
    | events.EpochEnded
    | events.KnobRequested
    | events.KnobApplied
    | events.KnobRefused
    | events.PauseRequested
    | events.RunPaused
    | events.PauseEnded
    | events.RunResumed
    | events.BranchStarted
    | events.RewindRefused
    | events.CheckpointFailed
    | events.CheckpointsResumed
    | events.RunDetached
    | events.ModelExported
    | events.ExportFailed
    | events.LossBecameNonFinite
    | events.RunEnded
    | events.RunFailed
)
"""The events that a journal may contain; the others carry whole arrays of samples."""


class JournalOpened(msgspec.Struct, frozen=True, kw_only=True):
    """A process opened the journal: monotonic times start again, and what the previous process was doing is lost."""

    pid: int
    host: str
    torn_bytes: int = 0
    """Length of an unfinished line of the previous process, which was removed."""


class EntriesLost(msgspec.Struct, frozen=True, kw_only=True):
    """Entries could not be written."""

    first: int
    last: int
    reason: str
    """The error of the operating system."""


class CommandReceived(msgspec.Struct, frozen=True, kw_only=True):
    """The run received a command; written before it is carried out."""

    command: Command
    by: str
    """The sender, in words; may be empty."""


JournalEntry = JournalEvent | CommandReceived | JournalOpened
"""What a reader of a journal gets."""


class JournalLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is undamaged. It may still contain something that only a newer fitmon can read."""

    sequence: int
    wall: datetime
    """In UTC."""
    monotonic: float
    """Seconds since a moment that is fixed until the machine restarts."""
    event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    command: msgspec.Raw | msgspec.UnsetType = msgspec.field(default=msgspec.UNSET, name="asked")
    opened: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    gap: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    def content(self) -> JournalEntry | EntriesLost:
        """Return what the line contains; raises UnknownLineError when only a newer fitmon can read it."""
        for kind, decode in _CONTENTS.items():
            raw = getattr(self, kind)
            if raw is not msgspec.UNSET:
                try:
                    content: JournalEntry | EntriesLost = decode(raw)
                except (msgspec.MsgspecError, RecursionError) as error:
                    raise UnknownLineError(str(error)) from error
                return content
        raise UnknownLineError("neither an event nor a command")


_CONTENTS: dict[str, Callable[[msgspec.Raw], Any]] = {
    # Not strict, so that "nan" is read as a number.
    "event": msgspec.json.Decoder(JournalEvent, strict=False).decode,
    "command": msgspec.json.Decoder(CommandReceived, strict=False).decode,
    "opened": msgspec.json.Decoder(JournalOpened).decode,
    "gap": msgspec.json.Decoder(EntriesLost).decode,
}
FIELD_OF: dict[type, str] = {CommandReceived: "asked", JournalOpened: "opened", EntriesLost: "gap"}
"""The field of a line that an entry is written in; an event is written in `event`."""
_lines = msgspec.json.Decoder(JournalLine)


class DamagedLineError(ValueError):
    """A line differs from what was written."""


class UnknownLineError(ValueError):
    """A line is undamaged, but contains something that this fitmon does not know."""


def encode_line(content: JournalEntry | EntriesLost, *, sequence: int, wall: datetime, monotonic: float) -> bytes:
    """Return a line, with its line break."""
    body = {
        "sequence": sequence,
        "wall": wall.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "monotonic": round(monotonic, 3),
        FIELD_OF.get(type(content), "event"): _as_json(msgspec.to_builtins(content)),
    }
    # All but the closing brace.
    checked = msgspec.json.encode(body)[:-1]
    return checked + _checksum(checked)


def decode_line(raw: bytes) -> JournalLine:
    """Read what `encode_line` wrote; raises DamagedLineError, or UnknownLineError for a newer fitmon's line."""
    checked, mark, _ = raw.rpartition(b',"crc32":')
    if not mark or raw != checked + _checksum(checked):
        raise DamagedLineError("its checksum does not match")
    try:
        return _lines.decode(checked + b"}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnknownLineError(str(error)) from error


def _checksum(checked: bytes) -> bytes:
    return b',"crc32":%d}\n' % zlib.crc32(checked)


def _as_json(value: Any) -> Any:
    """Return plain data with what JSON lacks as text: NaN, infinities, and lone surrogates as escapes."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case dict():
            return {_as_json(key): _as_json(item) for key, item in value.items()}
        case list() | tuple():
            return [_as_json(item) for item in value]
    return value
