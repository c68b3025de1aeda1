"""One line of a journal: a JSON object with number, times, what it tells, and a checksum of all that behind it.

    {"sequence":7,"wall":"2026-11-22T09:14:03.512Z","monotonic":81.206,"event":{"event":"epoch_ended",…},"crc32":27182}

A number that JSON does not have stands as `"nan"`, `"inf"` or `"-inf"`. Nothing in a line can be code.
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
    | events.KnobAsked
    | events.KnobApplied
    | events.KnobRefused
    | events.PauseAsked
    | events.RunPaused
    | events.RunResumed
    | events.RunContinued
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
"""The events that a journal may hold; those left out carry whole arrays of samples."""


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A process began to write: monotonic times start anew, and what was under way in the one before is lost."""

    pid: int
    host: str
    torn_bytes: int = 0
    """Length of an unfinished line of the process before, which was taken away."""


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Lines could not be written; the numbers are theirs."""

    first: int
    last: int
    reason: str
    """What the operating system said."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asked the run for something; written before it is done."""

    command: Command
    by: str
    """Who asked, in words; may be empty."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is as it was written. What it tells may still be something that only a newer fitmon knows."""

    sequence: int
    wall: datetime
    """In UTC."""
    monotonic: float
    """Seconds, from a start that holds as long as the machine runs."""
    event: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    asked: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    opened: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    gap: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET

    def content(self) -> JournalEvent | Asked | Opened | Gap:
        """Return what the line tells; raises UnknownLineError when only a newer fitmon knows."""
        for kind, decode in _CONTENTS.items():
            raw = getattr(self, kind)
            if raw is not msgspec.UNSET:
                try:
                    content: JournalEvent | Asked | Opened | Gap = decode(raw)
                except (msgspec.MsgspecError, RecursionError) as error:
                    raise UnknownLineError(str(error)) from error
                return content
        raise UnknownLineError("neither an event nor a command")


_CONTENTS: dict[str, Callable[[msgspec.Raw], Any]] = {
    # Not strict, so that a number may stand as "nan".
    "event": msgspec.json.Decoder(JournalEvent, strict=False).decode,
    "asked": msgspec.json.Decoder(Asked, strict=False).decode,
    "opened": msgspec.json.Decoder(Opened).decode,
    "gap": msgspec.json.Decoder(Gap).decode,
}
_FIELD_OF: dict[type, str] = {Asked: "asked", Opened: "opened", Gap: "gap"}
_lines = msgspec.json.Decoder(Line)


class DamagedLineError(ValueError):
    """A line is not what was written."""


class UnknownLineError(ValueError):
    """A line is whole, and a newer fitmon wrote something that this one does not know."""


def encode_line(
    content: JournalEvent | Asked | Opened | Gap, *, sequence: int, wall: datetime, monotonic: float
) -> bytes:
    """Return a line, ended by a line break."""
    body = {
        "sequence": sequence,
        "wall": wall.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "monotonic": round(monotonic, 3),
        _FIELD_OF.get(type(content), "event"): _as_json(msgspec.to_builtins(content)),
    }
    # All but the closing brace.
    checked = msgspec.json.encode(body)[:-1]
    return checked + _checksum(checked)


def decode_line(raw: bytes) -> Line:
    """Return what `encode_line` made; raises DamagedLineError, or UnknownLineError for what a newer fitmon made."""
    checked, mark, _ = raw.rpartition(b',"crc32":')
    if not mark or raw != checked + _checksum(checked):
        raise DamagedLineError("its checksum does not fit")
    try:
        return _lines.decode(checked + b"}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnknownLineError(str(error)) from error


def _checksum(checked: bytes) -> bytes:
    return b',"crc32":%d}\n' % zlib.crc32(checked)


def _as_json(value: Any) -> Any:
    """Return plain data with what JSON lacks as text: NaN, infinities, and halves of characters as their escapes."""
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
