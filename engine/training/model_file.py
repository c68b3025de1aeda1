"""A model as a file that plain Keras can load: checks that it can be written, and writes it whole or not at all."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from fitmon.engine.errors import DiskError, UsageError
from fitmon.engine.runs.private_files import write_atomically

if TYPE_CHECKING:
    import keras

SUFFIX = ".keras"


def checked_path(text: str) -> Path:
    """Return the absolute path of a model file that can be written now, or raise UsageError or DiskError."""
    path = Path(text).expanduser().absolute()
    if path.suffix != SUFFIX or path.name == SUFFIX:
        raise UsageError(f"{text!r} does not end in {SUFFIX}. Choose a name such as model{SUFFIX}.")
    if os.path.lexists(path):
        raise UsageError(f"{path} already exists. Move it, or choose another name.")
    if not path.parent.is_dir():
        raise UsageError(f"The folder {path.parent} does not exist. Create it first.")
    try:
        # Permissions alone do not show that the disk is full or mounted read-only.
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise DiskError(f"Nothing can be written into {path.parent} ({error.strerror}).") from error
    return path


def write_model(model: keras.Model, path: Path, *, replace: bool) -> None:
    """Write a model with its compile settings, whole or not at all; on an error an existing file is unchanged.

    Raises:
        UsageError: the file exists and must not be replaced.
        DiskError: it cannot be written.
        Exception: whatever else Keras raises, such as for a layer without `get_config`.
    """
    # Keras requires the suffix; created by Keras, the file gets the mode that the user's umask sets.
    partial = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{SUFFIX}")
    try:
        write_atomically(path, model.save, partial=partial, replace=replace)
    except FileExistsError as error:
        raise UsageError(f"{path} already exists and was not replaced.") from error
    except OSError as error:
        raise DiskError(f"{path} could not be written ({error.strerror or error}).") from error
