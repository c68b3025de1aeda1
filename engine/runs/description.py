"""What a run was started with, as a JSON file in its folder. What happened since is in the journal."""

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
    """What a run was started with, and by which process. The name of the run is the name of its folder."""

    format: int = FORMAT
    id: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{8}$")]
    """Identifies the run, even when its folder is renamed."""
    job: str
    """The name of the preset or other job."""
    settings: Settings
    arguments: dict[str, str | int | float | bool | None] = {}
    """What the job was built from besides its settings, such as `dataset` and `data`."""
    versions: dict[str, str]
    """See `environment.versions`."""
    device: str | None = None
    """As in `RunStarted`; None: TensorFlow was not started yet."""
    pid: int
    """The process that started the run or resumed it last."""
    host: str
    started: Annotated[datetime, msgspec.Meta(tz=True)]
    """When the run was started, in UTC."""


class _Format(msgspec.Struct):
    format: int


def write_description(path: Path, description: RunDescription) -> None:
    """Write a description, whole or not at all; raises OSError."""
    text = msgspec.json.format(msgspec.json.encode(description), indent=2) + b"\n"
    write_atomically(path, partial(write_private, parts=[text]))


def read_description(path: Path) -> RunDescription:
    """Read a description; raises DataError when it is missing, damaged, or written by another version of fitmon."""
    try:
        text = path.read_bytes()
        found = msgspec.json.decode(text, type=_Format).format
        if found != FORMAT:
            raise DataError(
                f"Expected {path} to have format {FORMAT}, received {found}: written by another version of fitmon."
            )
        _refuse_unknown_settings(msgspec.json.decode(text), path)
        return msgspec.json.decode(text, type=RunDescription)
    except OSError as error:
        raise DataError(f"The run's description {path} cannot be read ({error.strerror or error}).") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"The run's description {path} is damaged ({error}).") from error


def _refuse_unknown_settings(raw: Any, path: Path) -> None:
    """Raise DataError for an unknown setting, which msgspec ignores in a dataclass."""
    settings = raw.get("settings")
    unknown = settings.keys() - {field.name for field in fields(Settings)} if isinstance(settings, dict) else None
    if unknown:
        raise DataError(f"The run's description {path} has unknown settings: {', '.join(sorted(unknown))}.")
