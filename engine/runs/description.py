"""What a run was started with, as a JSON file in its folder. What became of it is in the journal."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec

from fitmon.engine.errors import DataError
from fitmon.engine.job import Settings
from fitmon.engine.runs.private_files import write_atomically, write_private

FORMAT = 1


class RunDescription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run was started with, and by which process. What the run is called is the name of its folder."""

    format: int = FORMAT
    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}$")]
    """Names the run for good, even when its folder is moved."""
    job: str
    """The name of the preset, or of what else was trained."""
    settings: Settings
    arguments: dict[str, str | int | float | bool | None] = {}
    """What the job was made from besides its settings, such as `dataset` and `data`."""
    versions: dict[str, str]
    """See `environment.versions`."""
    device: str | None = None
    """As in `RunStarted`; None: TensorFlow had not been started yet."""
    pid: int
    """The process that began the run, or went on with it last."""
    host: str
    started: Annotated[datetime, msgspec.Meta(tz=True)]
    """When the run began, in UTC."""


class _Format(msgspec.Struct):
    format: int


def write_description(path: Path, description: RunDescription) -> None:
    """Write a description, whole or not at all; raises OSError."""
    text = msgspec.json.format(msgspec.json.encode(description), indent=2) + b"\n"
    write_atomically(path, partial(write_private, parts=[text]))


def read_description(path: Path) -> RunDescription:
    """Read a description; raises DataError when there is none, it is damaged, or another fitmon wrote it."""
    try:
        text = path.read_bytes()
        found = msgspec.json.decode(text, type=_Format).format
        if found != FORMAT:
            raise DataError(f"Expected {path} to have format {FORMAT}, received {found}: another fitmon wrote it.")
        _refuse_unknown_settings(msgspec.json.decode(text), path)
        return msgspec.json.decode(text, type=RunDescription)
    except OSError as error:
        raise DataError(f"The run's description {path} cannot be read ({error.strerror or error}).") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"The run's description {path} is damaged ({error}).") from error


def _refuse_unknown_settings(raw: Any, path: Path) -> None:
    """Raise DataError for a setting that this fitmon does not have: msgspec lets those of a dataclass pass."""
    settings = raw.get("settings")
    unknown = settings.keys() - {field.name for field in fields(Settings)} if isinstance(settings, dict) else None
    if unknown:
        raise DataError(f"The run's description {path} has unknown settings: {', '.join(sorted(unknown))}.")
