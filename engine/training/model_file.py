"""A model as a file that plain Keras loads: whether it can be written at all, and how it gets there whole or not."""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fitmon.engine.errors import DiskError, UsageError
from fitmon.engine.runs.private_files import sync_folder

if TYPE_CHECKING:
    import keras

SUFFIX = ".keras"


def checked_path(text: str) -> Path:
    """Return the absolute path of a model file that could be written now, or raise UsageError or DiskError."""
    path = Path(text).expanduser().absolute()
    if path.suffix != SUFFIX or path.name == SUFFIX:
        raise UsageError(f"Expected a file that ends in {SUFFIX}, such as model{SUFFIX}; received {text!r}.")
    if os.path.lexists(path):
        raise UsageError(f"There is a {path} already. Move it away, or choose another name.")
    if not path.parent.is_dir():
        raise UsageError(f"Expected a folder that exists, received {path.parent}. Create it first.")
    try:
        # Rights alone do not tell: the disk may be full or mounted read-only.
        tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        raise DiskError(f"Nothing can be written into {path.parent} ({error.strerror}).") from error
    return path


def write_model(model: keras.Model, path: Path, *, replace: bool) -> None:
    """Write a model with its compile settings, on the disk for good; on an error what was there is untouched.

    Raises:
        UsageError: there is a file and it may not be replaced.
        DiskError: it cannot be written.
        Exception: whatever else Keras raises, as for a layer without `get_config`.
    """
    # Keras wants the suffix; made by Keras, the file gets the rights that the user's umask says.
    partial = path.with_name(f".{path.stem}-{secrets.token_hex(4)}{SUFFIX}")
    try:
        _refuse_existing(path, replace=replace)
        model.save(partial)
        _sync(partial)
        _put_in_place(partial, path, replace=replace)
        sync_folder(path.parent)
    except OSError as error:
        raise DiskError(f"{path} could not be written ({error.strerror or error}).") from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)


def _refuse_existing(path: Path, *, replace: bool) -> None:
    if not replace and os.path.lexists(path):
        raise UsageError(f"There is a {path} already, and it was left as it is.")


def _put_in_place(partial: Path, path: Path, *, replace: bool) -> None:
    if replace:
        partial.replace(path)
        return
    try:
        # Unlike a rename, it never replaces a file that has come meanwhile.
        path.hardlink_to(partial)
    except OSError as error:
        if error.errno not in {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EEXIST}:
            raise
        _refuse_existing(path, replace=False)
        partial.replace(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
